"""The programs that move data, each as it is best called for one folder onto one server."""

import csv
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

BIN = Path(sys.executable).parent
REGION = "us-east-1"


@dataclass(frozen=True)
class Run:
    """One folder to one bucket of its own."""

    source: Path
    bucket: str
    endpoint: str
    # A fresh folder for what a client wants to write beside.
    scratch: Path


def environment(run: Run) -> dict[str, str]:
    """Nothing of the person's own configuration, no metadata service."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(run.scratch),
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench-secret",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL_S3": run.endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Adt:
    def __init__(self, program: Path, name: str = "adt"):
        self.program, self.name = program, name

    def prepare(self, run: Run):
        jobs = run.scratch / "jobs.csv"
        row = {
            "s3-bucket": run.bucket,
            "platform": "confocal",
            "subject-id": "000000",
            "acq-datetime": "2026-01-01 00:00:00",
            "modality0": "confocal",
            "modality0.source": str(run.source),
        }
        write_csv(jobs, row)
        return [self.program, "run", jobs, "--quiet", "--ledger", run.scratch / "ledger.sqlite"], environment(run)


class S5cmd:
    name = "s5cmd"

    def prepare(self, run: Run):
        # The package's own start script is Python; the program itself lies beside it.
        files = distribution("s5cmd").files or []
        program = next(Path(file.locate()) for file in files if file.parts[:2] == ("s5cmd", "bin"))
        command = [program, "--log", "error", "--endpoint-url", run.endpoint, "cp", f"{run.source}/"]
        return [*command, f"s3://{run.bucket}/data/"], environment(run)


class Rclone:
    def __init__(self, name: str, *options: str):
        self.name, self.options = name, options

    def prepare(self, run: Run):
        where = ["--config", "", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", run.endpoint]
        command = [BIN / "rclone", "copy", run.source, f":s3:{run.bucket}/data", *where, "--s3-region", REGION]
        return [*command, "--quiet", *self.options], environment(run)


class Aws:
    """AWS CLI 1, the one on PyPI; its transfer client is the classic one."""

    name = "aws s3 sync, classic"

    def prepare(self, run: Run):
        config = run.scratch / "aws-config"
        config.write_text(f"[default]\nregion = {REGION}\ns3 =\n  addressing_style = path\n")
        command = [sys.executable, BIN / "aws", "--endpoint-url", run.endpoint, "s3", "sync", "--only-show-errors"]
        return [*command, run.source, f"s3://{run.bucket}/data"], environment(run) | {"AWS_CONFIG_FILE": str(config)}


class Crt:
    """What `aws s3 sync` of CLI 2 does with its CRT client; see `crt_peer.py`."""

    name = "s3transfer, CRT"

    def prepare(self, run: Run):
        script = Path(__file__).with_name("crt_peer.py")
        command = [sys.executable, "-B", script, run.source, run.bucket, "data", run.endpoint]
        return command, environment(run)


RCLONE_TUNED = (
    "--transfers=32",
    "--checkers=32",
    "--no-traverse",
    "--s3-no-check-bucket",
    "--s3-no-head",
    "--s3-upload-concurrency=8",
    "--s3-chunk-size=16M",
)


def peers() -> list:
    return [
        S5cmd(),
        Rclone("rclone, tuned", *RCLONE_TUNED),
        Rclone("rclone, tuned, no MD5 of files", *RCLONE_TUNED, "--s3-disable-checksum"),
        Aws(),
        Crt(),
    ]


def write_csv(path: Path, row: dict[str, str]) -> None:
    """A job list of one row."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, row)
        writer.writeheader()
        writer.writerow(row)

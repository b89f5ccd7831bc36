"""Zipping a folder: ours, which deflates on every core, against Python's zipfile."""

import sys
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory

from clients import write_csv
from machine import load
from measure import Cost, Costs, Failed, run

HERE = Path(__file__).parent


def bench(target: Path, place: Path, runs: int) -> str:
    """Gives Markdown."""
    before = load()
    with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder:
        folder = Path(folder)
        source = folder / "source"
        run([sys.executable, "-B", HERE / "recording.py", source], {}, folder / "words.log")
        size = sum(path.stat().st_size for path in source.iterdir())
        programs = {"adt": lambda out: adt(target, source, out), "Python's zipfile": lambda out: peer(source, out)}
        costs: dict[str, list[Cost]] = {name: [] for name in programs}
        sizes: dict[str, int] = {}
        for number in range(runs + 1):
            for name, program in programs.items():
                with TemporaryDirectory(prefix="run-", dir=folder) as out:
                    cost = program(Path(out))
                    # The first round is not counted, so there is time to look whether the archive is whole.
                    sizes[name] = archive(Path(out), source if number == 0 else None)
                print(f"zip {number} {name}: {cost}", file=sys.stderr, flush=True)
                if number > 0:
                    costs[name].append(cost)
    done = {name: Costs(tuple(its)) for name, its in costs.items()}
    return table(done, sizes, size, f"load average {before} before, {load()} after")


def adt(target: Path, source: Path, out: Path) -> Cost:
    row = {
        "s3-bucket": f"file://{out}/place",
        "platform": "confocal",
        "subject-id": "000000",
        "acq-datetime": "2026-01-01 00:00:00",
        "modality0": "confocal",
        "modality0.source": str(source),
        "modality0.compress_raw_data": "true",
    }
    (out / "place").mkdir()
    write_csv(out / "jobs.csv", row)
    command = [target / "release" / "adt", "run", out / "jobs.csv", "--quiet", "--ledger", out / "ledger.sqlite"]
    return run(command, {"PATH": "/usr/bin:/bin", "HOME": str(out)}, out / "words.log")


def peer(source: Path, out: Path) -> Cost:
    command = [sys.executable, "-B", HERE / "zipfile_peer.py", source, out / "peer.zip"]
    return run(command, {"PATH": "/usr/bin:/bin"}, out / "words.log")


def archive(folder: Path, source: Path | None) -> int:
    """The size of the one archive below a folder; with `source`, every member is read and counted."""
    found = list(folder.rglob("*.zip"))
    if len(found) != 1:
        raise Failed(f"{len(found)} archives were made, not one")
    if source is not None:
        with zipfile.ZipFile(found[0]) as opened:
            names = [name for name in opened.namelist() if not name.endswith("/")]
            bad, expected = opened.testzip(), sum(1 for path in source.rglob("*") if path.is_file())
        if bad is not None or len(names) != expected:
            raise Failed(f"{found[0].name} has {len(names)} files of {expected}, the first bad one is {bad}")
    return found[0].stat().st_size


def table(costs: dict[str, Costs], sizes: dict[str, int], size: int, circumstances: str) -> str:
    ours, its = costs["adt"], costs["Python's zipfile"]
    rows = ["### Zipping 1 GiB of traces, images and tables, level 6", "", circumstances, ""]
    rows += [
        "| program | wall s | from–to | CPU s | peak MB | archive ÷ data | MB/s | MB per CPU s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, cost in costs.items():
        small, speed = sizes[name] / size, f"{size / 1e6 / cost.wall:.0f} | {size / 1e6 / cost.cpu:.0f}"
        rows.append(
            f"| {name} | {cost.wall:.2f} | {cost.span} | {cost.cpu:.2f} | {cost.peak:.0f} | {small:.4f} | {speed} |"
        )
    wall, cpu, bytes_ = ours.wall / its.wall, ours.cpu / its.cpu, sizes["adt"] / sizes["Python's zipfile"]
    rows += ["", f"Ours ÷ Python's zipfile: wall {wall:.2f}, CPU {cpu:.2f}, size {bytes_:.4f}.", ""]
    return "\n".join(rows)

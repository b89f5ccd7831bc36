"""`adt copy` and `adt sync` against the peers, on a server that keeps what it is given: up, down, nothing to do, and within the server.

The server is `rclone serve s3` over a folder in memory. Its own work shares the machine with the clients, so wall times are closer together
than the clients' own costs; CPU seconds are the client's alone.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import data
from clients import BIN, RCLONE_TUNED, S5cmd, Run, environment
from machine import load
from measure import Cost, Costs, Failed, run
from moving import earlier, ratios

KEYS = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench-secret"}
MANY = int(100_000 * float(os.environ.get("BENCH_SCALE", "1")))


@contextmanager
def keeping(folder: Path):
    """Gives the endpoint of a server that keeps its objects in `folder/objects`; it ends with the block."""
    (folder / "objects" / "bench").mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    key = ",".join(KEYS.values())
    command = [BIN / "rclone", "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", key]
    command += ["--config", "", "--vfs-cache-mode", "off", folder / "objects"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


class Adt:
    def __init__(self, program: Path, name: str = "adt"):
        self.program, self.name = program, name

    def command(self, source: str, target: str, asked: Run) -> list:
        return [self.program, "sync", source, target, "--quiet", "--ledger", asked.scratch / "ledger.sqlite"]


class FreshAdt(Adt):
    """A machine that has never seen the destination."""

    def __init__(self, program: Path):
        super().__init__(program, "adt, fresh ledger")

    def command(self, source: str, target: str, asked: Run) -> list:
        fresh = asked.scratch / f"ledger-{time.monotonic_ns()}.sqlite"
        return [self.program, "sync", source, target, "--quiet", "--ledger", fresh]


class S5:
    name = "s5cmd"

    def command(self, source: str, target: str, asked: Run) -> list:
        program = S5cmd().prepare(asked)[0][0]
        verb = "sync" if asked.bucket == "nothing" else "cp"
        every = f"{source}/*" if source.startswith("s3://") else f"{source}/"
        return [program, "--log", "error", "--endpoint-url", asked.endpoint, verb, every, f"{target}/"]


class Rclone:
    def __init__(self, name: str, *options: str):
        self.name, self.options = name, options

    def command(self, source: str, target: str, asked: Run) -> list:
        where = ["--config", "", "--s3-provider", "Other", "--s3-env-auth", "--s3-endpoint", asked.endpoint]
        named = [place.replace("s3://", ":s3:") for place in (source, target)]
        # Without a look at the destination nothing is found to be there already.
        options = [word for word in self.options if asked.bucket != "nothing" or word not in ("--no-traverse", "--s3-no-head")]
        return [BIN / "rclone", "copy", *named, *where, "--s3-region", "us-east-1", "--quiet", *options]


class Aws:
    name = "aws s3 sync, classic"

    def command(self, source: str, target: str, asked: Run) -> list:
        command = [sys.executable, BIN / "aws", "--endpoint-url", asked.endpoint, "s3", "sync", "--only-show-errors"]
        return [*command, source, target]


def clients(program: Path) -> list:
    return [Adt(program), *earlier(Adt), S5(), Rclone("rclone"), Rclone("rclone, tuned", *RCLONE_TUNED), Aws()]


def bench(target: Path, place: Path, lines: list[str], runs: int) -> Iterator[str]:
    """Gives Markdown, a line's table as soon as it is measured."""
    program = target / "release" / "adt"
    summary = []
    for line in lines:
        for deed in ("upload", "download", "within the server"):
            title = f"{deed}, {data.TITLES[line]}"
            before = load()
            costs, failures = deeds(program, place, line, deed, runs)
            yield table(title, costs, failures, f"load average {before} before, {load()} after")
            summary.append(ratios(title, costs))
    before = load()
    costs, failures = nothing_to_do(program, place, runs)
    title = f"nothing to do, {MANY:,} × 100 B"
    yield table(title, costs, failures, f"load average {before} before, {load()} after")
    summary.append(ratios(title, costs))
    head = "| | wall, ours ÷ best peer | CPU, ours ÷ best peer | our peak MB |\n|---|---|---|---|"
    yield "\n".join(["### Ours against the best peer of each line", "", head, *summary, ""])


def deeds(program: Path, place: Path, line: str, deed: str, runs: int):
    """Clients take turns, so that all meet the same noise; round 0 warms the caches up and is not counted."""
    done: dict[str, list[Cost]] = {}
    failures: dict[str, str] = {}
    with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder, keeping(Path(folder)) as endpoint:
        folder, files, size = Path(folder), *data.total(line)
        source = folder / "source"
        data.make(line, source)
        shutil.copytree(source, folder / "objects" / "bench" / "given")
        for number in range(runs + 1):
            for client in clients(program):
                if client.name in failures:
                    continue
                scratch = Path(folder) / "scratch"
                scratch.mkdir()
                asked = Run(source, "bench", endpoint, scratch)
                # A prefix of its own for each run: the server remembers names that were removed behind its back.
                made = f"made-{time.monotonic_ns()}"
                there = folder / "objects" / "bench" / made
                places = {
                    "upload": (str(source), f"s3://bench/{made}", there),
                    "download": ("s3://bench/given", str(folder / "back"), folder / "back"),
                    "within the server": ("s3://bench/given", f"s3://bench/{made}", there),
                }
                begin, end, holds = places[deed]
                try:
                    cost = run(client.command(begin, end, asked), environment(asked) | KEYS, scratch / "words.log")
                    arrived(holds, files, size)
                    print(f"{deed} {line} {number} {client.name}: {cost}", file=sys.stderr, flush=True)
                    if number > 0:
                        done.setdefault(client.name, []).append(cost)
                except Failed as failed:
                    failures[client.name] = str(failed)
                shutil.rmtree(holds, ignore_errors=True)
                shutil.rmtree(scratch)
    return settled(done, failures)


def nothing_to_do(program: Path, place: Path, runs: int):
    """Every client finds what it has sent itself, under a prefix of its own; a run that writes anything has failed."""
    done: dict[str, list[Cost]] = {}
    failures: dict[str, str] = {}
    with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder, keeping(Path(folder)) as endpoint:
        folder = Path(folder)
        source = folder / "source"
        for number in range(MANY):
            part = source / f"part-{number // data.PER_FOLDER:03}"
            part.mkdir(parents=True, exist_ok=True)
            (part / f"file-{number:06}.dat").write_bytes(f"{number:0100}".encode())
        for client in [Adt(program), FreshAdt(program), *clients(program)[1:]]:
            scratch = folder / "scratch"
            scratch.mkdir()
            first, asked = Run(source, "bench", endpoint, scratch), Run(source, "nothing", endpoint, scratch)
            try:
                made = f"made-{time.monotonic_ns()}"
                there, target = folder / "objects" / "bench" / made, f"s3://bench/{made}"
                run(client.command(str(source), target, first), environment(first) | KEYS, scratch / "words.log")
                arrived(there, MANY, MANY * 100)
                written = newest(there)
                for number in range(runs):
                    cost = run(client.command(str(source), target, asked), environment(asked) | KEYS, scratch / "words.log")
                    if newest(there) != written:
                        raise Failed("it wrote objects that were there already")
                    print(f"nothing {number} {client.name}: {cost}", file=sys.stderr, flush=True)
                    done.setdefault(client.name, []).append(cost)
            except Failed as failed:
                failures[client.name] = str(failed)
            shutil.rmtree(scratch)
    return settled(done, failures)


def settled(done: dict[str, list[Cost]], failures: dict[str, str]):
    if "adt" in failures:
        raise Failed(f"adt: {failures['adt']}")
    return {name: Costs(tuple(costs)) for name, costs in done.items() if name not in failures}, failures


def newest(folder: Path) -> int:
    """When a file of the folder was last changed in any way."""
    return max((Path(root) / name).stat().st_ctime_ns for root, _, names in os.walk(folder) for name in names)


def arrived(folder: Path, files: int, size: int) -> None:
    """What should be there is there."""
    found = [Path(root) / name for root, _, names in os.walk(folder) for name in names]
    total = sum(path.stat().st_size for path in found)
    if (len(found), total) != (files, size):
        raise Failed(f"{len(found)} objects of {total} bytes arrived, not {files} of {size}")


def table(title: str, costs: dict[str, Costs], failures: dict[str, str], circumstances: str) -> str:
    ours = costs["adt"]
    rows = [f"### {title[0].upper()}{title[1:]}", "", circumstances, ""]
    rows += ["| client | wall s | from–to | CPU s | peak MB | wall, ours ÷ its | CPU, ours ÷ its |", "|---|---|---|---|---|---|---|"]
    for name, its in costs.items():
        ratio = f"{ours.wall / its.wall:.2f} | {ours.cpu / its.cpu:.2f}" if its is not ours else " | "
        rows.append(f"| {name} | {its.wall:.2f} | {its.span} | {its.cpu:.2f} | {its.peak:.0f} | {ratio} |")
    rows += [f"| {name} | failed: {' '.join(why.split())[:200]} | | | | | |" for name, why in failures.items()]
    return "\n".join([*rows, ""])

"""Converting a stack into a pyramid: ours against tensorstore, the Python original, and the least that must be done."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from ephys import BAR_HEAD, held_against
from machine import load
from measure import Cost, Costs, Failed, run

HERE = Path(__file__).parent

PLANES, DEEP = 512, 5120
SIZE = 2 * PLANES * 1024 * 1024
LEVELS, CHUNK, THREADS = 4, 128, 2
CHUNKS = 256 + 32 + 4 + 1
# The stack, and two pyramids of it.
ROOM = 3 * SIZE

OURS, THEIRS, LEAST, ORIGINAL = "adt", "tensorstore", "reading and c-blosc of level 0", "the Python original"
PACKAGE = "aind-data-transfer==0.35.3"


def bench(target: Path, place: Path, disk: Path, runs: int) -> Iterator[str]:
    """Gives Markdown, each table as soon as it is measured. `disk` holds what is too large for `place`."""
    with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder:
        folder = Path(folder)
        stack = made(folder, PLANES)
        before = load()
        costs = rounds(target, folder, stack, runs)
        original = once(target, folder, stack)
        yield table(costs, original, f"load average {before} before, {load()} after")
    with TemporaryDirectory(prefix="adt-bench-", dir=disk) as folder:
        yield memory(target, Path(folder), costs[OURS].peak)


def made(folder: Path, planes: int) -> Path:
    stack = folder / "stack.tif"
    run([sys.executable, "-B", HERE / "microscope.py", stack, str(planes)], {}, folder / "words.log")
    return stack


def rounds(target: Path, folder: Path, stack: Path, runs: int) -> dict[str, Costs]:
    """Programs take turns so that all meet the same noise. The first round warms up and is not counted."""
    programs = {
        OURS: lambda out: ours(target, stack, out),
        THEIRS: lambda out: peer("tensorstore_peer.py", out, stack, out / "out", LEVELS, CHUNK, THREADS),
        LEAST: lambda out: peer("blosc_limit.py", out, stack, CHUNK, THREADS),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for number in range(runs + 1):
        for name, program in programs.items():
            with TemporaryDirectory(prefix="run-", dir=folder) as out:
                cost = program(Path(out))
                if name != LEAST:
                    complete(Path(out) / "out")
            print(f"imaging {number} {name}: {cost}", file=sys.stderr, flush=True)
            if number > 0:
                costs[name].append(cost)
    return {name: Costs(tuple(its)) for name, its in costs.items()}


def once(target: Path, folder: Path, stack: Path) -> Cost:
    """The original takes minutes: one run is enough. Its dependencies need a Python of their own."""
    venv = target / "bench" / "original"
    python = venv / "bin" / "python"
    if not python.exists():
        uv = ["uv", "pip", "install", "--quiet", "--python", python]
        subprocess.run(["uv", "venv", "--quiet", "--python", "3.11", venv], check=True)
        subprocess.run([*uv, "--requirements", HERE / "original.txt"], check=True)
        subprocess.run([*uv, "--no-deps", PACKAGE], check=True)
    with TemporaryDirectory(prefix="run-", dir=folder) as out:
        out = Path(out)
        command = [python, "-B", HERE / "original_peer.py", stack, out / "out", str(LEVELS), str(CHUNK)]
        cost = run(command, {"PATH": "/usr/bin:/bin", "HOME": str(out)}, out / "words.log")
        complete(out / "out")
    print(f"imaging {ORIGINAL}: {cost}", file=sys.stderr, flush=True)
    return cost


def ours(target: Path, stack: Path, out: Path) -> Cost:
    command = [target / "release" / "adt", "imaging", "zarr", stack, out / "out", "--cpus", THREADS]
    command += ["--n-levels", LEVELS, "--chunk-shape", f"{CHUNK},{CHUNK},{CHUNK}"]
    return run(command, {"PATH": "/usr/bin:/bin", "HOME": str(out)}, out / "words.log")


def peer(script: str, out: Path, *words: object) -> Cost:
    return run([sys.executable, "-B", HERE / script, *words], {"PATH": "/usr/bin:/bin", "HOME": str(out)}, out / "words.log")


def complete(folder: Path) -> None:
    """A program that left out chunks has failed."""
    chunks = sum(1 for path in folder.rglob("*") if path.is_file() and path.name.isdigit())
    if chunks != CHUNKS:
        raise Failed(f"{chunks} chunks of {CHUNKS}")


def table(costs: dict[str, Costs], original: Cost, circumstances: str) -> str:
    head = f"### A stack of {SIZE / 1e9:.2f} GB, {LEVELS} levels, chunks of {CHUNK}³, Blosc zstd 1, two cores"
    rows = [head, "", circumstances, "", "| program | wall s | from–to | CPU s | peak MB |", "|---|---|---|---|---|"]
    for name, cost in costs.items():
        rows.append(f"| {name} | {cost.wall:.2f} | {cost.span} | {cost.cpu:.2f} | {cost.peak:.0f} |")
    rows.append(f"| {ORIGINAL}, one run | {original.wall:.2f} | | {original.cpu:.2f} | {original.peak:.0f} |")
    own = costs[OURS]
    rows += ["", *BAR_HEAD]
    rows.append(held_against(f"CPU, {OURS} ÷ {ORIGINAL}", own.cpu / original.cpu, 0.08))
    rows.append(held_against(f"wall, {OURS} ÷ {THEIRS}", own.wall / costs[THEIRS].wall, 0.85))
    rows.append(held_against(f"CPU, {OURS} ÷ {THEIRS}", own.cpu / costs[THEIRS].cpu, 0.85))
    rows.append(held_against(f"CPU, {OURS} ÷ {LEAST}", own.cpu / costs[LEAST].cpu, 1.35))
    return "\n".join([*rows, ""])


def memory(target: Path, folder: Path, short: float) -> str:
    """The peak of the same program with a stack ten times as deep."""
    stack = made(folder, DEEP)
    with TemporaryDirectory(prefix="run-", dir=folder) as out:
        cost = ours(target, stack, Path(out))
    print(f"imaging {DEEP} planes: {cost}", file=sys.stderr, flush=True)
    rows = [f"### Memory of {OURS}", "", *BAR_HEAD]
    rows += [held_against(f"peak MB, {PLANES} planes", short, 600), held_against(f"peak MB, {DEEP} planes", cost.peak, 600)]
    rows.append(held_against(f"{DEEP} ÷ {PLANES} planes", cost.peak / short, 1.1))
    speed = SIZE * DEEP / PLANES / 1e6 / cost.wall
    rows += ["", f"{DEEP} planes took {cost.wall:.1f} s of wall and {cost.cpu:.1f} s of CPU time, {speed:.0f} MB/s.", ""]
    return "\n".join(rows)

"""Work that processes share: one worker on one core, against two workers on a core each."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import imaging
from ephys import BAR_HEAD, held_against
from machine import load
from measure import PATIENCE, Failed

# Small enough that two workers end together.
ITEM = "24MiB"
BAR = 1.85


def bench(target: Path, place: Path, runs: int) -> Iterator[str]:
    with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder:
        folder = Path(folder)
        stack = imaging.made(folder, imaging.PLANES)
        before, walls = load(), {1: [], 2: []}
        for number in range(runs + 1):
            for workers in walls:
                with TemporaryDirectory(prefix="run-", dir=folder) as out:
                    wall = shared(target, stack, Path(out), workers)
                print(f"cluster {number}, {workers} workers: {wall:.2f} s", file=sys.stderr, flush=True)
                if number > 0:
                    walls[workers].append(wall)
        yield table(walls, f"load average {before} before, {load()} after")


def shared(target: Path, stack: Path, out: Path, workers: int) -> float:
    """Seconds that all shares of the first stage take, from the start of the first worker to the end of the last."""
    adt, made, env = target / "release" / "adt", out / "out", {"PATH": "/usr/bin:/bin", "HOME": str(out), "TMPDIR": str(out)}
    chunks = f"{imaging.CHUNK},{imaging.CHUNK},{imaging.CHUNK}"
    words = ["--n-levels", str(imaging.LEVELS), "--chunk-shape", chunks, "--item-size", ITEM]
    plan = [adt, "submit", "--engine", "kubernetes", "--print", "--image", "none", "imaging", "zarr", stack, made, *words]
    called(plan, env, out)
    began = time.perf_counter()
    started = [
        subprocess.Popen(
            ["taskset", "--cpu-list", str(number), adt, "work", made, "--shard", f"{number}/{workers}", "--cpus", "1"],
            env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for number in range(workers)
    ]
    codes = [worker.wait(PATIENCE) for worker in started]
    wall = time.perf_counter() - began
    if any(codes):
        raise Failed(f"workers ended with {codes}")
    called([adt, "work", made, "--finish", "--cpus", "2"], env, out)
    imaging.complete(made)
    return wall


def called(command: list[str | Path], env: dict[str, str], out: Path) -> None:
    words = out / "words.log"
    with words.open("wb") as log:
        done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=PATIENCE)
    if done.returncode != 0:
        raise Failed(f"exit code {done.returncode}: {words.read_text(errors='replace').strip()[-2000:]}")


def table(walls: dict[int, list[float]], circumstances: str) -> str:
    head = f"### Shared work: a stack of {imaging.SIZE / 1e9:.2f} GB in items of {ITEM}, one core for each worker"
    rows = [head, "", circumstances, "", "| workers | wall s | from–to |", "|---|---|---|"]
    rows += [f"| {count} | {median(its):.2f} | {min(its):.2f}–{max(its):.2f} |" for count, its in walls.items()]
    gained = median(one / two for one, two in zip(walls[1], walls[2], strict=True))
    rows += ["", *BAR_HEAD, held_against("wall, two workers ÷ one", 1 / gained, 1 / BAR)]
    rows += ["", f"Two workers are {gained:.2f} times as fast as one; {BAR} or more is wanted."]
    return "\n".join([*rows, ""])

"""Compressing recordings of electrodes: ours against spikeinterface, and our WavPack against libwavpack."""

import re
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from machine import load
from measure import Cost, Costs, Failed, run

HERE = Path(__file__).parent
ROOT = HERE.parent

SECONDS, LONG = 20, 200
CHANNELS, RATE, STEP = 384, 30_000, 12
SIZE = 2 * CHANNELS * RATE * SECONDS
# What lies on the disk at once: the short session and a few stores; the long one comes alone.
ROOM = 2 * SIZE
LEVEL = 3

OURS, OURS_EXACT = "adt, `--lsb none`", "adt, `--lsb exact`"
THEIRS, THEIRS_LSB = "spikeinterface", "spikeinterface, `correct_lsb`"


def bench(target: Path, place: Path, disk: Path, runs: int) -> Iterator[str]:
    """Gives Markdown, each table as soon as it is measured. `disk` holds what is too large for `place`."""
    with TemporaryDirectory(prefix="adt-bench-", dir=place) as folder:
        folder = Path(folder)
        session = made(folder, SECONDS)
        yield codecs(target, folder, recorded(session), runs)
        before = load()
        costs, sizes = rounds(target, folder, session, runs)
        yield stores(costs, sizes, f"load average {before} before, {load()} after")
        short = costs[OURS_EXACT].peak
    with TemporaryDirectory(prefix="adt-bench-", dir=disk) as folder:
        yield memory(target, Path(folder), short)


def made(folder: Path, seconds: int) -> Path:
    session = folder / "session"
    run([sys.executable, "-B", HERE / "neuropixels.py", session, str(seconds)], {}, folder / "words.log")
    return session


def recorded(session: Path) -> Path:
    return next(session.rglob("continuous.dat"))


# Whole programs


def rounds(target: Path, folder: Path, session: Path, runs: int) -> tuple[dict[str, Costs], dict[str, int]]:
    """Programs take turns so that all meet the same noise. The first round warms up and is not counted."""
    programs = {
        OURS: lambda out: ours(target, session, out, "none"),
        OURS_EXACT: lambda out: ours(target, session, out, "exact"),
        THEIRS: lambda out: theirs(session, out),
        THEIRS_LSB: lambda out: theirs(session, out, "lsb"),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    sizes: dict[str, int] = {}
    for number in range(runs + 1):
        for name, program in programs.items():
            with TemporaryDirectory(prefix="run-", dir=folder) as out:
                cost = program(Path(out))
                sizes[name] = held(Path(out) / "out")
            print(f"ephys {number} {name}: {cost}, {sizes[name]} bytes", file=sys.stderr, flush=True)
            if number > 0:
                costs[name].append(cost)
    return {name: Costs(tuple(its)) for name, its in costs.items()}, sizes


def ours(target: Path, session: Path, out: Path, lsb: str) -> Cost:
    command = [target / "release" / "adt", "ephys", "compress", session, out / "out"]
    return run([*command, "--cpus", "2", "--lsb", lsb], {"PATH": "/usr/bin:/bin", "HOME": str(out)}, out / "words.log")


def theirs(session: Path, out: Path, *lsb: str) -> Cost:
    command = [sys.executable, "-B", HERE / "spikeinterface_peer.py", session, out / "out" / "store.zarr", *lsb]
    return run(command, {"PATH": "/usr/bin:/bin", "HOME": str(out)}, out / "words.log")


def held(folder: Path) -> int:
    """Bytes of the store; ours lies among other things. A program that left out chunks has failed."""
    traces = list(folder.rglob("traces_seg0"))
    chunks = [path for found in traces for path in found.iterdir() if not path.name.startswith(".")]
    if len(chunks) != SECONDS:
        raise Failed(f"{len(chunks)} chunks of {SECONDS}")
    return sum(path.stat().st_size for path in traces[0].parent.rglob("*") if path.is_file())


def stores(costs: dict[str, Costs], sizes: dict[str, int], circumstances: str) -> str:
    head = f"### {SECONDS} s of {CHANNELS} channels ({SIZE / 1e6:.0f} MB), WavPack level {LEVEL}, two cores"
    rows = [head, "", circumstances, ""]
    rows += ["| program | wall s | from–to | CPU s | peak MB | store MB | ratio |", "|---|---|---|---|---|---|---|"]
    for name, cost in costs.items():
        size = f"{sizes[name] / 1e6:.1f} | {SIZE / sizes[name]:.3f}"
        rows.append(f"| {name} | {cost.wall:.2f} | {cost.span} | {cost.cpu:.2f} | {cost.peak:.0f} | {size} |")
    rows += ["", *BAR_HEAD]
    for own, other, bar in [(OURS, THEIRS, 0.5), (OURS_EXACT, THEIRS_LSB, 0.15)]:
        rows.append(held_against(f"wall, {own} ÷ {other}", costs[own].wall / costs[other].wall, bar))
        rows.append(f"| CPU, {own} ÷ {other} | {costs[own].cpu / costs[other].cpu:.2f} | | |")
        rows.append(held_against(f"size, {own} ÷ {other}", sizes[own] / sizes[other], 1.0))
    return "\n".join([*rows, ""])


BAR_HEAD = ["| | measured | bar | |", "|---|---|---|---|"]


def held_against(what: str, value: float, bar: float) -> str:
    return f"| {what} | {value:.3f} | ≤ {bar:.4g} | {'pass' if value <= bar else 'FAIL'} |"


# Memory


def memory(target: Path, folder: Path, short: float) -> str:
    """The peak of the same program with ten times as much."""
    session = made(folder, SECONDS)
    longer(session)
    with TemporaryDirectory(prefix="run-", dir=folder) as out:
        cost = ours(target, session, Path(out), "exact")
    print(f"ephys {LONG} s: {cost}", file=sys.stderr, flush=True)
    rows = [f"### Memory of {OURS_EXACT}", "", *BAR_HEAD]
    rows += [held_against(f"peak MB, {SECONDS} s", short, 300), held_against(f"peak MB, {LONG} s", cost.peak, 300)]
    rows.append(held_against(f"{LONG} s ÷ {SECONDS} s", cost.peak / short, 1.1))
    speed = SIZE * LONG / SECONDS / 1e6 / cost.wall
    rows += ["", f"{LONG} s took {cost.wall:.1f} s of wall and {cost.cpu:.1f} s of CPU time, {speed:.0f} MB/s.", ""]
    return "\n".join(rows)


def longer(session: Path) -> None:
    """The same samples over and over."""
    import numpy as np

    samples = recorded(session)
    with samples.open("ab") as file:
        for _ in range(LONG // SECONDS - 1):
            with samples.open("rb") as again:
                left = SIZE
                while left > 0:
                    left -= file.write(again.read(min(left, 1 << 24)))
    frames = np.arange(LONG * RATE)
    np.save(samples.parent / "sample_numbers.npy", 1000 + frames)
    np.save(samples.parent / "timestamps.npy", frames / RATE + 0.25)


# The codec alone


def codecs(target: Path, folder: Path, samples: Path, runs: int) -> str:
    """One second after the other, in one thread, in memory: raw, and as codes of the converter's steps."""
    import numpy as np

    before = load()
    rows = [f"### WavPack level {LEVEL}, chunks of 1 s in memory, one thread, CPU time", ""]
    rows += ["| samples | codec | packs MB/s | unpacks MB/s | ratio |", "|---|---|---|---|---|"]
    bars = [*BAR_HEAD]
    chunks = np.memmap(samples, "<i2", "r").reshape(SECONDS, -1)[:: SECONDS // 4]
    for kind, step in [("as recorded", 1), (f"÷ {STEP}", STEP)]:
        names = []
        for number, chunk in enumerate(chunks):
            names.append(folder / f"chunk-{number}")
            (chunk // step).astype("<i2").tofile(names[-1])
        ours_, its = alone(target, folder, names, runs)
        rows += [f"| {kind} | adt | {said(ours_)} |", f"| {kind} | libwavpack | {said(its)} |"]
        bars.append(held_against(f"{kind}: packing, ours ÷ libwavpack's", its[0] / ours_[0], 0.5))
        bars.append(held_against(f"{kind}: unpacking, ours ÷ libwavpack's", its[1] / ours_[1], 0.5))
        bars.append(held_against(f"{kind}: size, ours ÷ libwavpack's", its[2] / ours_[2], 1.005))
    return "\n".join([*rows, "", f"load average {before} before, {load()} after", "", *bars, ""])


def alone(target: Path, folder: Path, chunks: list[Path], runs: int):
    """Of both codecs: the medians of MB/s packed and unpacked, and the ratio."""
    rust = [target / "release" / "examples" / "wavpack_speed", "-n", str(runs), str(LEVEL), str(CHANNELS)]
    python = [sys.executable, "-B", ROOT / "codec" / "examples" / "wavpack_speed.py", "measure", str(LEVEL), str(CHANNELS)]
    both = ([], [])
    for chunk in chunks:
        both[0].append(told([*rust, chunk], folder))
        both[1].append(told([*python, chunk, str(runs)], folder))
    return tuple(tuple(statistics.median(column) for column in zip(*its)) for its in both)


def told(command: list, folder: Path) -> tuple[float, float, float]:
    words = folder / "words.log"
    run(command, {"PATH": "/usr/bin:/bin", "HOME": str(folder)}, words)
    found = re.search(r"packs ([\d.]+) MB/s, unpacks ([\d.]+) MB/s, \d+ bytes, ratio ([\d.]+)", words.read_text())
    if found is None:
        raise Failed(words.read_text())
    return tuple(float(number) for number in found.groups())


def said(numbers: tuple[float, float, float]) -> str:
    return f"{numbers[0]:.1f} | {numbers[1]:.1f} | {numbers[2]:.3f}"

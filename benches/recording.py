"""`recording.py FOLDER`: 1 GiB as a rig writes it, for the zip bench. Needs numpy."""

import sys
from pathlib import Path

import numpy as np

MIB = 1 << 20
CHANNELS, RATE = 384, 30_000


def main(folder: Path) -> None:
    chance = np.random.default_rng(20_260_101)
    folder.mkdir(parents=True)
    for number in range(2):
        traces(folder / f"probe-{number}.dat", 256 * MIB, chance)
    for number in range(32):
        image(folder / f"tile-{number:02}.raw", chance)
    for number in range(8):
        table(folder / f"encoder-{number}.csv", 32 * MIB, chance)


def traces(path: Path, size: int, chance) -> None:
    """int16 of 384 channels: noise that is a little smooth in time, with what all channels share, a few bits wide."""
    left, step = size // (2 * CHANNELS), RATE // 2
    with path.open("wb") as file:
        while left > 0:
            count = min(step, left)
            white = chance.standard_normal((count + 2, CHANNELS), dtype=np.float32)
            smooth = (white[2:] + white[1:-1] + 0.5 * white[:-2]) * 6
            shared = chance.standard_normal((count, 1), dtype=np.float32) * 4
            file.write(np.round(smooth + shared).astype("<i2").tobytes())
            left -= count


def image(path: Path, chance) -> None:
    """uint16, 2048 × 2048: an uneven background, blobs, and noise that grows with the light."""
    rows, columns = np.mgrid[0:2048, 0:2048].astype(np.float32)
    light = 120 + 60 * np.exp(-((rows - 1024) ** 2 + (columns - 1024) ** 2) / 9e5)
    for _ in range(40):
        blob(light, chance)
    noisy = light + np.sqrt(light) * chance.standard_normal(light.shape, dtype=np.float32)
    path.write_bytes(np.clip(np.round(noisy), 0, 65535).astype("<u2").tobytes())


def blob(light, chance) -> None:
    """A cell, somewhere."""
    row, column = chance.integers(0, 2048 - 200, 2)
    rows, columns = np.mgrid[-100:100, -100:100].astype(np.float32)
    light[row : row + 200, column : column + 200] += chance.uniform(50, 900) * np.exp(
        -(rows**2 + columns**2) / chance.uniform(50, 1500)
    )


def table(path: Path, size: int, chance) -> None:
    """A clock, a position that wanders, an event now and then."""
    at, clock, position = 0, 0.0, 0.0
    with path.open("w") as file:
        at += file.write("time,position,speed,event\n")
        while at < size:
            speeds = np.round(np.cumsum(chance.normal(0, 0.2, 20_000)), 3).tolist()
            events = (chance.random(20_000) < 0.01).tolist()
            rows = []
            for speed, event in zip(speeds, events):
                clock += 0.001
                position += speed * 0.001
                rows.append(f"{clock:.3f},{position:.4f},{speed:.3f},{'lick' if event else ''}\n")
            at += file.write("".join(rows)[: size - at])


if __name__ == "__main__":
    main(Path(sys.argv[1]))

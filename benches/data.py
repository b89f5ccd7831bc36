"""The data that is moved: bytes that cannot be compressed, in files of sizes a lab has."""

import random
from pathlib import Path

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30

# How many files of which size.
LINES: dict[str, list[tuple[int, int]]] = {
    "big": [(1, 2 * GIB)],
    "small": [(10_000, 64 * KIB)],
    "mixed": [(2, 300 * MIB), (6, 100 * MIB), (24, 20 * MIB), (64, 4 * MIB), (400, 256 * KIB), (1_000, 4 * KIB)],
}
TITLES = {
    "big": "1 × 2 GiB",
    "small": "10,000 × 64 KiB",
    "mixed": "mixed, 4 KiB to 300 MiB, 2 GiB in 1,496 files",
}
PER_FOLDER = 500


def total(line: str) -> tuple[int, int]:
    """Files and bytes of a line."""
    sizes = LINES[line]
    return sum(count for count, _ in sizes), sum(count * size for count, size in sizes)


def make(line: str, folder: Path) -> None:
    """Makes a line's files; the same bytes each time."""
    noise = random.Random(20_260_101)
    number = 0
    for count, size in LINES[line]:
        for _ in range(count):
            place = folder / f"part-{number // PER_FOLDER:03}"
            place.mkdir(parents=True, exist_ok=True)
            with (place / f"file-{number:05}.dat").open("wb") as file:
                for at in range(0, size, MIB):
                    file.write(noise.randbytes(min(MIB, size - at)))
            number += 1

"""Writes a stack as a light-sheet microscope would: background of about 100 ± 10 counts, sparse bright voxels; a page for each plane.

usage: microscope.py STACK.tif PLANES
"""

import sys

import numpy as np
import tifffile

SIDE = 1024
DIFFERENT = 64

stack, planes = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)


def plane() -> np.ndarray:
    dark = rng.poisson(100, (SIDE, SIDE)).astype(np.uint16)
    bright = rng.random((SIDE, SIDE)) < 0.001
    dark[bright] = rng.integers(1_000, 20_000, np.count_nonzero(bright))
    return dark


# No two planes of a chunk are alike, but a few dozen of them are enough to draw from.
drawn = [plane() for _ in range(DIFFERENT)]
with tifffile.TiffWriter(stack, bigtiff=True) as file:
    for z in range(planes):
        # The original does not read what tifffile describes by itself.
        file.write(np.roll(drawn[z % DIFFERENT], z * 7 // DIFFERENT, axis=0), contiguous=False, metadata=None)

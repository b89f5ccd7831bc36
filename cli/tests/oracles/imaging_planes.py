"""Holds planes of a long image against the file that it was made of.

usage: imaging_planes.py GROUP TIFF OFFSET PLANE...
"""

import sys

import numpy as np
import zarr

array = zarr.open_array(f"{sys.argv[1]}/0", mode="r")
_, _, planes, rows, columns = array.shape
voxels = np.memmap(sys.argv[2], "<u2", "r", int(sys.argv[3]), (planes, rows, columns))
for plane in map(int, sys.argv[4:]):
    assert np.array_equal(array[0, 0, plane], voxels[plane]), plane
print(f"{planes} planes")

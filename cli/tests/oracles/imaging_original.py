"""The Python original converts images, and what it wrote is held against ours.

usage: imaging_original.py OURS THEIRS LEVELS CHUNK IMAGE...
"""

import os
import sys
import warnings

warnings.filterwarnings("ignore")

import dask
import numpy as np
import zarr
from aind_data_transfer.transformations.ome_zarr import write_files
from numcodecs import Blosc

ours, theirs, levels, chunk, *images = sys.argv[1:]
levels, chunk = int(levels), int(chunk)
# It leaves a folder for each image where it runs.
os.chdir(os.path.dirname(theirs))
dask.config.set(scheduler="synchronous")
shape = (1, 1, chunk, chunk, chunk)
write_files(images, theirs, levels, 2, chunk_shape=shape, compressor=Blosc("zstd", 1, shuffle=1))

groups = sorted(name for name in os.listdir(theirs) if name.endswith(".zarr"))
assert groups == sorted(name for name in os.listdir(ours) if name.endswith(".zarr")), groups
for group in groups:
    for level in range(levels):
        one, other = (zarr.open_array(f"{root}/{group}/{level}", mode="r") for root in (ours, theirs))
        assert (one.shape, one.chunks, one.dtype) == (other.shape, other.chunks, other.dtype), (group, level)
        assert np.array_equal(one[...], other[...]), f"{group}/{level} differs"
        with open(f"{ours}/{group}/{level}/.zarray", "rb") as a, open(f"{theirs}/{group}/{level}/.zarray", "rb") as b:
            assert a.read() == b.read(), f"{group}/{level}/.zarray differs"
    with open(f"{ours}/{group}/.zattrs", "rb") as a, open(f"{theirs}/{group}/.zattrs", "rb") as b:
        assert a.read() == b.read(), f"{group}/.zattrs differs"
print(len(groups))

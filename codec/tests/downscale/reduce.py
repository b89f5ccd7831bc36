"""Reduces raw voxels from standard input to standard output.

usage: reduce.py original|tensorstore DTYPE FACTORS SHAPE, the last two as comma-separated z,y,x
"""

import sys

import numpy as np

by, dtype, factors, shape = sys.argv[1:]
factors = tuple(int(n) for n in factors.split(","))
shape = tuple(int(n) for n in shape.split(","))
voxels = np.frombuffer(sys.stdin.buffer.read(), dtype).reshape(shape)
if by == "original":
    from xarray_multiscale import multiscale
    from xarray_multiscale.reducers import windowed_mean

    # As aind-data-transfer calls it: the second of the levels.
    reduced = multiscale(voxels, windowed_mean, factors, preserve_dtype=True)[1].data
else:
    import tensorstore as ts

    reduced = ts.downsample(ts.array(voxels), factors, "mean").read().result()
sys.stdout.buffer.write(np.asarray(reduced).astype(dtype).tobytes())

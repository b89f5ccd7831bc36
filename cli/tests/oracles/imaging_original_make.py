"""Images that the Python original can read, and converts rightly.

usage: imaging_original_make.py SESSION
"""

import sys

import numpy as np
import tifffile

session = sys.argv[1]
rng = np.random.default_rng(5)


def image(*shape: int, dtype: str = "<u2") -> np.ndarray:
    return rng.integers(0, 5000 if np.dtype(dtype).itemsize > 1 else 256, shape).astype(dtype)


tifffile.imwrite(f"{session}/imagej.tif", image(37, 50, 61), imagej=True)
tifffile.imwrite(f"{session}/ome.ome.tif", image(20, 33, 40), ome=True, metadata={"axes": "ZYX"})
tifffile.imwrite(f"{session}/pages.tiff", image(17, 20, 35), bigtiff=True, metadata=None)
tifffile.imwrite(f"{session}/bytes.tif", image(16, 31, 40, dtype="u1"), metadata=None)
tifffile.imwrite(f"{session}/signed.tif", image(16, 31, 40, dtype="<i2") - 2500, metadata=None)
tifffile.imwrite(f"{session}/tiled.tif", image(16, 64, 48), tile=(16, 16), metadata=None)
tifffile.imwrite(f"{session}/deflate.tif", image(12, 40, 44), compression="zlib", metadata=None)

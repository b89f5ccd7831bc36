"""What cannot be done without: a TIFF stack is read and its chunks are compressed by c-blosc; nothing is written.

usage: blosc_limit.py STACK.tif CHUNK THREADS
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import numcodecs
import numpy as np
import tifffile
from numcodecs import blosc

stack, chunk, threads = sys.argv[1], *map(int, sys.argv[2:4])
blosc.use_threads = False
codec = numcodecs.Blosc("zstd", 1, shuffle=1)

with tifffile.TiffFile(stack) as file:
    first, second, pages = file.pages[0], file.pages[1], len(file.pages)
    begin, apart, shape, dtype = first.dataoffsets[0], second.dataoffsets[0] - first.dataoffsets[0], first.shape, first.dtype
raw = np.memmap(stack, mode="r", dtype=np.uint8)


def packed(slab: np.ndarray, y: int, x: int) -> int:
    return len(codec.encode(np.ascontiguousarray(slab[:, y : y + chunk, x : x + chunk])))


size = 0
with ThreadPoolExecutor(threads) as pool:
    for z in range(0, pages, chunk):
        planes = range(z, min(z + chunk, pages))
        plane = shape[0] * shape[1] * dtype.itemsize
        slab = np.stack([raw[begin + n * apart :][:plane].view(dtype).reshape(shape) for n in planes])
        places = [(y, x) for y in range(0, shape[0], chunk) for x in range(0, shape[1], chunk)]
        size += sum(pool.map(lambda at: packed(slab, *at), places))
print(size)

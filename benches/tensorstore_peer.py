"""A TIFF stack becomes a Zarr pyramid by tensorstore: read, write level 0, downsample each level from the one before.

usage: tensorstore_peer.py STACK.tif OUT LEVELS CHUNK THREADS
"""

import sys

import numpy as np
import tensorstore as ts
import tifffile

stack, out, levels, chunk, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])

context = ts.Context({"data_copy_concurrency": {"limit": threads}, "file_io_concurrency": {"limit": 4}})
raw = np.memmap(stack, mode="r", dtype=np.uint8)
with tifffile.TiffFile(stack) as file:
    first, second, depth = file.pages[0], file.pages[1], len(file.pages)
    begin, apart = first.dataoffsets[0], second.dataoffsets[0] - first.dataoffsets[0]
    height, width = first.shape
    plane = height * width * first.dtype.itemsize


def planes(first: int, last: int) -> np.ndarray:
    each = (raw[begin + z * apart :][:plane].view("<u2").reshape(height, width) for z in range(first, last))
    return np.stack(list(each))


def create(level: int, shape: tuple[int, ...]) -> ts.TensorStore:
    metadata = {
        "shape": [1, 1, *shape],
        "chunks": [1, 1, *(min(chunk, extent) for extent in shape)],
        "dtype": "<u2",
        "dimension_separator": "/",
        "compressor": {"id": "blosc", "cname": "zstd", "clevel": 1, "shuffle": 1, "blocksize": 0},
    }
    spec = {"driver": "zarr", "kvstore": {"driver": "file", "path": f"{out}/{level}/"}, "metadata": metadata}
    return ts.open(spec, create=True, context=context).result()


written = create(0, (depth, height, width))
# In slabs of whole chunks, so that a stack need not fit into memory twice.
for first in range(0, depth, chunk):
    last = min(first + chunk, depth)
    written[0, 0, first:last].write(planes(first, last)).result()
for level in range(1, levels):
    half = ts.downsample(written, [1, 1, 2, 2, 2], method="mean")
    shape = tuple(extent // 2 for extent in written.shape[2:])
    smaller = create(level, shape)
    for first in range(0, shape[0], chunk):
        last = min(first + chunk, shape[0])
        smaller[0, 0, first:last].write(half[0, 0, first:last, : shape[1], : shape[2]]).result()
    written = smaller

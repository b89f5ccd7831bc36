"""Makes frames.bin: Blosc frames of numcodecs one after the other, each of `sample(n)` for the n in its header.

    uv run --with numcodecs==0.16.6 --with numpy python make_frames.py
"""

import numpy as np
from numcodecs import blosc


def sample(length):
    i = np.arange(length, dtype=np.uint64)
    item = i // 2
    low = 100 + (item * 2654435761 % 2**32 >> 27)
    return np.where(i % 2 == 0, low, item % 97 == 0).astype(np.uint8)


blosc.set_nthreads(1)
blosc.use_threads = False
with open("frames.bin", "wb") as out:
    for name in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
        for shuffle in [0, 1, 2]:
            for item, length in [("u1", 1501), ("<u2", 4098), ("<f8", 4104)]:
                for block in [0, 1024]:
                    items = sample(length).view(item)
                    out.write(blosc.compress(items, name.encode(), 5, shuffle, block))
    for name, level, length in [("zstd", 5, 0), ("zstd", 5, 100), ("lz4", 0, 1000)]:
        out.write(blosc.compress(sample(length), name.encode(), level, 1, 0))
    noise = np.random.default_rng(1).integers(0, 256, 1000, dtype=np.uint8)
    stored = blosc.compress(noise, b"zstd", 5, 0, 0)
    assert stored[2] & 2

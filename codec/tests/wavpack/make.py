"""Makes the streams of this folder: `python make.py <folder>`.

With wavpack-numcodecs 0.1.5 (libwavpack 5.6.4), numcodecs 0.11.0, numpy 1.26.1. The samples are made again in `it/wavpack.rs`.
The `reference_*` streams are of a slow writer of our own that learns nothing beforehand.
"""
import sys
import numpy as np
from wavpack_numcodecs import WavPack

def pattern(frames, channels):
    i, j = np.mgrid[0:frames, 0:channels]
    return ((3 * i * i + 11 * j) % 29 - 14 + np.where((i + 5 * j) % 64 == 9, 400, 0)).astype("<i2")

def wave(frames, channels):
    """A saw for every channel, loud in the middle."""
    i, j = np.mgrid[0:frames, 0:channels]
    return ((i * (j + 3)) % 801 - 400) * np.minimum(i, frames - i) // 8

samples = {
    "pattern_128x2": pattern(128, 2), "pattern_96x3": pattern(96, 3), "pattern_400x1": pattern(400, 1), "pattern_300x21": pattern(300, 21),
    "wave_700x7": wave(700, 7),
    "times4_300x4": pattern(300, 4) * 4, "ones15_300x4": pattern(300, 4) * 16 + 15,
    "copies_300x4": np.where(pattern(300, 4) > 0, 7, -8), "silence_300x5": pattern(300, 5) * [1, 1, 0, 0, 0],
    "ends_2000x2": np.where(pattern(2000, 2) > 0, 32767, -32768), "times_250001x1": np.where(pattern(250001, 1) > 300, 1, 0),
}
for name, array in samples.items():
    for level in (1, 2, 3, 4) if len(array) < 10_000 else (3,):
        open(f"{sys.argv[1]}/{name}_level{level}.wv", "wb").write(WavPack(level=level).encode(np.ascontiguousarray(array.astype("<i2"))))

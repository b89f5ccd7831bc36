"""libwavpack through wavpack-numcodecs, in one thread, beside `wavpack_speed.rs`.

`python wavpack_speed.py make <file> <seconds> [<step>]` makes samples like those of a Neuropixels 1.0 probe: 384 channels at 30 kHz of
noise, part of it shared by neighbours, a common mode, drift, and spikes, in steps of 12 unless told otherwise.

`python wavpack_speed.py measure <level> <channels> <file> [<times>]` packs and unpacks them; the median of the processor's time counts.
"""

import statistics
import sys
import time

import numpy as np

CHANNELS, RATE = 384, 30_000


def make(name, seconds, step=12):
    frames = int(RATE * seconds)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((frames, CHANNELS), dtype=np.float32) * 4
    near = rng.standard_normal((frames, CHANNELS), dtype=np.float32) * 3
    x[:, 1:] += 0.5 * (near[:, 1:] + near[:, :-1])
    common, value = np.empty(frames, np.float32), 0.0
    for i, push in enumerate(rng.standard_normal(frames)):
        value = 0.99 * value + push
        common[i] = value
    x += common[:, None] * (0.7 + 0.3 * rng.random(CHANNELS, dtype=np.float32))
    drift = 20 * np.sin(2 * np.pi * 1.1 * np.arange(frames) / RATE)
    x += (drift[:, None] * np.linspace(0.5, 1.5, CHANNELS)).astype(np.float32)
    spikes(x, rng, seconds)
    (np.clip(np.rint(x), -512, 511).astype("<i2") * step).tofile(name)


def spikes(x, rng, seconds):
    """100 units, 8 times a second each, on 13 channels."""
    t = np.arange(60) / 30
    shape = 0.35 * np.exp(-(((t - 0.8) / 0.3) ** 2)) - np.exp(-(((t - 0.4) / 0.12) ** 2))
    for _ in range(100):
        centre, size = rng.integers(0, CHANNELS), rng.uniform(10, 40)
        low, high = max(0, centre - 6), min(CHANNELS, centre + 7)
        reach = np.exp(-np.abs(np.arange(low, high) - centre) / 2.5) * size
        for start in rng.integers(0, len(x) - 60, int(8 * seconds)):
            x[start : start + 60, low:high] += (shape[:, None] * reach).astype(np.float32)


def measure(level, channels, name, times=1):
    from wavpack_numcodecs import WavPack

    samples = np.fromfile(name, "<i2").reshape(-1, channels)
    codec = WavPack(level=level, num_encoding_threads=1, num_decoding_threads=1)
    packing, unpacking = [], []
    for _ in range(times):
        begin = time.process_time()
        stream = codec.encode(samples)
        packed = time.process_time()
        codec.decode(stream)
        packing.append(packed - begin)
        unpacking.append(time.process_time() - packed)
    size = samples.nbytes / 1e6
    packs, unpacks = size / statistics.median(packing), size / statistics.median(unpacking)
    print(f"level {level} packs {packs:.1f} MB/s, unpacks {unpacks:.1f} MB/s, {len(stream)} bytes, ratio {samples.nbytes / len(stream):.4f}")


if sys.argv[1] == "make":
    make(sys.argv[2], float(sys.argv[3]), *map(int, sys.argv[4:]))
else:
    measure(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], *map(int, sys.argv[5:]))

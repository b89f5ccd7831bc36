"""Holds the times of stores against the time files of the session, by the documented order, and loads each with SpikeInterface.

times.py SESSION STORES: prints for each store, in the order of their names, where its times must come from: `seconds`, `counter`,
`start` or `unknown`.
"""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import spikeinterface.core as si
import wavpack_numcodecs  # noqa: F401, makes the codec known

warnings.simplefilter("ignore")


def vector(path, dtype):
    """What is in the file, whatever its header counts."""
    if not path.exists():
        return None
    with open(path, "rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        read(file)
        return np.frombuffer(file.read()[:], dtype)


def increasing(values):
    return len(values) < 2 or bool(np.all(np.diff(values) > 0))


def wanted(folder, frames, rate):
    new = (folder / "sample_numbers.npy").exists()
    counter = vector(folder / ("sample_numbers.npy" if new else "timestamps.npy"), "<i8")
    seconds = vector(folder / ("timestamps.npy" if new else "synchronized_timestamps.npy"), "<f8")
    if seconds is not None and len(seconds) == frames and np.all(np.isfinite(seconds)) and -1 not in seconds:
        if increasing(seconds):
            return "seconds", seconds
    if counter is not None and len(counter) and counter[0] >= 0 and (len(counter) == 1 or np.ptp(counter)):
        if len(counter) == frames and increasing(counter) and np.any(np.diff(counter) > 1):
            return "counter", counter / rate
        return "start", counter[0] / rate + np.arange(frames) / rate
    return "unknown", np.arange(frames) / rate


def main(session, stores):
    kinds = []
    for path in sorted(Path(stores).iterdir()):
        about = json.loads((path / ".zattrs").read_text())["adt"]
        recording = si.load(path)
        for number, source in enumerate(about["sources"]):
            folder = Path(session, source["path"]).parent
            frames = recording.get_num_samples(number)
            kind, times = wanted(folder, frames, recording.get_sampling_frequency())
            told = about["times"][number]
            assert told["from"] == kind, f"{path.name}: {told} is not {kind}"
            found = recording.get_times(number)
            assert np.all(np.isfinite(found)) and increasing(found), path.name
            exact = kind in ("seconds", "counter")
            same = np.array_equal(found, times) if exact else np.allclose(found, times, rtol=0, atol=1e-9)
            assert same, f"{path.name}: {found[:5]} is not {times[:5]}"
            kinds.append(kind)
    print(*kinds)


if __name__ == "__main__":
    main(*sys.argv[1:])

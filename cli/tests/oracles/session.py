"""An Open Ephys session as JSON and NumPy tell it: what every other reader must agree with."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

MICROVOLTS = {"V": 1e6, "mV": 1e3, "uV": 1.0}


@dataclass
class Segment:
    """A stream in one recording."""

    folder: Path
    columns: int
    traces: np.ndarray
    beside: np.ndarray  # the SYNC columns
    times: np.ndarray | None
    start: float | None


@dataclass
class Stream:
    """A stream in one experiment."""

    experiment: str
    name: str
    rate: float
    ids: list
    gains: np.ndarray
    units: list
    settings: Path
    segments: list = field(default_factory=list)

    @property
    def store(self):
        return f"{self.experiment}_{self.name}.zarr"


def number(folder):
    return int(re.search(r"\d+$", folder.name).group())


def unit(channel, stream):
    """Open Ephys leaves them out: analogue and auxiliary inputs are in volts, electrodes in microvolts."""
    name = channel["channel_name"]
    analogue = "ADC" in name or "AUX" in name or re.fullmatch(r"AI\d+", name) or "NI-DAQ" in stream
    return channel.get("units") or ("V" if analogue else "uV")


def times(folder, frames, rate):
    """A time for each frame, or when the first one was."""
    counter = folder / "sample_numbers.npy"
    seconds = folder / "timestamps.npy"
    if not counter.exists():
        counter, seconds = seconds, folder / "synchronized_timestamps.npy"
    vector = np.load(seconds).astype("f8") if seconds.exists() else np.empty(0)
    if frames and len(vector) == frames:
        return vector, None
    counted = np.load(counter) if counter.exists() else []
    return None, float(counted[0] / rate) if len(counted) else None


def read(recording, entry):
    name = entry["folder_name"].rstrip("/")
    folder = recording / "continuous" / name
    if not (folder / "continuous.dat").exists():
        return None
    columns = len(entry["channels"])
    samples = np.fromfile(folder / "continuous.dat", "<i2")
    samples = samples[: len(samples) // columns * columns].reshape(-1, columns)
    beside = np.array(["SYNC" in channel["channel_name"] for channel in entry["channels"]])
    vector, start = times(folder, len(samples), entry["sample_rate"])
    return Segment(folder, columns, samples[:, ~beside], samples[:, beside], vector, start)


def streams(root):
    """Those that can be read, by the names of their stores."""
    found = {}
    recordings = [path.parent for path in Path(root).rglob("structure.oebin")]
    for recording in sorted(recordings, key=lambda folder: (number(folder.parent), number(folder))):
        try:
            described = json.loads((recording / "structure.oebin").read_text(encoding="utf-8"))
        except ValueError:
            continue
        node = recording.parents[1]
        experiment = recording.parent.name
        settings = "settings.xml" if number(recording.parent) == 1 else f"settings_{number(recording.parent)}.xml"
        prefix = f"{node.name}#" if node.name.startswith("Record") else ""
        for entry in described["continuous"]:
            segment = read(recording, entry)
            if segment is None:
                continue
            own = entry["folder_name"].rstrip("/")
            channels = [channel for channel in entry["channels"] if "SYNC" not in channel["channel_name"]]
            units = [unit(channel, own) for channel in channels]
            stream = Stream(
                experiment=experiment,
                name=prefix + own,
                rate=entry["sample_rate"],
                ids=[channel["channel_name"] for channel in channels],
                gains=np.array([c["bit_volts"] * MICROVOLTS[u] for c, u in zip(channels, units)]),
                units=units,
                settings=node / settings,
            )
            first = found.setdefault(stream.store, stream)
            # With other channels it is another stream.
            if (first.ids, first.rate) == (stream.ids, stream.rate):
                first.segments.append(segment)
    return found

"""Holds stores against the session they were made of, and both against what SpikeInterface reads of the session.

stores.py SESSION STORES LSB READ: LSB is how the step was treated; READ is `sync` or `start` for how SpikeInterface can read the
session's times, `none` where this version cannot read the session at all. Prints how many stores it held, by how their
samples are stored.
"""

import json
import sys
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import spikeinterface.core as si
import spikeinterface.extractors as extractors
import wavpack_numcodecs  # noqa: F401, makes the codec known
import zarr
from spikeinterface.core.zarrextractors import read_zarr

import session

warnings.simplefilter("ignore")
np.set_printoptions(threshold=8)
OLD = not hasattr(si, "load")
rng = np.random.default_rng(4)


def same(what, got, wanted):
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape and np.array_equal(got, wanted), f"{what}: {got} instead of {wanted}"


def scaled(recording, segment, **part):
    return recording.get_traces(segment, **{"return_scaled" if OLD else "return_in_uV": True}, **part)


def slices(frames, ids):
    """Pieces of a segment as a person might ask for them."""
    for _ in range(6):
        start, end = sorted(rng.integers(0, frames + 1, 2).tolist())
        yield start, end, rng.choice(ids, rng.integers(1, len(ids) + 1), replace=False)


def samples_again(lsb, codes):
    """The recorded samples, by what `.zattrs` says under `adt.lsb`."""
    samples = codes.astype("f8")
    for column in lsb["columns"]:
        at = column["column"]
        samples[:, at] = np.rint(lsb["counts"] * codes[:, at] + column["zero"])
        for code, sample in column.get("exceptions", []):
            samples[codes[:, at] == code, at] = sample
    return samples


class Held:
    """One stream, in its store and in its session."""

    def __init__(self, stream, path, lsb):
        self.stream, self.path = stream, path
        self.attributes = json.loads((path / ".zattrs").read_text())
        self.lsb = self.attributes["adt"].get("lsb", {"mode": "raw"})
        self.exact = self.lsb["mode"] == "exact"
        self.corrected = self.correct() if lsb == "spikeinterface" else None

    def correct(self):
        """What the original's step makes of the session."""
        import spikeinterface.preprocessing as preprocessing

        raw = si.NumpyRecording([segment.traces for segment in self.stream.segments], self.stream.rate)
        raw.set_channel_gains(self.stream.gains)
        raw.set_channel_offsets(0.0)
        if "NI-DAQ" in self.stream.name:
            return raw
        return preprocessing.correct_lsb(raw, num_chunks_per_segment=100, chunk_size=10000, seed=0)

    def lost(self):
        """What the record says of samples that do not come back."""
        if self.lsb["mode"] != "spikeinterface":
            return
        step, offsets = self.lsb["step"], np.array(self.lsb["offsets"])
        lost = 0
        for number, segment in enumerate(self.stream.segments):
            back = self.corrected.get_traces(segment_index=number).astype("i4") * step - offsets
            lost += int((back != segment.traces).sum())
        same("lost", self.lsb["lost"], lost)

    def check(self, recording):
        stream = self.stream
        same("ids", recording.get_channel_ids(), stream.ids)
        same("names", recording.get_property("channel_name"), stream.ids)
        same("rate", recording.get_sampling_frequency(), stream.rate)
        same("type", str(recording.get_dtype()), "int16")
        same("segments", recording.get_num_segments(), len(stream.segments))
        if self.corrected is not None:
            same("gains", recording.get_channel_gains(), self.corrected.get_channel_gains())
        elif not self.exact:
            same("gains", recording.get_channel_gains(), stream.gains)
            same("offsets", recording.get_channel_offsets(), np.zeros(len(stream.ids)))
        for number, segment in enumerate(stream.segments):
            self.traces(recording, number, segment)
            self.times(recording, number, segment)

    def traces(self, recording, number, segment):
        if self.exact:
            codes = recording.get_traces(number)
            same("samples", samples_again(self.lsb, codes), segment.traces)
            raw = segment.traces.astype("float32") * self.stream.gains.astype("float32")
            apart = np.abs(scaled(recording, number).astype("f8") - raw)
            # Scaled traces are float32. Codes of samples that were cut off stand for what they were cut from.
            limit = 0.5001 * self.stream.gains + 1e-6 * (np.abs(raw) + np.abs(recording.get_channel_offsets()))
            whole = np.abs(segment.traces.astype("i4")) < 32767
            assert np.all(apart[whole] <= limit[whole]), f"scaled traces are {np.max((apart / limit)[whole]) / 2} counts apart"
            stored = codes
        elif self.corrected is not None:
            stored = self.corrected.get_traces(segment_index=number)
        else:
            stored = segment.traces
            same("scaled", scaled(recording, number), stored.astype("float32") * self.stream.gains.astype("float32"))
        same("traces", recording.get_traces(number), stored)
        for start, end, ids in slices(len(stored), self.stream.ids):
            at = [self.stream.ids.index(channel) for channel in ids]
            piece = recording.get_traces(number, start_frame=start, end_frame=end, channel_ids=ids)
            same("slice", piece, stored[start:end, at])

    def times(self, recording, number, segment):
        if segment.times is not None:
            same("times", recording.get_times(number), segment.times)
        elif segment.start is not None:
            whole = segment.start + np.arange(len(segment.traces)) / self.stream.rate
            assert np.allclose(recording.get_times(number), whole, rtol=0, atol=1e-9), "times"
            same("start", recording.get_times(number)[:1], whole[:1])

    def beside(self, tree):
        """SYNC columns, which SpikeInterface leaves out."""
        for number, segment in enumerate(self.stream.segments):
            if segment.beside.shape[1]:
                same("beside", tree[f"adt/sync_seg{number}"][:], segment.beside)

    def metadata(self):
        """One document says what all of them say."""
        told = json.loads((self.path / ".zmetadata").read_text())["metadata"]
        files = [file for file in self.path.rglob(".z*") if file.name != ".zmetadata"]
        found = {file.relative_to(self.path).as_posix(): json.loads(file.read_text()) for file in files}
        assert told == found, set(told) ^ set(found)
        tree = zarr.open_consolidated(str(self.path), mode="r")
        walked = zarr.open_group(str(self.path), mode="r")
        names = [[], []]
        tree.visit(names[0].append), walked.visit(names[1].append)
        assert sorted(names[0]) == sorted(names[1]), names
        return tree

    def as_read(self, stored, root, blocks, how):
        """Other people's reading of the session is JSON's and NumPy's, and the store's probe is theirs."""
        stream = self.stream
        read = extractors.read_openephys(
            root,
            stream_name=stream.name,
            block_index=blocks.index(stream.experiment),
            load_sync_timestamps=how == "sync",
        )
        ids = list(read.get_channel_ids())
        # Since neo 0.14 the inputs of an ADC are a stream of their own.
        wanted = stream.ids if OLD else [name for name in stream.ids if "ADC" not in name]
        same("their ids", ids, wanted)
        at = [stream.ids.index(name) for name in ids]
        if all(stream.units[n] == "uV" for n in at):
            same("their gains", read.get_channel_gains(), stream.gains[at])
        same("their offsets", read.get_channel_offsets(), np.zeros(len(at)))
        same("their rate", read.get_sampling_frequency(), stream.rate)
        for number, segment in enumerate(stream.segments):
            same("their traces", read.get_traces(number), segment.traces[:, at])
            if how == "sync":
                self.times(read, number, segment)
        self.probe(stored, read)

    def probe(self, stored, read):
        assert stored.has_probe() == read.has_probe(), "a probe"
        for name in ("group", "inter_sample_shift"):
            theirs, ours = read.get_property(name), stored.get_property(name)
            # The low band has 12 steps for the original's readers and 13 for today's; it is sampled in 12 frames of the high band.
            low = name == "inter_sample_shift" and "LFP" in self.stream.name and not OLD
            if theirs is not None and not low:
                same(name, ours, theirs)
        if not read.has_probe():
            return
        same("locations", stored.get_channel_locations(), read.get_channel_locations())
        # For those who read the arrays alone; SpikeInterface takes the probe's.
        same("location", zarr.open(str(self.path), mode="r")["properties/location"][:], read.get_channel_locations())
        ours, theirs = stored.get_probegroup().probes, read.get_probegroup().probes
        same("probes", len(ours), len(theirs))
        for one, other, told in zip(ours, theirs, self.attributes["probe"]["probes"]):
            same("positions", one.contact_positions, other.contact_positions)
            same("contacts", one.contact_ids, other.contact_ids)
            same("wiring", one.device_channel_indices, other.device_channel_indices)
            same("shanks", one.shank_ids, other.shank_ids)
            same("shapes", one.contact_shapes, other.contact_shapes)
            if OLD:
                same("contour", one.probe_planar_contour, other.probe_planar_contour)
                same("contour", told["probe_planar_contour"], other.probe_planar_contour)
        if OLD:
            same("groups", stored.get_channel_groups(), read.get_channel_groups())
            # Ours tells gains and reference as well.
            for one, other in zip(stored.get_annotation("probes_info"), read.get_annotation("probes_info")):
                same("what is known", {key: one.get(key) for key in other}, other)


def main(root, stores, lsb, how):
    found = session.streams(root)
    assert found, "no stream"
    experiments = {stream.experiment for stream in found.values()}
    blocks = sorted(experiments, key=lambda name: session.number(Path(name)))
    assert {path.name for path in Path(stores).iterdir()} == set(found), "stores"
    modes = Counter()
    for name, stream in found.items():
        path = Path(stores) / name
        try:
            held = Held(stream, path, lsb)
            stored = read_zarr(path)
            held.check(stored)
            held.check(si.load_extractor(path) if OLD else si.load(path))
            held.lost()
            held.beside(held.metadata())
            modes[held.lsb["mode"]] += 1
            if how != "none":
                held.as_read(stored, root, blocks, how)
        except Exception as error:
            raise AssertionError(f"{name}: {error}") from error
    print(*(f"{count} {mode}" for mode, count in sorted(modes.items())), sep=", ")


if __name__ == "__main__":
    main(*sys.argv[1:])

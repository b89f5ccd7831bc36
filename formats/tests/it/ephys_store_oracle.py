"""load FOLDER: the store in FOLDER is what FOLDER/expected.json says. save FOLDER: writes FOLDER/saved.zarr."""

import json
import sys
import warnings
from pathlib import Path

import numpy as np
import numcodecs
import spikeinterface.core as si
import zarr
from probeinterface import generate_linear_probe
from spikeinterface.core.zarrextractors import read_zarr

warnings.simplefilter("ignore")
verb, folder = sys.argv[1], Path(sys.argv[2])


def encode(store):
    """Chunks come as they are; here they are compressed as their metadata say."""
    for document in store.rglob(".zarray"):
        config = json.loads(document.read_text())["compressor"]
        if config:
            codec = numcodecs.get_codec(config)
            for chunk in document.parent.iterdir():
                if not chunk.name.startswith("."):
                    chunk.write_bytes(codec.encode(chunk.read_bytes()))


def same(what, got, expected):
    assert np.array_equal(np.asarray(got), np.asarray(expected)), (what, got, expected)


def check(rec, want):
    same("ids", rec.get_channel_ids(), want["ids"])
    same("fs", rec.get_sampling_frequency(), want["fs"])
    same("dtype", rec.get_dtype() == np.dtype("int16"), True)
    same("gain", rec.get_channel_gains(), [want["gain"]] * 4)
    same("offset", rec.get_channel_offsets(), want["offsets"])
    same("names", rec.get_property("channel_name"), want["names"])
    same("shifts", rec.get_property("inter_sample_shift"), want["shifts"])
    same("segments", rec.get_num_segments(), 2)
    for k in range(2):
        traces = np.fromfile(folder / f"traces{k}", "<i2").reshape(-1, 4)
        same("traces", rec.get_traces(k), traces)
        ids = rec.get_channel_ids()[1:3]
        same("slice", rec.get_traces(k, start_frame=17, end_frame=59, channel_ids=ids), traces[17:59, 1:3])
    same("times", rec.get_times(0), want["times0"])
    same("start", rec.get_times(1)[0], want["start1"])
    probe = rec.get_probegroup().probes[0]
    same("positions", probe.contact_positions, want["probe"]["contact_positions"])
    same("location", rec.get_channel_locations(), want["probe"]["contact_positions"])
    same("contacts", probe.contact_ids, want["probe"]["contact_ids"])
    same("wiring", probe.device_channel_indices, range(4))
    same("contour", probe.probe_planar_contour, want["probe"]["probe_planar_contour"])
    info = rec.get_annotation("probes_info")
    name = info[0]["name"] if info else probe.annotations["name"]
    same("name", name, want["info"]["name"])
    same("annotation", rec.get_annotation("experiment_name"), "experiment1")


def load():
    (store,) = folder.glob("*.zarr")
    encode(store)
    want = json.loads((folder / "expected.json").read_text())
    rec = read_zarr(store)
    check(rec, want)
    check(si.load(store) if hasattr(si, "load") else si.load_extractor(store), want)
    whole = zarr.open_consolidated(str(store), mode="r")
    tree = zarr.open(str(store), mode="r")
    names = lambda root: sorted([name for name, _ in _walk(root)])
    same("consolidated", names(whole), names(tree))
    for k in range(2):
        sync = np.fromfile(folder / f"sync{k}", "<i2").reshape(-1, 2)
        same("sync", whole[f"adt/sync_seg{k}"][:], sync)
    same("numbers", whole["adt/sample_numbers_seg0"][:], np.arange(250) * 2 - 7)
    same("table", whole["adt/restore"][:], [[-32768, 0], [5, 32767]])
    # What zarr-python itself would write for the same array has the same bytes.
    for name, array in _walk(tree):
        if isinstance(array, zarr.Array):
            again = zarr.open_array(
                str(folder / "again" / name), mode="w", shape=array.shape, chunks=array.chunks, dtype=array.dtype,
                compressor=array.compressor, fill_value=array.fill_value,
            )
            theirs = (folder / "again" / name / ".zarray").read_bytes()
            ours = (store / name / ".zarray").read_bytes()
            if array.compressor is None or array.compressor.codec_id == "blosc":
                assert ours == theirs, (name, ours, theirs)


def _walk(root):
    found = []
    root.visititems(lambda name, item: found.append((name, item)))
    return found


def save():
    rng = np.random.default_rng(0)
    segments = [rng.integers(-500, 500, (n, 4)).astype("<i2") for n in (250, 60)]
    rec = si.NumpyRecording(segments, 30000.0, channel_ids=["a", "b", "c", "d"])
    rec.set_channel_gains(0.195)
    rec.set_channel_offsets(0.0)
    probe = generate_linear_probe(4)
    probe.set_device_channel_indices(np.arange(4))
    rec = rec.set_probe(probe) or rec
    rec.set_times(np.arange(250) / 30000.0 + 5, segment_index=0, with_warning=False)
    rec.save(format="zarr", folder=folder / "saved.zarr", chunk_size=40, n_jobs=1, progress_bar=False)


{"load": load, "save": save}[verb]()

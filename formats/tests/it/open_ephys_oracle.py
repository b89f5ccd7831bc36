"""Holds what we read of a session (JSON) against neo and probeinterface: `open_ephys_oracle.py <session> <json>`.

Prints each difference; none is silence.
"""

import json
import sys

import neo.rawio
import numpy as np
import probeinterface

root, ours = sys.argv[1], json.load(open(sys.argv[2], encoding="utf-8"))
reader = neo.rawio.OpenEphysBinaryRawIO(root)
reader.parse_header()
header = reader.header


def same(what, theirs, mine):
    if theirs != mine:
        print(f"{what}: theirs {str(theirs)[:200]}, ours {str(mine)[:200]}")


def checksum(traces):
    flat = traces.astype("int64").ravel()
    return int((flat * (np.arange(flat.size) % 1009 + 1)).sum())


same("blocks", header["nb_block"], len(ours["experiments"]))
names = [str(stream["name"]) for stream in header["signal_streams"]]
for block, experiment in enumerate(ours["experiments"]):
    same("streams", names, [stream["name"] for stream in experiment["streams"]])
    for index, stream in enumerate(experiment["streams"]):
        what = f"{experiment['name']} {stream['name']}"
        mask = header["signal_channels"]["stream_id"] == header["signal_streams"][index]["id"]
        channels = header["signal_channels"][mask]
        same(f"{what} channels", [str(name) for name in channels["name"]], stream["channels"])
        same(f"{what} bit_volts", channels["gain"].tolist(), stream["bit_volts"])
        same(f"{what} rate", float(channels["sampling_rate"][0]), stream["sample_rate"])
        same(f"{what} segments", header["nb_segment"][block], len(stream["segments"]))
        for segment, mine in enumerate(stream["segments"]):
            where = f"{what} segment {segment}"
            same(f"{where} frames", reader.get_signal_size(block, segment, index), mine["frames"])
            same(f"{where} start", float(reader.get_signal_t_start(block, segment, index)), mine["t_start"])
            traces = reader.get_analogsignal_chunk(block, segment, stream_index=index)
            same(f"{where} samples", checksum(traces), mine["checksum"])
            sync, _ = reader._sig_streams[block][segment][index], None
            same(f"{where} first", int(sync["timestamp0"]), mine["first_sample"])
        try:
            probe = probeinterface.read_openephys(stream["settings"], stream_name=stream["name"], raise_error=False)
        except (FileNotFoundError, NotImplementedError):
            probe = None
        mine = stream["probe"]
        same(f"{what} has a probe", probe is not None, mine is not None)
        if probe is None or mine is None:
            continue
        theirs = probe.to_dict(array_as_list=True)
        for key in mine:
            if key not in ("annotations", "contact_annotations"):
                same(f"{what} {key}", theirs.get(key), mine[key])
        same(f"{what} keys", sorted(set(theirs) - {"annotations", "contact_annotations"}), sorted(set(mine) - {"annotations", "contact_annotations"}))
        info = stream["info"]
        for key in ("name", "serial_number", "manufacturer", "model_name", "part_number", "slot", "dock", "port"):
            same(f"{what} {key}", probe.annotations.get(key, getattr(probe, key, None)), info.get(key))

"""A clipped session is to neo and SpikeInterface what the whole one is, but short.

clipped.py SESSION CLIPPED FRAMES [sync|start]: how SpikeInterface reads times. Prints how many streams it held, segments counted.
"""

import sys
import warnings

import neo.rawio
import numpy as np
import spikeinterface
import spikeinterface.extractors as extractors

warnings.simplefilter("ignore")
whole, short, frames, how = sys.argv[1:]
frames = int(frames)


def same(what, got, wanted):
    assert np.array_equal(np.asarray(got), np.asarray(wanted)), f"{what}: {got} instead of {wanted}"


def opened(root):
    reader = neo.rawio.OpenEphysBinaryRawIO(root)
    reader.parse_header()
    return reader


theirs, ours = opened(whole), opened(short)
for part in ("nb_block", "nb_segment"):
    same(part, ours.header[part], theirs.header[part])
for part in ("signal_streams", "signal_channels", "event_channels", "spike_channels"):
    same(part, ours.header[part].tolist(), theirs.header[part].tolist())
held = 0
for block in range(theirs.header["nb_block"]):
    for segment in range(theirs.header["nb_segment"][block]):
        for stream in range(len(theirs.header["signal_streams"])):
            where = (block, segment, stream)
            wanted = theirs.get_analogsignal_chunk(block, segment, 0, None, stream)[:frames]
            same(f"frames of {where}", ours.get_signal_size(*where), len(wanted))
            same(f"samples of {where}", ours.get_analogsignal_chunk(block, segment, 0, None, stream), wanted)
            same(f"start of {where}", ours.get_signal_t_start(*where), theirs.get_signal_t_start(*where))
            held += 1

# The reader was given a longer name.
known = "openephys" if spikeinterface.__version__.startswith("0.100.") else "openephysbinary"
names, _ = extractors.get_neo_streams(known, whole)
same("streams", extractors.get_neo_streams(known, short)[0], names)
same("blocks", extractors.get_neo_num_blocks(known, short), theirs.header["nb_block"])
for block in range(theirs.header["nb_block"]):
    for name in names:
        part = {"stream_name": name, "block_index": block, "load_sync_timestamps": how == "sync"}
        one, other = (extractors.read_openephys(root, **part) for root in (short, whole))
        same("ids", one.get_channel_ids(), other.get_channel_ids())
        assert one.has_probe() == other.has_probe(), name
        if one.has_probe():
            same("positions", one.get_channel_locations(), other.get_channel_locations())
        for segment in range(other.get_num_segments()):
            same("traces", one.get_traces(segment), other.get_traces(segment)[:frames])
print(held)

"""A store of some channels of a stream is to SpikeInterface what those channels of the source are.

chosen.py SESSION STORE STREAM CHANNEL…: compares ids, gains, traces and, where the source has a probe, positions. Prints how many channels.
"""

import sys
import warnings

import numpy as np
import spikeinterface
import spikeinterface.extractors as extractors

warnings.simplefilter("ignore")
session, store, stream, *ids = sys.argv[1:]
source = extractors.read_openephys(session, stream_name=stream, block_index=0)
source = source.channel_slice(ids) if hasattr(source, "channel_slice") else source.select_channels(ids)
ours = spikeinterface.read_zarr(store)


def same(what, got, wanted):
    assert np.array_equal(np.asarray(got), np.asarray(wanted)), f"{what}: {got} instead of {wanted}"


same("ids", ours.channel_ids, source.channel_ids)
def microvolts(recording, segment):
    try:
        return recording.get_traces(segment_index=segment, return_in_uV=True)
    except TypeError:
        return recording.get_traces(segment_index=segment, return_scaled=True)


# Codes of a converter's step have a gain of their own.
raw = np.array_equal(ours.get_channel_gains(), source.get_channel_gains())
for segment in range(source.get_num_segments()):
    if raw:
        same("traces", ours.get_traces(segment_index=segment), source.get_traces(segment_index=segment))
    half = source.get_channel_gains().max() / 2
    assert np.allclose(microvolts(ours, segment), microvolts(source, segment), rtol=0, atol=half * 1.001), segment
if source.has_probe():
    got, wanted = ours.get_channel_locations(), source.get_channel_locations()
    assert np.allclose(got - got[0], wanted - wanted[0]), f"positions: {got} instead of {wanted}"
    same("contacts", ours.get_probe().contact_ids, source.get_probe().contact_ids)
print(len(ids))

"""A store with the probe of a file is to SpikeInterface what the recording is after `set_probegroup`.

probe_file.py SESSION STORE STREAM FILE: compares positions, groups and contact ids channel by channel. Prints how many channels.
"""

import sys
import warnings

import numpy as np
import probeinterface
import spikeinterface
import spikeinterface.extractors as extractors

warnings.simplefilter("ignore")
session, store, stream, file = sys.argv[1:]
ours = spikeinterface.read_zarr(store)
source = extractors.read_openephys(session, stream_name=stream, block_index=0)
# Some versions change the recording, others return another one.
wanted = source.set_probegroup(probeinterface.read_probeinterface(file), group_mode="by_probe") or source
assert list(ours.channel_ids) == list(source.channel_ids)
assert np.allclose(ours.get_channel_locations(), wanted.get_channel_locations()), ours.get_channel_locations()
assert np.array_equal(ours.get_property("group"), wanted.get_property("group")), ours.get_property("group")


def contacts(recording):
    listed = recording.get_probegroup().to_numpy(complete=True)
    return list(listed["contact_ids"][np.argsort(listed["device_channel_indices"], kind="stable")])


assert contacts(ours) == contacts(wanted), contacts(ours)
print(len(ours.channel_ids))

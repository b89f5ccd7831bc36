"""Holds properties and annotations of stores against those that SpikeInterface 0.105 gives the recording when it reads the session.

annotations.py SESSION STORES: prints what differs, other than what is documented, and how many stores were compared.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import spikeinterface.core as si
import spikeinterface.extractors as extractors
import wavpack_numcodecs  # noqa: F401, makes the codec known

warnings.simplefilter("ignore")

# For readers of 0.100, and ours.
OURS = {"location", "group", "channel_kind"}
# The outline is that of probeinterface 0.2.21; 0.4.2 has another one for each part.
OLD = {"probe_0_planar_contour"}
# Of the probe: the names that SpikeInterface 0.100 finds in the store.
NAMED = {"model_name", "manufacturer", "description", "shank_tips", "shank_thickness_um", "adc_sampling_table"}


def same(one, other):
    if one is None or other is None:
        return one is other
    one, other = np.asarray(one), np.asarray(other)
    if one.shape != other.shape:
        return False
    return np.array_equal(one, other) if one.dtype.kind in "US" else np.allclose(one, other, rtol=1e-15, atol=0)


def main(session, stores):
    compared = 0
    for path in sorted(Path(stores).iterdir()):
        experiment, name = path.stem.split("_", 1)
        theirs = extractors.read_openephys(session, stream_name=name, experiment_name=experiment)
        ours = si.load(path)
        ids = list(theirs.channel_ids)
        at = [list(ours.channel_ids).index(channel) for channel in ids]
        low = "LFP" in name
        # Volts without units, and volts labelled mV: SpikeInterface takes them as they are written.
        voltage = np.array([not str(channel).startswith(("AI", "AUX")) for channel in ids])
        for key in sorted(set(theirs.get_property_keys()) | set(ours.get_property_keys()) - OURS):
            one, other = theirs.get_property(key), ours.get_property(key)
            # The low band is converted in 12 rounds; SpikeInterface counts 13.
            if key == "inter_sample_shift" and low:
                one = one * 13 / 12
            other = None if other is None else other[at]
            if key in ("gain_to_uV", "physical_unit"):
                one, other = one[voltage], other[voltage]
            if not same(one, other):
                print(f"{path.name}: {key}: {one} is not {other}")
        for key in sorted((set(theirs._annotations) | set(ours._annotations)) - OLD):
            if not same(theirs._annotations.get(key), ours._annotations.get(key)):
                print(f"{path.name}: {key}: {theirs._annotations.get(key)} is not {ours._annotations.get(key)}")
        if theirs.has_probe():
            one, other = theirs.get_probe(), ours.get_probe()
            for key in ("adc_group", "adc_sample_order"):
                if not same(one.contact_annotations[key], other.contact_annotations.get(key)):
                    print(f"{path.name}: {key} of the contacts")
            for key in sorted(set(one.annotations) - NAMED):
                if not same(one.annotations[key], other.annotations.get(key)):
                    print(f"{path.name}: {key} of the probe: {one.annotations[key]} is not {other.annotations.get(key)}")
        compared += 1
    print(compared, "compared")


if __name__ == "__main__":
    main(*sys.argv[1:])

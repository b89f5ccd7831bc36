"""Zarr 3 reads every array of our stores, which have the format of Zarr 2.

zarr3.py SESSION STORES: stores of samples as they are. Prints how many arrays it read.
"""

import sys
from pathlib import Path

import numpy as np
import wavpack_numcodecs  # noqa: F401, makes the codec known
import zarr

import session

root, stores = sys.argv[1:]
assert zarr.__version__.startswith("3."), zarr.__version__
arrays = 0
for name, stream in session.streams(root).items():
    for opened in (
        zarr.open_group(Path(stores) / name, mode="r", zarr_format=2, use_consolidated=True),
        zarr.open_group(Path(stores) / name, mode="r", zarr_format=2, use_consolidated=False),
    ):
        for _, array in opened.members(max_depth=None):
            if isinstance(array, zarr.Array):
                array[...]
                arrays += 1
        assert list(opened["channel_ids"][:]) == stream.ids, name
        assert np.array_equal(opened["properties/gain_to_uV"][:], stream.gains), name
        for number, segment in enumerate(stream.segments):
            assert np.array_equal(opened[f"traces_seg{number}"][:], segment.traces), name
            if segment.times is not None:
                assert np.array_equal(opened[f"times_seg{number}"][:], segment.times), name
            if segment.beside.shape[1]:
                assert np.array_equal(opened[f"adt/sync_seg{number}"][:], segment.beside), name
print(arrays)

"""`spikeinterface_peer.py SESSION STORE [lsb]`: what a lab does today, in two processes; with `lsb`, after `correct_lsb`."""

import sys

import spikeinterface.preprocessing as preprocessing
from spikeinterface.extractors import read_openephys
from wavpack_numcodecs import WavPack


def main(session: str, store: str, lsb: bool) -> None:
    recording = read_openephys(session, stream_id="0", load_sync_timestamps=True)
    if lsb:
        # As many samples to find the step in as the Python original takes.
        recording = preprocessing.correct_lsb(recording, num_chunks_per_segment=100, chunk_size=10_000, seed=0)
    recording.save(
        format="zarr",
        folder=store,
        compressor=WavPack(level=3),
        compressor_by_dataset={"times": None},
        chunk_duration="1s",
        n_jobs=2,
        progress_bar=False,
    )


# Its processes are forked, so they do not come here; those of other systems do.
if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "lsb" in sys.argv[3:])

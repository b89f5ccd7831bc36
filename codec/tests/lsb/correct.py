"""What SpikeInterface's correct_lsb makes of a recording.

Arguments: columns, chunk size, chunks per segment, frames of each segment. Raw int16 comes on standard input; out go a line
of JSON (gains), then the int16 of the result.
"""
import json
import sys
import warnings

import numpy
import spikeinterface
import spikeinterface.preprocessing

warnings.simplefilter("ignore")
columns, chunk_size, chunks, *frames = map(int, sys.argv[1:])
samples = numpy.frombuffer(sys.stdin.buffer.read(), "<i2").reshape(-1, columns)
segments = numpy.split(samples, numpy.cumsum(frames)[:-1])
recording = spikeinterface.NumpyRecording(segments, 30000.0)
recording.set_channel_gains(0.1949999928474426)
recording.set_channel_offsets(0.0)
corrected = spikeinterface.preprocessing.correct_lsb(
    recording, num_chunks_per_segment=chunks, chunk_size=chunk_size, seed=0
)
sys.stdout.buffer.write(json.dumps(corrected.get_channel_gains().tolist()).encode() + b"\n")
for segment in range(len(frames)):
    sys.stdout.buffer.write(corrected.get_traces(segment_index=segment).astype("<i2").tobytes())

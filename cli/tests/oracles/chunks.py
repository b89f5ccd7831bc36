"""Every chunk of traces is a whole WavPack file that libwavpack decodes to a full chunk, zero where the recording has ended.

chunks.py STORES [WVUNPACK]: with the program, it decodes each chunk too. Prints how many chunks there were.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from wavpack_numcodecs import WavPack

stores, *program = sys.argv[1:]
chunks = 0
for document in Path(stores).rglob("traces_seg*/.zarray"):
    about = json.loads(document.read_text())
    assert about["compressor"]["id"] == "wavpack" and about["dtype"] == "<i2" and about["order"] == "C", document
    (frames, channels), (long, wide) = about["shape"], about["chunks"]
    names = {f"{i}.0" for i in range(-(-frames // long))}
    assert wide == channels
    assert {file.name for file in document.parent.iterdir()} == names | {".zarray"}, document.parent
    for name in names:
        packed = document.with_name(name)
        samples = np.frombuffer(WavPack().decode(packed.read_bytes()), "<i2")
        assert samples.size == long * wide, (packed, samples.size)
        rest = max(0, frames - int(name.split(".")[0]) * long)
        assert not samples.reshape(long, wide)[rest:].any(), f"{packed}: what follows the end is not 0"
        if program:
            ran = subprocess.run([*program, "-q", "--raw", "-o", "-", packed], capture_output=True, check=True)
            assert ran.stdout == samples.tobytes(), f"{packed}: two decoders, two results"
        chunks += 1
print(chunks)

"""`neuropixels.py FOLDER SECONDS`: a session of one Neuropixels 1.0 probe as the Open Ephys GUI 0.6 writes it. Needs numpy.

384 channels at 30 kHz: noise, part of it shared by neighbours, a common mode, drift, and spikes, all in steps of 12 counts, as
the converter of the probe makes them. The same bytes for the same seconds; one second is in memory at a time.
"""

import json
import sys
from pathlib import Path

import numpy as np

CHANNELS, RATE, STEP, BIT_VOLTS = 384, 30_000, 12, 0.1949999988079071
NODE, FOLDER, STREAM = "Record Node 101", "Neuropix-PXI-100.ProbeA-AP", "ProbeA-AP"
SPIKE, REACH, UNITS, PER_SECOND = 60, 6, 100, 8


def main(root: Path, seconds: int) -> None:
    recording = root / NODE / "experiment1" / "recording1"
    stream = recording / "continuous" / FOLDER
    stream.mkdir(parents=True)
    (root / NODE / "settings.xml").write_text(settings())
    (recording / "structure.oebin").write_text(json.dumps(structure(), indent=4))
    (recording / "sync_messages.txt").write_text(f"Start Time for Neuropix-PXI (100) - {STREAM} @ {RATE} Hz: 1000\n")
    frames = np.arange(seconds * RATE)
    np.save(stream / "sample_numbers.npy", 1000 + frames)
    np.save(stream / "timestamps.npy", frames / RATE + 0.25)
    with (stream / "continuous.dat").open("wb") as file:
        for block in blocks(seconds):
            file.write(block.tobytes())


def blocks(seconds: int):
    """The samples, second by second."""
    chance = np.random.default_rng(20_260_101)
    share = 0.7 + 0.3 * chance.random(CHANNELS, dtype=np.float32)
    slope = np.linspace(0.5, 1.5, CHANNELS, dtype=np.float32)
    units = [unit(chance) for _ in range(UNITS)]
    value = 0.0
    for second in range(seconds):
        x = chance.standard_normal((RATE, CHANNELS), dtype=np.float32) * 4
        near = chance.standard_normal((RATE, CHANNELS), dtype=np.float32) * 3
        x[:, 1:] += 0.5 * (near[:, 1:] + near[:, :-1])
        common = np.empty(RATE, np.float32)
        for at, push in enumerate(chance.standard_normal(RATE).tolist()):
            value = 0.99 * value + push
            common[at] = value
        x += common[:, None] * share
        time = (np.arange(RATE) + second * RATE) / RATE
        x += (20 * np.sin(2 * np.pi * 1.1 * time)).astype(np.float32)[:, None] * slope
        for low, high, shape in units:
            for start in chance.integers(0, RATE - SPIKE, PER_SECOND):
                x[start : start + SPIKE, low:high] += shape
        yield np.clip(np.rint(x), -512, 511).astype("<i2") * np.int16(STEP)


def unit(chance):
    """Where a neuron lies, and what its spikes are like on each channel near it."""
    t = np.arange(SPIKE) / 30
    wave = 0.35 * np.exp(-(((t - 0.8) / 0.3) ** 2)) - np.exp(-(((t - 0.4) / 0.12) ** 2))
    centre, size = chance.integers(0, CHANNELS), chance.uniform(10, 40)
    low, high = max(0, centre - REACH), min(CHANNELS, centre + REACH + 1)
    reach = np.exp(-np.abs(np.arange(low, high) - centre) / 2.5) * size
    return low, high, (wave[:, None] * reach).astype(np.float32)


def structure() -> dict:
    channel = {"description": "", "identifier": "", "history": "", "bit_volts": BIT_VOLTS, "units": ""}
    stream = {
        "folder_name": FOLDER + "/",
        "sample_rate": float(RATE),
        "source_processor_name": "Neuropix-PXI",
        "source_processor_id": 100,
        "stream_name": STREAM,
        "recorded_processor": "Record Node",
        "recorded_processor_id": 101,
        "num_channels": CHANNELS,
        "channels": [{"channel_name": f"CH{number + 1}", **channel} for number in range(CHANNELS)],
    }
    return {"GUI version": "0.6.4", "continuous": [stream], "events": [], "spikes": []}


def settings() -> str:
    """The probe's sites stand in a chequerboard of four columns."""
    row = lambda value: " ".join(f'CH{number}="{value(number)}"' for number in range(CHANNELS))
    columns = (27, 59, 11, 43)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<SETTINGS>
  <INFO><VERSION>0.6.4</VERSION></INFO>
  <SIGNALCHAIN>
    <PROCESSOR name="Neuropix-PXI" libraryName="Neuropix-PXI" libraryVersion="0.5.0" nodeId="100">
      <STREAM name="{STREAM}"/>
      <EDITOR displayName="Neuropix-PXI">
        <NEUROPIXELS_EDITOR MainSyncSlot="0"/>
        <NP_PROBE slot="3" port="1" dock="1" probe_serial_number="18005106831" headstage_part_number="NP_HS_1"
                  probe_part_number="PRB_1_4_0480_1" probe_name="Neuropixels 1.0" custom_probe_name="18005106831"
                  referenceChannel="Ext" apGainValue="500x" lfpGainValue="250x">
          <CHANNELS {row(lambda number: 0)}/>
          <ELECTRODE_XPOS {row(lambda number: columns[number % 4])}/>
          <ELECTRODE_YPOS {row(lambda number: 20 * (number // 2))}/>
        </NP_PROBE>
      </EDITOR>
    </PROCESSOR>
    <PROCESSOR name="Record Node" nodeId="101">
      <CUSTOM_PARAMETERS engine="BINARY"><STREAM name="{STREAM}" recording_state="ALL"/></CUSTOM_PARAMETERS>
    </PROCESSOR>
  </SIGNALCHAIN>
</SETTINGS>
"""


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

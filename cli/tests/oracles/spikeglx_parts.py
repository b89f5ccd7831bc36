"""A SpikeGLX run with a probe of every part that probeinterface knows.

spikeglx_parts.py make FOLDER [old]: writes the run, with electrodes chosen by chance; `old` names kinds of `imroTbl` by number, as SpikeGLX did before 2026.
spikeglx_parts.py compare FOLDER STORES: prints how many probes in the stores are those that probeinterface reads.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np
import probeinterface

TABLE = json.loads((Path(probeinterface.__file__).parent / "resources/neuropixels_probe_features.json").read_text())
PARTS = TABLE["neuropixels_probes"]
FRAMES = 4
choose = random.Random(5)


def rows(probe, kind):
    """The rows of `imroTbl`, and how many channels the probe has."""
    channels, shanks = int(probe["num_readout_channels"]), int(probe["num_shanks"])
    each = int(probe["cols_per_shank"]) * int(probe["rows_per_shank"])
    if kind == "imro_np1110":
        return [f"{group} {choose.randrange(16)} {choose.randrange(16)}" for group in range(24)], channels
    if kind == "imro_np1000":
        channels = min(channels, each)
        banks = [[bank for bank in range(each // 384 + 1) if bank * 384 + n < each] for n in range(channels)]
        return [f"{n} {choose.choice(some)} 0 500 250 1" for n, some in enumerate(banks)], channels
    electrodes = [(shank, n) for shank in range(shanks) for n in range(each)]
    chosen = choose.sample(electrodes, min(channels, len(electrodes)))
    if kind in ("imro_np2000", "imro_np2003", "imro_np3010"):
        return [f"{n} 1 0 {electrode}" for n, (_, electrode) in enumerate(chosen)], len(chosen)
    return [f"{n} {shank} 0 0 {electrode}" for n, (shank, electrode) in enumerate(chosen)], len(chosen)


def described(number, part, old):
    probe = PARTS[part]
    kind = probe["imro_table_format_type"]
    numbers = [key for key, value in TABLE["z_imro_format_type_to_imro_format"].items() if value == kind]
    name = next((key for key in numbers if part.endswith(key)), numbers[0]) if old else part
    table, channels = rows(probe, kind)
    header = f"{name},2,0,500,250,1" if kind == "imro_np1110" else f"{name},{channels}"
    low = channels if float(probe["lf_sample_frequency_hz"]) > 0 else 0
    values = {
        "typeThis": "imec",
        "fileName": f"D:/x_g0_t0.imec{number}.ap.bin",
        "fileSizeBytes": 2 * (channels + 1) * FRAMES,
        "fileTimeSecs": FRAMES / 30000,
        "firstSample": 0,
        "imSampRate": 30000,
        "nSavedChans": channels + 1,
        "acqApLfSy": f"{channels},{low},1",
        "snsApLfSy": f"{channels},0,1",
        "snsSaveChanSubset": f"0:{channels - 1},{channels + low}",
        "imAiRangeMax": float(probe["adc_range_vpp"]) / 2,
        "imMaxInt": 2 ** (int(probe["adc_bit_depth"]) - 1),
        "imDatPrb_pn": part,
        "imDatPrb_sn": number,
        "~imroTbl": f"({header})" + "".join(f"({row})" for row in table),
    }
    return channels, "".join(f"{key}={value}\n" for key, value in values.items())


def make(folder, old):
    Path(folder).mkdir(parents=True, exist_ok=True)
    for number, part in enumerate(sorted(PARTS)):
        channels, text = described(number, part, old)
        stem = Path(folder) / f"x_g0_t0.imec{number}.ap"
        Path(f"{stem}.meta").write_text(text)
        np.zeros(((channels + 1), FRAMES), "<i2").tofile(f"{stem}.bin")
    print(len(PARTS))


def shanks(probe):
    count = probe.get_contact_count()
    return list(map(str, probe.shank_ids)) if probe.shank_ids is not None else [""] * count


def compare(folder, stores):
    equal = 0
    for number, part in enumerate(sorted(PARTS)):
        theirs = probeinterface.read_spikeglx(Path(folder) / f"x_g0_t0.imec{number}.ap.meta")
        attributes = json.loads((Path(stores) / f"x_imec{number}.ap.zarr/.zattrs").read_text())
        ours = probeinterface.Probe.from_dict(attributes["probe"]["probes"][0])
        apart = ours.contact_positions - theirs.contact_positions
        assert np.allclose(apart, apart[0]), f"{part}: positions"
        assert list(ours.contact_ids) == list(theirs.contact_ids), f"{part}: contacts"
        assert shanks(ours) == shanks(theirs), f"{part}: shanks"
        assert list(ours.device_channel_indices) == list(theirs.device_channel_indices), f"{part}: wiring"
        equal += 1
    print(equal)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2], "old" in sys.argv)
    else:
        compare(*sys.argv[2:])

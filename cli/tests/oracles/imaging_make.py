"""Images as microscopes and people write them. What a reader must find in each is put into `expected`.

usage: imaging_make.py WHAT SESSION EXPECTED
"""

import gzip
import json
import struct
import sys
from pathlib import Path

import h5py
import imagecodecs
import numpy as np
import tifffile

WHAT, SESSION, EXPECTED = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
NOISE = np.random.default_rng(42)


def noise(shape, dtype):
    """Every value that the type has, and for floats some around 0."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return NOISE.normal(0, 1000, shape).astype(dtype)
    info = np.iinfo(dtype)
    return NOISE.integers(info.min, info.max, shape, dtype=dtype.newbyteorder("="), endpoint=True).astype(dtype)


def expect(group, voxels, voxel=(1, 1, 1), origin=(0, 0, 0)):
    """Axes of `voxels` are t, c, z, y, x, the first ones left out."""
    EXPECTED.mkdir(parents=True, exist_ok=True)
    five = voxels.reshape((1,) * (5 - voxels.ndim) + voxels.shape)
    np.save(EXPECTED / f"{group}.npy", five.astype(five.dtype.newbyteorder("=")))
    facts = {"voxel": [float(side) for side in voxel], "origin": [float(place) for place in origin]}
    (EXPECTED / f"{group}.json").write_text(json.dumps(facts))


def tiff(name, voxels, voxel=(1, 1, 1), origin=(0, 0, 0), five=None, **options):
    path = SESSION / name
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, voxels, **options)
    expect(path.stem + ".zarr", voxels if five is None else five, voxel, origin)


def imagej(name, voxels, **options):
    """Voxels of 2 × 0.75 × 0.5 µm."""
    metadata = {"spacing": 2.0, "unit": "um", **options.pop("metadata", {})}
    tiff(name, voxels, (2.0, 0.75, 0.5), imagej=True, metadata=metadata, resolution=(1 / 0.5, 1 / 0.75), **options)


def ome(name, voxels, axes, five=None, **options):
    sides = {f"PhysicalSize{axis}{key}": value for axis, side in zip("XYZ", (0.26, 0.3, 1.5))
             for key, value in (("", side), ("Unit", "µm"))}
    tiff(name, voxels, (1.5, 0.3, 0.26), five=five, ome=True, metadata={"axes": axes, **sides}, **options)


def plain(name, voxels, **options):
    tiff(name, voxels, metadata=None, photometric="minisblack", **options)


def matrix():
    """Writers, byte orders, compressions, layouts, types, numbers of axes, and sizes that no factor divides."""
    odd = (9, 21, 33)
    imagej("imagej.tif", noise(odd, "u2"))
    imagej("imagej_u8.tif", noise((5, 40, 31), "u1"))
    imagej("imagej_f4.tif", noise((6, 18, 27), "f4"))
    four = noise((5, 2, 19, 23), "u2")
    imagej("imagej_channels.tif", four, metadata={"axes": "ZCYX"}, five=four.transpose(1, 0, 2, 3)[None])
    ome("ome.ome.tif", noise(odd, "u2"), "ZYX")
    five = noise((2, 3, 7, 15, 17), "u2")
    ome("five.ome.tif", five, "TCZYX")
    other = noise((3, 7, 15, 17), "u1")
    ome("channels.ome.tiff", other, "CZYX", compression="zlib")
    plain("big.tiff", noise((37, 45, 70), "u2"), bigtiff=True)
    plain("big_end.tif", noise(odd, "u2"), byteorder=">")
    plain("big_end_i16.tif", noise((11, 20, 30), "i2"), byteorder=">", compression="zlib", predictor=True)
    plain("deflate.tif", noise(odd, "u2"), compression="zlib", rowsperstrip=8)
    plain("lzw.tif", noise(odd, "u2"), compression="lzw", predictor=True)
    plain("zstd.tif", noise(odd, "i2"), compression="zstd", rowsperstrip=5)
    plain("packbits.tif", noise(odd, "u1") // 128, compression="packbits")
    plain("tiled.tif", noise((10, 70, 90), "u2"), tile=(16, 32))
    plain("tiled_zlib.tif", noise((3, 50, 40), "i2"), tile=(32, 16), compression="zlib")
    plain("strips.tif", noise((8, 24, 33), "u4"), rowsperstrip=8)
    plain("float.tif", noise((13, 14, 15), "f4"))
    plain("plane.tif", noise((61, 47), "u2"))
    plain("one_voxel.tif", noise((1, 1, 1), "u2"))
    plain("one_row.tif", noise((9, 1, 40), "u2"))
    plain("two.tif", noise((2, 2, 2), "u2"))
    plain("three.tif", noise((3, 3, 3), "u4"))
    tiff("shaped.tif", noise(odd, "u2"))
    tiff("shaped_big.tif", noise((5, 30, 20), "u1"), bigtiff=True, photometric="minisblack")


def few():
    imagej("imagej.tif", noise((9, 21, 33), "u2"))
    ome("five.ome.tif", noise((2, 3, 7, 15, 17), "u1"), "TCZYX")
    plain("plain.tif", noise((12, 40, 30), "f4"))


def two_tiles():
    """As the exaSPIM rig names them."""
    imagej("exaSPIM/tile_X_0000_Y_0000_Z_0000_ch_488.tif", noise((37, 150, 233), "u2"))
    plain("exaSPIM/tile_X_0001_Y_0000_Z_0000_ch_561.tif", noise((20, 64, 64), "u2"), compression="zlib")


def two_good():
    imagej("tile_X_0000_Y_0000_Z_0000_ch_488.tif", noise((9, 21, 33), "u2"))
    plain("good.tiff", noise((6, 30, 20), "u1"))


def two_larger():
    """Of which one fills what memory there is at least."""
    for name in ["one.tif", "two.tif"]:
        plain(name, noise((60, 300, 300), "u2"))


def unwanted(name):
    """An image that nobody expects to be converted."""
    for path in EXPECTED.glob(Path(name).stem + ".zarr.*"):
        path.unlink()


def damaged(name, change, **options):
    plain(name, noise((9, 21, 33), "u2"), **options)
    unwanted(name)
    path = SESSION / name
    path.write_bytes(change(path.read_bytes()))


def strip_beyond_the_end(name):
    plain(name, noise((9, 21, 33), "u2"))
    unwanted(name)
    with tifffile.TiffFile(SESSION / name, mode="r+b") as file:
        file.pages[-1].tags["StripOffsets"].overwrite(2**31)


def bad():
    """Each is wrong in its own way, beside two that are right."""
    two_good()
    damaged("cut.tif", lambda data: data[: len(data) * 2 // 3])
    damaged("cut_header.tif", lambda data: data[:6])
    damaged("cut_deflate.tif", lambda data: data[: len(data) - 900], compression="zlib")
    damaged("no_tiff.tif", lambda data: b"this is a note" * 20)
    damaged("empty.tif", lambda data: b"")
    strip_beyond_the_end("beyond.tif")
    for name in ["twin.tif", "twin.tiff"]:
        plain(name, noise((3, 8, 8), "u2"))
    unwanted("twin.tif")
    plain("sample_ch_488_561.tif", noise((4, 8, 8), "u2"))
    unwanted("sample_ch_488_561.tif")
    for name in ["double.tif", "complex.tif", "u64.tif"]:
        plain(name, np.zeros((4, 8, 8), {"double.tif": "f8", "complex.tif": "c8", "u64.tif": "u8"}[name]))
        unwanted(name)
    (SESSION / "no_imaris.ims").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(4000))
    (SESSION / "text.h5").write_bytes(b"not HDF5 at all")


def session():
    """Tiles whose places and voxels `acquisition.json` tells; only the first one is in it by name."""
    first, second = "tile_X_0000_Y_0000_Z_0000_ch_488.tif", "tile_X_0001_Y_0000_Z_0000_ch_561.tif"
    told = (1.0, 0.75, 0.748)
    tiff(f"exaSPIM/{first}", noise((37, 50, 73), "u2"), told, (30, 20, 10), metadata=None)
    tiff(f"exaSPIM/{second}", noise((20, 64, 64), "u2"), told, imagej=True, metadata={"spacing": 9, "unit": "um"})
    moved = [
        {"type": "scale", "scale": ["0.748", "0.75", "1.0"]},
        {"type": "translation", "translation": ["10", "20", "30"]},
    ]
    document = {"tiles": [{"file_name": first, "coordinate_transformations": moved}]}
    (SESSION / "acquisition.json").write_text(json.dumps(document))


def nothing():
    SESSION.mkdir(parents=True, exist_ok=True)


def interleaved():
    """Planes of two and of three wavelengths in turn, their number no multiple."""
    for name, wavelengths, planes in [
        ("tile_X_0000_Y_0001_Z_0002_ch_488_561_cam1.tiff", [488, 561], 9),
        ("tile_x_0003_y_0001_z_0002_ch_405_488_638.tif", [405, 488, 638], 8),
    ]:
        voxels = noise((planes, 21, 33), "u2")
        plain(name, voxels, bigtiff=True)
        unwanted(name)
        for first, wavelength in enumerate(wavelengths):
            prefix = name[: name.index("_ch_")]
            expect(f"{prefix}_ch_{wavelength}.zarr", voxels[first :: len(wavelengths)])


def subtracted(name, dtype, dark, fitted):
    """`fitted` is what becomes of the background where it has another size than the planes."""
    voxels = noise((7, 21, 33), dtype)
    dark_name = "bkg_" + name[: name.index("_ch_")] + ".tiff"
    (SESSION / "derivatives").mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(SESSION / "derivatives" / dark_name, dark, metadata=None)
    plain("exaSPIM/" + name, voxels)
    difference = np.clip(voxels.astype(np.int32) - fitted, 0, 65535).astype("u2")
    expect(Path(name).stem + ".zarr", difference)


def backgrounds():
    """Of the planes' own size, larger, smaller, and for 8 bits."""
    same = NOISE.integers(0, 40000, (21, 33), dtype="u2")
    larger = NOISE.integers(0, 300, (25, 40), dtype="u2")
    smaller = NOISE.integers(0, 300, (20, 30), dtype="u2")
    light = NOISE.integers(0, 100, (21, 33), dtype="u2")
    subtracted("tile_X_0000_Y_0000_Z_0000_ch_488.tiff", "u2", same, same)
    subtracted("tile_X_0001_Y_0000_Z_0000_ch_488.tiff", "u2", larger, larger[:21, :33])
    padded = np.pad(smaller, ((0, 1), (0, 3)), mode="edge")
    subtracted("tile_x_0002_y_0000_z_0000_ch_488.tif", "u2", smaller, padded)
    subtracted("tile_X_0003_Y_0000_Z_0000_ch_488.tiff", "u1", light, light)


def one_background():
    backgrounds()
    missing = "tile_X_0009_Y_0000_Z_0000_ch_488.tiff"
    plain("exaSPIM/" + missing, noise((7, 21, 33), "u2"))
    unwanted(missing)


def golden():
    """The first input of the specification's appendix: 9 × 21 × 33 voxels of ImageJ."""
    imagej("ij.tif", noise((9, 21, 33), "u2"))


def sparse():
    """A BigTIFF of 12 GiB of which next to nothing is on the disk: every plane, and every page, half a gibibyte after the last."""
    voxels = noise((24, 40, 50), "u2")
    expect("sparse.zarr", voxels)
    size, apart = voxels[0].nbytes, 1 << 29
    with open(SESSION / "sparse.tif", "wb") as file:
        file.write(struct.pack("<2sHHHQ", b"II", 43, 8, 0, 64 + size))
        for number, plane in enumerate(voxels):
            strip = 64 + number * apart
            tags = [(256, 4, 50), (257, 4, 40), (258, 3, 16), (259, 3, 1), (262, 3, 1), (273, 16, strip)]
            tags += [(277, 3, 1), (278, 4, 40), (279, 16, size)]
            after = 64 + (number + 1) * apart + size if number + 1 < len(voxels) else 0
            file.seek(strip)
            file.write(plane.astype("<u2").tobytes())
            file.write(struct.pack("<Q", len(tags)))
            file.write(b"".join(struct.pack("<HHQQ", tag, kind, 1, value) for tag, kind, value in tags))
            file.write(struct.pack("<Q", after))
        file.truncate(12 << 30)


def one_page():
    """ImageJ's way beyond 4 GiB: one page, and the planes one after the other. All are black but a few."""
    shape, path = (2200, 1024, 1024), SESSION / "one_page.tif"
    description = f"ImageJ=1.54\nimages={shape[0]}\nslices={shape[0]}\nunit=um\nspacing=2.0\nloop=false\n".encode()
    description += bytes(-len(description) % 2)
    begin = 1024
    tags = [(256, 4, 1024), (257, 4, 1024), (258, 3, 16), (259, 3, 1), (262, 3, 1), (270, 2, 512), (273, 4, begin)]
    tags += [(277, 3, 1), (278, 4, 1024), (279, 4, 2 << 20)]
    with open(path, "wb") as file:
        file.write(struct.pack("<2sHIH", b"II", 42, 8, len(tags)))
        for tag, kind, value in tags:
            file.write(struct.pack("<HHII", tag, kind, len(description) if tag == 270 else 1, value))
        file.write(struct.pack("<I", 0))
        file.seek(512)
        file.write(description)
        for plane in [0, 2049, 2199]:
            file.seek(begin + plane * (2 << 20))
            file.write(noise(shape[1:], "u2").tobytes())
        file.truncate(begin + shape[0] * (2 << 20))


def imaris():
    """Two channels and two timepoints, padded to whole chunks as Imaris does it."""
    voxels = noise((2, 2, 9, 21, 33), "u2")
    expect("tile.zarr", voxels, (1.0, 0.75, 0.75), (30, 20, 10))
    letters = lambda text: np.frombuffer(str(text).encode(), "S1")
    with h5py.File(SESSION / "tile.ims", "w", libver=("earliest", "v108")) as file:
        info = file.create_group("DataSetInfo/Image")
        facts = {"X": 33, "Y": 21, "Z": 9, "Unit": "um", "ExtMin0": 10, "ExtMin1": 20, "ExtMin2": 30}
        facts |= {"ExtMax0": 34.75, "ExtMax1": 35.75, "ExtMax2": 39}
        for name, fact in facts.items():
            info.attrs[name] = letters(fact)
        for t, c in np.ndindex(2, 2):
            group = file.create_group(f"DataSet/ResolutionLevel 0/TimePoint {t}/Channel {c}")
            for name, size in {"X": 33, "Y": 21, "Z": 9}.items():
                group.attrs[f"ImageSize{name}"] = letters(size)
            padded = np.pad(voxels[t, c], ((0, 3), (0, 3), (0, 7)))
            group.create_dataset("Data", data=padded, chunks=(4, 8, 8), compression="gzip", shuffle=True)


def smartspim():
    """Planes in files of their own, called by their place along z in tenths of a micrometre."""
    for channel in ["Ex_488_Em_525", "Ex_561_Em_600"]:
        voxels = noise((7, 21, 33), "u2")
        folder = SESSION / "SmartSPIM" / channel / "000000" / "000000_001200"
        folder.mkdir(parents=True)
        for number, plane in enumerate(voxels):
            (folder / f"{number * 20:06}.png").write_bytes(imagecodecs.png_encode(plane))
        expect(f"{channel}~000000_001200.ome.zarr", voxels, (2, 1, 1))


def n5():
    """Blocks of gzip, cut at the end of each axis, one of them missing."""
    voxels = noise((9, 21, 33), "u2")
    voxels[4:8, 8:16, :16] = 0
    expect("made", voxels)
    folder = SESSION / "s0"
    folder.mkdir()
    (SESSION / "attributes.json").write_text('{"n5": "2.5.0"}')
    facts = {"dimensions": [33, 21, 9], "blockSize": [16, 8, 4], "dataType": "uint16"}
    (folder / "attributes.json").write_text(json.dumps(facts | {"compression": {"type": "gzip", "level": 5}}))
    for z, y, x in np.ndindex(3, 3, 3):
        block = voxels[z * 4 :, y * 8 :, x * 16 :][:4, :8, :16]
        if (z, y, x) == (1, 1, 0):
            continue
        head = struct.pack(">HHIII", 0, 3, *reversed(block.shape))
        path = folder / str(x) / str(y) / str(z)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(head + gzip.compress(block.astype(">u2").tobytes()))


globals()[WHAT]()

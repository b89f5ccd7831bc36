"""Writes files as Imaris does with h5py into a folder, beside each its voxels as h5py reads them: T, C, Z, Y, X, little-endian.

With a second argument: the few small files that the other tests begin with.
"""
import json, sys
import h5py, hdf5plugin, numpy as np

folder, cases = sys.argv[1], []
random = np.random.default_rng(1)
SHAPE = (9, 21, 33)
NEW, OLD = ("v108", "v108"), ("earliest", "v108")
LZ4 = dict(shuffle=True, **hdf5plugin.LZ4())
GZIP = dict(shuffle=True, compression="gzip", compression_opts=2)


def text(value):
    """Imaris keeps texts as arrays of single bytes."""
    return np.frombuffer(str(value).encode(), dtype="S1")


def voxels(shape, dtype):
    """Noise on a ramp; one corner is empty."""
    data = np.cumsum(random.integers(0, 3, shape), axis=-1) * 7 + random.integers(0, 100)
    if np.dtype(dtype).kind == "f":
        data = data + random.random(shape)
    data = data.astype(dtype)
    data[: shape[0] // 3, : shape[1] // 3, :5] = 0
    return data


def padded(data, chunks):
    return np.pad(data, [(0, -n % c) for n, c in zip(data.shape, chunks)])


def describe(file, shape, channels, extent, unit, lean):
    file.attrs["ImarisDataSet"] = text("ImarisDataSet")
    file.attrs["ImarisVersion"] = text("5.5.0")
    image = file.create_group("DataSetInfo/Image")
    for axis, n, ends in zip("XYZ", shape[::-1], extent):
        image.attrs[axis] = text(n)
        for name, value in zip(("ExtMin", "ExtMax"), ends):
            image.attrs[f"{name}{'XYZ'.index(axis)}"] = text(value)
    image.attrs["Unit"] = text(unit)
    for name, value in (("Name", "(name not specified)"), ("RecordingDate", "2024-01-02 03:04:05.000"),
                        ("Description", "words " * (1 if lean else 100)), ("Noname", "1")):
        image.attrs[name] = text(value)
    for c in range(channels):
        channel = file.create_group(f"DataSetInfo/Channel {c}")
        channel.attrs["Name"] = text("(name not specified)" if c == 1 else f"laser {c}")
        channel.attrs["Color"] = text("1.000 0.500 0.000")
        channel.attrs["Description"] = text("")
    if lean:
        return
    file.create_group("DataSetTimes")
    file.create_group("Thumbnail").create_dataset("Data", data=np.zeros((8, 8), "u1"))


EXTENT = [("10.000000000", "34.750000000"), ("20", "35.75"), ("30", "39")]


def case(name, shape=SHAPE, dtype="u2", chunks=(4, 8, 8), libver=NEW, times=1, channels=1, extent=EXTENT, write=None,
         userblock=0, unit="um", levels=2, sizes=True, lean=False, **options):
    path = f"{folder}/{name}.ims"
    with h5py.File(path, "w", libver=libver, userblock_size=userblock) as file:
        describe(file, shape, channels, extent, unit, lean)
        for level in range(levels):
            size = [max(n >> level, 1) for n in shape]
            for t in range(times):
                for c in range(channels):
                    group = file.create_group(f"DataSet/ResolutionLevel {level}/TimePoint {t}/Channel {c}")
                    if sizes:
                        for axis, n in zip("XYZ", size[::-1]):
                            group.attrs[f"ImageSize{axis}"] = text(n)
                    group.attrs["HistogramMin"], group.attrs["HistogramMax"] = text("0.000"), text("255.000")
                    if not lean:
                        group.create_dataset("Histogram", data=np.zeros(256, "u8"))
                    data = voxels(size, dtype)
                    if chunks:
                        data = padded(data, chunks)
                    if write and level == 0:
                        write(group, data, chunks)
                    else:
                        group.create_dataset("Data", data=data, chunks=chunks, **options)
    say(name, shape, times, channels, extent)


def say(name, shape, times, channels, extent):
    z, y, x = shape
    with h5py.File(f"{folder}/{name}.ims") as file, open(f"{folder}/{name}.raw", "wb") as out:
        image = file["DataSetInfo/Image"].attrs
        assert [int(b"".join(image[axis].tolist())) for axis in "ZYX"] == list(shape)
        for t in range(times):
            for c in range(channels):
                data = file[f"DataSet/ResolutionLevel 0/TimePoint {t}/Channel {c}/Data"][:z, :y, :x]
                out.write(np.ascontiguousarray(data).tobytes())
                dtype = data.dtype.name
    ends = [[float(end) for end in axis] for axis in extent[::-1]]
    cases.append(dict(
        file=name, shape=[times, channels, *shape], dtype=dtype, origin=[low for low, _ in ends],
        voxel=[(high - low) / n for (low, high), n in zip(ends, shape)],
        channels=["" if c == 1 else f"laser {c}" for c in range(channels)]))


def refused(name, words, kind="BadInput"):
    """The last file must not be taken, and not without these words."""
    cases[-1].update(refused=words, kind=kind)


def holes(group, data, chunks):
    """Two chunks that were never written, in a dataset whose fill value is 7."""
    dataset = group.create_dataset("Data", shape=data.shape, dtype=data.dtype, chunks=chunks, fillvalue=7, **GZIP)
    dataset[4:8, :, 8:] = data[4:8, :, 8:]
    dataset[8:, 8:16] = data[8:, 8:16]


def masked(group, data, chunks):
    """Chunks that went through none of the filters, the first, the second or both."""
    import zlib
    dataset = group.create_dataset("Data", shape=data.shape, dtype=data.dtype, chunks=chunks, shuffle=True,
                                   compression="gzip")
    for number, at in enumerate(np.ndindex(*(n // c for n, c in zip(data.shape, chunks)))):
        start = [i * c for i, c in zip(at, chunks)]
        part = np.ascontiguousarray(data[tuple(slice(s, s + c) for s, c in zip(start, chunks))])
        mask, raw = number % 4, part.tobytes()
        if not mask & 1:
            raw = np.frombuffer(raw, "u1").reshape(-1, data.itemsize).T.tobytes()
        if not mask & 2:
            raw = zlib.compress(raw)
        dataset.id.write_direct_chunk(tuple(start), raw, filter_mask=mask)
    assert (dataset[:] == data).all()


def mixed(group, data, chunks):
    if group.name.endswith("Channel 1"):
        data = data.astype("u1")
    group.create_dataset("Data", data=data, chunks=chunks)


def everything():
    for order, libver in (("new", NEW), ("old", OLD)):
        for dtype in ("u1", "u2", "u4", "f4", "i2"):
            for name, options in (("lz4", LZ4), ("gzip", GZIP), ("lz4alone", hdf5plugin.LZ4()), ("none", {}),
                                  ("gzipalone", dict(compression="gzip")),
                                  ("lz4blocks", dict(shuffle=True, **hdf5plugin.LZ4(nbytes=96))),
                                  ("sums", dict(fletcher32=True, **GZIP)), ("sumsalone", dict(fletcher32=True))):
                case(f"{name}_{dtype}_{order}", dtype=dtype, libver=libver, **options)
        case(f"many_axes_{order}", libver=libver, times=2, channels=2, **LZ4)
        case(f"many_times_{order}", shape=(1, 2, 3), chunks=(1, 2, 2), libver=libver, times=300, channels=1, levels=1)
        case(f"many_channels_{order}", shape=(1, 2, 3), chunks=(1, 2, 2), libver=libver, channels=70, levels=1)
        case(f"rows_{order}", chunks=(1, 3, 3), libver=libver, **LZ4)
        case(f"single_voxels_{order}", chunks=(1, 1, 1), libver=libver, levels=1)
        case(f"one_chunk_{order}", chunks=(16, 32, 64), libver=libver, **LZ4)
        case(f"piece_{order}", chunks=None, libver=libver, channels=2)
        case(f"exact_{order}", shape=(8, 16, 24), libver=libver, **GZIP)
        case(f"thin_{order}", shape=(1, 1, 40), chunks=(1, 1, 16), libver=libver, **GZIP)
        case(f"userblock_{order}", libver=libver, userblock=1024, **LZ4)
        case(f"holes_{order}", libver=libver, write=holes)
        case(f"masked_{order}", libver=libver, write=masked)
        case(f"no_level_sizes_{order}", libver=libver, sizes=False)
        case(f"large_{order}", shape=(33, 200, 301), chunks=(16, 64, 128), libver=libver, levels=1, **LZ4)
        for name, options, words in (
                ("zstd", hdf5plugin.Zstd(), "filter 32015 (Zstandard)"),
                ("blosc", hdf5plugin.Blosc(), "filter 32001 (Blosc)"),
                ("bitshuffle", hdf5plugin.Bitshuffle(), "filter 32008 (bitshuffle)"),
                ("lzf", dict(compression="lzf"), "filter 32000 (LZF)"),
                ("szip", dict(scaleoffset=9), "filter 6 (scale-offset)")):
            case(f"{name}_{order}", libver=libver, **options)
            refused(name, words)
        case(f"mixed_{order}", libver=libver, channels=2, write=mixed)
        refused("mixed", "its voxels are uint8, those of the first timepoint and channel uint16")
        case(f"big_endian_{order}", dtype=">u2", libver=libver)
        refused("big_endian", "its voxels are big-endian")
        case(f"doubles_{order}", dtype="f8", libver=libver)
    case("newest", libver=("v110", "v110"), **GZIP)
    refused("newest", "in a fixed array (of HDF5 1.10)")
    with h5py.File(f"{folder}/other.ims", "w") as file:
        file["volume"] = np.zeros((3, 4, 5))
    cases.append(dict(file="other", refused="is an HDF5 file, but not of Imaris: it lacks `DataSetInfo`", kind="BadInput"))
    json.dump(cases, open(f"{folder}/cases.json", "w"))


if len(sys.argv) == 2:
    everything()
else:
    small = dict(shape=(3, 4, 7), levels=1, chunks=(2, 2, 4), lean=True)
    case("new", channels=2, **small, **LZ4)
    case("old", libver=OLD, times=2, **small, **GZIP)
    case("many", libver=NEW, shape=(1, 2, 3), chunks=None, times=10, levels=1, lean=True, sizes=False)
    case("sums", libver=OLD, dtype="f4", fletcher32=True, **small)

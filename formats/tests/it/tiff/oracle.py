"""Writes TIFF files of every kind with tifffile into a folder, beside each its samples as T, C, Z, Y, X in little-endian bytes."""
import itertools, json, sys
import numpy as np, tifffile

folder, cases = sys.argv[1], []
random = np.random.default_rng(1)


def samples(shape, dtype):
    """Noise on a ramp: neighbours are alike, as a predictor wants them."""
    dtype = np.dtype(dtype)
    ramp = np.cumsum(random.integers(0, 3, shape), axis=-1) + random.integers(0, 100)
    if dtype.kind == "f":
        return (ramp + random.random(shape)).astype(dtype)
    return (ramp * (7 if dtype.itemsize > 1 else 1)).astype(dtype)


def case(name, data, tczyx, voxel=None, read=True, **options):
    """`tczyx` makes five dimensions of the array."""
    path = f"{folder}/{name}"
    options.setdefault("photometric", "minisblack")  # else three planes of bytes become colours
    tifffile.imwrite(path, data, **options)
    if read:
        with tifffile.TiffFile(path) as file:
            back = file.asarray()
        assert back.size == data.size and (back.ravel() == data.ravel()).all(), name
    say(name, data, tczyx, voxel)


def say(name, data, tczyx, voxel=None):
    data = np.ascontiguousarray(tczyx(data))
    assert data.ndim == 5
    data.astype(data.dtype.newbyteorder("<")).tofile(f"{folder}/{name}.raw")
    entry = {"file": name, "shape": data.shape, "dtype": data.dtype.newbyteorder("=").name}
    if voxel is not None:
        entry["voxel"] = voxel
    cases.append(entry)


def zyx(data):
    return data[None, None]


stack = samples((5, 21, 33), "u2")
for order, big in itertools.product("<>", (False, True)):
    tail = f"{'le' if order == '<' else 'be'}{'_big' if big else ''}.tif"
    common = dict(byteorder=order, bigtiff=big)
    for method in (None, "zlib", "adobe_deflate", "lzw", "zstd", "packbits"):
        for layout, more in (("page", {}), ("strips8", {"rowsperstrip": 8}), ("strips7", {"rowsperstrip": 7}),
                             ("tiles", {"tile": (16, 16)})):
            for kind, metadata in (("shaped", {}), ("nometa", None)):
                name = f"{kind}_{layout}_{method}_{tail}"
                case(name, stack, zyx, compression=method, metadata=metadata, **more, **common)
    for dtype in ("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"):
        data = samples((3, 21, 33), dtype)
        case(f"{dtype}_{tail}", data, zyx, **common)
        for method in ("zlib", "lzw", "zstd"):
            predictors = (2, 3) if dtype[0] == "f" else (2,)
            for predictor in predictors:
                if dtype == "f8" and predictor == 2 or dtype == "f4" and predictor == 2:
                    continue
                for layout, more in (("strips", {"rowsperstrip": 8}), ("tiles", {"tile": (16, 32)})):
                    case(f"{dtype}_{method}_p{predictor}_{layout}_{tail}", data, zyx, compression=method,
                         predictor=predictor, metadata=None, **more, **common)
    colours = samples((3, 21, 33, 3), "u2")
    case(f"rgb_{tail}", colours, lambda a: a.transpose(3, 0, 1, 2)[None], photometric="rgb", **common)
    case(f"rgb_lzw_{tail}", colours, lambda a: a.transpose(3, 0, 1, 2)[None], photometric="rgb", compression="lzw",
         predictor=2, tile=(16, 16), **common)
    separate = samples((2, 3, 21, 33), "u2")
    case(f"separate_{tail}", separate, lambda a: a.swapaxes(0, 1)[None], photometric="rgb", planarconfig="separate",
         rowsperstrip=8, compression="zlib", **common)
    axes = samples((2, 4, 3, 21, 33), "u2")
    case(f"tzcyx_{tail}", axes, lambda a: a.swapaxes(1, 2), metadata={"axes": "TZCYX"}, **common)
    case(f"czyx_{tail}", axes[0], lambda a: a[None], metadata={"axes": "CZYX"}, **common)
    case(f"truncated_{tail}", axes, lambda a: a.swapaxes(1, 2), metadata={"axes": "TZCYX", "truncate": True}, **common)
    case(f"plane_{tail}", stack[0], lambda a: a[None, None, None], **common)
    if not big:
        common = dict(byteorder=order, imagej=True)
        case(f"ij_{tail}", stack, zyx, **common)
        case(f"ijres_{tail}", stack, zyx, resolution=(1 / 0.4, 1 / 0.5), voxel=[2.0, 0.5, 0.4],
             metadata={"spacing": 2.0, "unit": "um", "axes": "ZYX"}, **common)
        case(f"ijmicro_{tail}", stack, zyx, resolution=(1 / 0.4, 1 / 0.5), voxel=[2.0, 0.5, 0.4],
             metadata={"spacing": 2.0, "unit": "\\u00B5m", "axes": "ZYX"}, **common)
        case(f"hyper_{tail}", axes[0], lambda a: a.swapaxes(0, 1)[None], metadata={"axes": "ZCYX"}, **common)
        case(f"hyper5_{tail}", axes, lambda a: a.swapaxes(1, 2), metadata={"axes": "TZCYX"}, **common)
        case(f"ijtime_{tail}", stack, lambda a: a[:, None, None], metadata={"axes": "TYX"}, **common)
        case(f"ijdefl_{tail}", stack, zyx, compression="zlib", **common)
        case(f"ijtruncated_{tail}", stack, zyx, metadata={"axes": "ZYX", "truncate": True}, **common)
    sizes = {"PhysicalSizeX": 0.4, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 500, "PhysicalSizeYUnit": "nm",
             "PhysicalSizeZ": 0.002, "PhysicalSizeZUnit": "mm"}
    common = dict(byteorder=order, bigtiff=big, ome=True)
    case(f"ome_{tail}", stack, zyx, voxel=[2.0, 0.5, 0.4], metadata={"axes": "ZYX", **sizes}, **common)
    case(f"ome5_{tail}", axes, lambda a: a.swapaxes(1, 2), metadata={"axes": "TZCYX", **sizes}, **common)
    case(f"ome5c_{tail}", axes, lambda a: a, metadata={"axes": "TCZYX"}, **common)
    case(f"omezt_{tail}", axes[0], lambda a: a.swapaxes(0, 1)[:, None], metadata={"axes": "ZTYX"}, **common)
    case(f"omergb_{tail}", colours, lambda a: a.transpose(3, 0, 1, 2)[None], photometric="rgb",
         metadata={"axes": "ZYXS"}, **common)
    case(f"ometiles_{tail}", stack, zyx, tile=(16, 16), compression="zstd", predictor=2,
         metadata={"axes": "ZYX"}, **common)
    for kind, metadata in (("pagewise", None), ("appended", {})):
        name = f"{kind}_{tail}"
        with tifffile.TiffWriter(f"{folder}/{name}", byteorder=order, bigtiff=big) as file:
            for plane in stack:
                file.write(plane, metadata=metadata, contiguous=False)
        say(name, stack, zyx)
    name = f"contiguous_{tail}"
    with tifffile.TiffWriter(f"{folder}/{name}", byteorder=order, bigtiff=big) as file:
        for plane in stack:
            file.write(plane, contiguous=True)
    say(name, stack, zyx)

json.dump(cases, open(f"{folder}/cases.json", "w"))

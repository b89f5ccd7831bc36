"""Datasets of N5 as others write them, with their voxels beside them.

usage: oracle.py zarr|tensorstore FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np

writer, folder = sys.argv[1], Path(sys.argv[2])
rng = np.random.default_rng(5)
cases = []
SHAPES = [((9, 21, 33), (4, 8, 16)), ((21, 33), (8, 16)), ((2, 9, 10, 11), (2, 4, 8, 8)), ((3, 2, 4, 5, 6), (2, 1, 4, 4, 4))]
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]


def voxels(shape, dtype):
    some = rng.integers(0, 120, shape)
    if dtype.startswith("float"):
        return (some / 7 - 5).astype(dtype)
    low = -60 if dtype.startswith("int") else 0
    return (some * (1 if dtype.endswith("8") else 250) + low).astype(dtype)


def case(name, array):
    axes = (1,) * (5 - array.ndim) + array.shape
    array.astype(array.dtype.newbyteorder("<")).tofile(folder / f"{name}.raw")
    cases.append({"folder": name, "shape": axes, "dtype": array.dtype.name})


def with_zarr():
    import numcodecs
    import zarr

    blosc = [
        numcodecs.Blosc(cname=cname, clevel=5, shuffle=shuffle)
        for cname in ["zstd", "lz4", "lz4hc", "blosclz", "zlib"]
        for shuffle in [0, 1, 2]
    ]
    compressors = [None, numcodecs.GZip(5), numcodecs.Zlib(1), numcodecs.Zstd(3), numcodecs.LZ4(), *blosc]
    of_type = [(SHAPES[0], dtype, c) for dtype in DTYPES for c in [None, numcodecs.GZip(1)]]
    of_shape = [(shape, "uint16", numcodecs.Zstd(1)) for shape in SHAPES]
    of_compressor = [(SHAPES[0], "uint16", c) for c in compressors]
    for number, ((shape, chunks), dtype, compressor) in enumerate(of_type + of_shape + of_compressor):
        name = f"z{number}.n5"
        make = zarr.N5FSStore if number % 2 else zarr.N5Store
        group = zarr.group(store=make(str(folder / name)))
        array = group.create_dataset("s0", shape=shape, chunks=chunks, dtype=dtype, compressor=compressor)
        data = voxels(shape, dtype)
        # A corner is never written.
        data[tuple(slice(0, side) for side in chunks)] = 0
        for start in np.ndindex(*(-(-s // c) for s, c in zip(shape, chunks))):
            if any(start):
                place = tuple(slice(a * c, (a + 1) * c) for a, c in zip(start, chunks))
                array[place] = data[place]
        assert np.array_equal(array[...], data)
        case(name, data)


def with_tensorstore():
    import tensorstore as ts

    compressions = [
        {"type": "raw"},
        {"type": "gzip"},
        {"type": "gzip", "useZlib": True},
        {"type": "zstd", "level": 1},
        {"type": "blosc", "cname": "lz4", "clevel": 5, "shuffle": 1},
    ]
    for number, compression in enumerate(compressions):
        for dtype in DTYPES:
            name = f"t{number}{dtype}.n5"
            shape, chunks = SHAPES[0]
            data = voxels(shape, dtype)
            metadata = {
                "dimensions": shape[::-1],
                "blockSize": chunks[::-1],
                "dataType": dtype,
                "compression": compression,
            }
            kvstore = {"driver": "file", "path": f"{folder / name}/"}
            spec = {"driver": "n5", "kvstore": kvstore, "metadata": metadata}
            ts.open(spec, create=True).result().write(data.T).result()
            case(name, data)


{"zarr": with_zarr, "tensorstore": with_tensorstore}[writer]()
(folder / "cases.json").write_text(json.dumps(cases))

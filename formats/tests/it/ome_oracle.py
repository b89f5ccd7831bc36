"""Our images as others see them, and others' shards for us to read.

usage: ome_oracle.py check IMAGE SCHEMAS RAW | write FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorstore as ts
import zarr

verb, folder = sys.argv[1], Path(sys.argv[2])


def opened(path, driver):
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{path}/"}}
    return ts.open(spec, open=True, read=True).result()


def reduced(voxels):
    """The floor of the mean of 2x2x2 voxels; what is left over at the end is left out."""
    z, y, x = (n // 2 for n in voxels.shape)
    windows = voxels[: 2 * z, : 2 * y, : 2 * x].reshape(z, 2, y, 2, x, 2)
    return (windows.astype("u4").sum(axis=(1, 3, 5)) // 8).astype(voxels.dtype)


def check(schemas, raw):
    import jsonschema
    from referencing import Registry, Resource

    three = (folder / "zarr.json").exists()
    document = json.loads((folder / ("zarr.json" if three else ".zattrs")).read_text())
    attributes = document["attributes"] if three else document
    found = [json.loads(path.read_text()) for path in schemas.glob("*.schema")]
    from referencing.jsonschema import DRAFT202012

    of = lambda schema: Resource.from_contents(schema, default_specification=DRAFT202012)
    registry = Registry().with_resources([(schema["$id"], of(schema)) for schema in found])
    for name in ["image", "strict_image"]:
        schema = json.loads((schemas / f"{name}.schema").read_text())
        jsonschema.Draft202012Validator(schema, registry=registry).validate(attributes)

    multiscale = (attributes["ome"] if three else attributes)["multiscales"][0]
    voxels = np.fromfile(raw, "<u2").reshape(9, 21, 33)
    for dataset in multiscale["datasets"]:
        path = folder / dataset["path"]
        array = zarr.open_array(path, mode="r")
        assert np.array_equal(array[0, 0], voxels), path
        other = opened(path, "zarr3" if three else "zarr")
        assert np.array_equal(other.read().result()[0, 0], voxels), path
        assert array[0, 0, -1, -1, -1] == voxels[-1, -1, -1]
        if three:
            assert other.domain.labels == tuple(axis["name"] for axis in multiscale["axes"])
        voxels = reduced(voxels)
    group = zarr.open_group(folder, mode="r")
    assert sorted(group.array_keys()) == [dataset["path"] for dataset in multiscale["datasets"]]


def write():
    voxels = (np.arange(9 * 21 * 33) * 7919 % 65521).astype("<u2").reshape(9, 21, 33)
    voxels[:4, :8, :8] = 0
    voxels.tofile(folder / "voxels")
    array = zarr.create_array(
        folder / "python",
        shape=voxels.shape,
        chunks=(4, 8, 8),
        shards=(8, 16, 16),
        dtype="u2",
        compressors=zarr.codecs.BloscCodec(cname="zstd", clevel=1, shuffle="shuffle"),
        dimension_names=["z", "y", "x"],
    )
    array[:] = voxels
    sharding = {
        "chunk_shape": [4, 8, 8],
        "codecs": [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "zstd"}, {"name": "crc32c"}],
        "index_codecs": [{"name": "bytes", "configuration": {"endian": "little"}}],
        "index_location": "start",
    }
    metadata = {
        "shape": voxels.shape,
        "data_type": "uint16",
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [8, 16, 16]}},
        "codecs": [{"name": "sharding_indexed", "configuration": sharding}],
        "dimension_names": ["z", "y", "x"],
    }
    kvstore = {"driver": "file", "path": f"{folder}/tensorstore/"}
    spec = {"driver": "zarr3", "kvstore": kvstore, "metadata": metadata}
    ts.open(spec, create=True).result().write(voxels).result()


if verb == "check":
    check(Path(sys.argv[3]), sys.argv[4])
else:
    write()

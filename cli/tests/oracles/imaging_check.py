"""Holds every image of a container against its source and against the rules of its pyramid.

usage: imaging_check.py CONTAINER EXPECTED EDGE ROUNDING FZ,FY,FX SCHEMAS [READER]
With READER ome-zarr-py opens each image too. Says how many images and levels there are.
"""

import json
import sys
import warnings
from pathlib import Path

import jsonschema
import numpy as np
import tensorstore as ts
import zarr
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

warnings.filterwarnings("ignore")
CONTAINER, EXPECTED, EDGE, ROUNDING = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4]
FACTORS, SCHEMAS, READER = [int(n) for n in sys.argv[5].split(",")], Path(sys.argv[6]), sys.argv[7:]
THREE = (CONTAINER / "zarr.json").exists()
SPACE = slice(2, None)


def step(size, factor):
    """By what an axis is reduced: not at all where not a whole window is left (crop), or one voxel (partial)."""
    short = size < factor if EDGE == "crop" else size == 1
    return 1 if short else factor


def reduced(voxels):
    """The means of windows, of one timepoint and channel; and the windows' size."""
    steps = [step(size, factor) for size, factor in zip(voxels.shape, FACTORS)]
    if EDGE == "crop":
        voxels = voxels[tuple(slice(size // by * by) for size, by in zip(voxels.shape, steps))]
    sums = np.zeros([-(-size // by) for size, by in zip(voxels.shape, steps)])
    counts = np.zeros_like(sums)
    for z in range(steps[0]):
        for y in range(steps[1]):
            for x in range(steps[2]):
                part = voxels[z :: steps[0], y :: steps[1], x :: steps[2]].astype(np.float64)
                where = tuple(slice(size) for size in part.shape)
                sums[where] += part
                counts[where] += 1
    means = sums / counts
    if voxels.dtype.kind == "f":
        return means.astype(voxels.dtype), steps
    return (np.trunc(means) if ROUNDING == "floor" else np.rint(means)).astype(voxels.dtype), steps


def same(one, other):
    if one.shape != other.shape or one.dtype != other.dtype:
        return False
    return np.allclose(one, other, rtol=1e-5, atol=1e-3) if one.dtype.kind == "f" else np.array_equal(one, other)


def opened(path):
    """As zarr-python and tensorstore see it, which must be the same."""
    array = zarr.open_array(path, mode="r")
    voxels = np.asarray(array[...])
    kvstore = {"driver": "file", "path": f"{path}/"}
    other = ts.open({"driver": "zarr3" if THREE else "zarr", "kvstore": kvstore}, open=True).result()
    assert np.array_equal(voxels, other.read().result(), equal_nan=voxels.dtype.kind == "f"), path
    if THREE:
        assert other.domain.labels == tuple("tczyx"), path
    return voxels.astype(voxels.dtype.newbyteorder("="))


def transforms(dataset):
    scale, translation = dataset["coordinateTransformations"]
    assert (scale["type"], translation["type"]) == ("scale", "translation")
    assert scale["scale"][:2] == [1, 1] and translation["translation"][:2] == [0, 0], dataset
    return np.array(scale["scale"][SPACE]), np.array(translation["translation"][SPACE])


def image(folder, voxels, facts):
    document = json.loads((folder / ("zarr.json" if THREE else ".zattrs")).read_text())
    attributes = document["attributes"] if THREE else document
    valid(attributes)
    multiscale = (attributes["ome"] if THREE else attributes)["multiscales"][0]
    assert [axis["name"] for axis in multiscale["axes"]] == list("tczyx")
    factor, first = np.ones(3), None
    for level, dataset in enumerate(multiscale["datasets"]):
        here = opened(folder / dataset["path"])
        if level == 0:
            assert here.dtype == voxels.dtype and np.array_equal(here, voxels), (folder, here.shape, here.dtype)
        else:
            means = [[reduced(volume) for volume in channels] for channels in before]
            expected = np.array([[mean for mean, _ in channels] for channels in means])
            assert same(expected, here), (folder, level, expected.shape, here.shape)
            factor = factor * means[0][0][1]
        scale, translation = transforms(dataset)
        if level == 0:
            first = scale
            assert np.allclose(scale, facts["voxel"], rtol=1e-6), (folder, scale, facts)
            assert np.allclose(translation, facts["origin"]), (folder, translation)
        assert np.allclose(scale, first * factor, rtol=1e-12), (folder, level, scale)
        assert np.allclose(translation, facts["origin"] + (scale - first) / 2, rtol=1e-9), (folder, translation)
        before = here
    omero = (attributes["ome"] if THREE else attributes)["omero"]
    assert len(omero["channels"]) == voxels.shape[1], folder
    for channel in omero["channels"]:
        window = channel["window"]
        assert window["min"] <= window["start"] < window["end"] <= window["max"], (folder, window)
    return len(multiscale["datasets"])


def valid(attributes):
    found = [json.loads(path.read_text()) for path in SCHEMAS.glob("*.schema")]
    of = lambda schema: Resource.from_contents(schema, default_specification=DRAFT202012)
    registry = Registry().with_resources([(schema["$id"], of(schema)) for schema in found])
    for name in ["image", "strict_image"]:
        schema = json.loads((SCHEMAS / f"{name}.schema").read_text())
        jsonschema.Draft202012Validator(schema, registry=registry).validate(attributes)


def read_by_ome_zarr(folder, levels):
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    nodes = list(Reader(parse_url(str(folder)))())
    assert len(nodes[0].data) == levels, folder
    assert np.array_equal(np.asarray(nodes[0].data[0]), np.load(EXPECTED / f"{folder.name}.npy")), folder


def group_of(level):
    """The name under which an image is expected: `/` is written as `~`."""
    inside = level.parent.relative_to(CONTAINER).as_posix()
    return CONTAINER.name if inside == "." else inside.replace("/", "~")


found = {group_of(level): level.parent for level in CONTAINER.rglob("0") if list(level.glob("*.json")) + list(level.glob(".zarray"))}
expected = sorted(path.stem for path in EXPECTED.glob("*.npy"))
assert sorted(found) == expected, (found, expected)
total = 0
for group, folder in sorted(found.items()):
    facts = json.loads((EXPECTED / f"{group}.json").read_text())
    levels = image(folder, np.load(EXPECTED / f"{group}.npy"), facts)
    if READER:
        read_by_ome_zarr(folder, levels)
    total += levels
print(f"{len(found)} images, {total} levels")

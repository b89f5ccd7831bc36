"""Stacks of planes in folders, with their voxels beside them.

usage: oracle.py FOLDER
"""

import json
import struct
import sys
import zlib
from pathlib import Path

import cv2
import imagecodecs
import numpy as np
import tifffile
from PIL import Image

out, cases = Path(sys.argv[1]), []
random = np.random.default_rng(5)


def voxels(dtype, shape):
    """A slope with noise and some light, such as every filter of PNG is good for somewhere."""
    z, y, x = np.indices(shape)
    noise = random.poisson(30, shape)
    light = (random.random(shape) < 0.01) * np.iinfo(dtype).max
    smooth = (x * 3 + y * 2 + z * 50) % 97
    values = np.where(y < shape[1] // 2, smooth, noise + smooth) + light
    return np.minimum(values, np.iinfo(dtype).max).astype(dtype)


def stack(name, planes, write, suffix="png"):
    folder = out / name
    folder.mkdir()
    for number, plane in enumerate(planes):
        write(folder / f"{number * 20:06}.{suffix}", plane)
    planes.astype(planes.dtype.newbyteorder("<")).tofile(out / f"{name}.raw")
    cases.append({"folder": name, "shape": planes.shape, "dtype": str(planes.dtype)})


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def filtered(plane, kind):
    """The rows of a plane with a filter of PNG (section 9.2); the filter is `row % 5` where it is None."""
    size = plane.dtype.itemsize
    rows = plane.astype(plane.dtype.newbyteorder(">")).view("u1").reshape(plane.shape[0], -1).astype(int)
    above, made = np.zeros_like(rows[0]), bytearray()
    for number, row in enumerate(rows):
        left = np.concatenate([np.zeros(size, int), row[:-size]])
        corner = np.concatenate([np.zeros(size, int), above[:-size]])
        guess = left + above - corner
        far = [abs(guess - side) for side in (left, above, corner)]
        paeth = np.where(
            (far[0] <= far[1]) & (far[0] <= far[2]), left, np.where(far[1] <= far[2], above, corner)
        )
        chosen = number % 5 if kind is None else kind
        before = [0 * row, left, above, (left + above) // 2, paeth][chosen]
        made += bytes([chosen]) + bytes(((row - before) % 256).astype("u1"))
        above = row
    return bytes(made)


def plain(interlaced=False, kind=None, level=6, split=None, more=b""):
    """A writer from the text of the standard alone."""

    def write(path, plane):
        height, width = plane.shape
        depth = plane.dtype.itemsize * 8
        passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
        parts = [plane[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [plane]
        body = b"".join(filtered(part, kind) for part in parts if part.size)
        body = zlib.compress(body, level)
        step = split or len(body)
        header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, int(interlaced))
        data = b"".join(chunk(b"IDAT", body[at : at + step]) for at in range(0, len(body), step))
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + more + data + chunk(b"IEND", b""))

    return write


for dtype in ["uint8", "uint16"]:
    for shape in [(3, 33, 47), (2, 1, 1), (2, 9, 1), (1 + 1, 1, 300)]:
        size = "x".join(map(str, shape))
        planes = voxels(dtype, shape)
        for level in [0, 1, 6, 9] if shape[0] == 3 else [6]:
            stack(f"pillow-{dtype}-{size}-{level}", planes, lambda p, a: Image.fromarray(a).save(p, compress_level=level))
            stack(f"libpng-{dtype}-{size}-{level}", planes, lambda p, a: p.write_bytes(imagecodecs.png_encode(a, level=level)))
            stack(f"opencv-{dtype}-{size}-{level}", planes, lambda p, a: cv2.imwrite(str(p), a, [cv2.IMWRITE_PNG_COMPRESSION, level]))
        stack(f"interlaced-{dtype}-{size}", planes, plain(interlaced=True))
    planes = voxels(dtype, (2, 33, 47))
    for kind in range(5):
        stack(f"filter-{dtype}-{kind}", planes, plain(kind=kind, split=100))
    stack(f"stored-{dtype}", planes, plain(level=0, split=7))
    text = chunk(b"tEXt", b"Comment\0" + b"x" * 3_000_000) + chunk(b"pHYs", struct.pack(">IIB", 1, 1, 1))
    stack(f"text-{dtype}", planes, plain(more=text))
    stack(f"transparent-{dtype}", planes, plain(more=chunk(b"tRNS", b"\0\x1e")))
    stack(f"gamma-{dtype}", planes, plain(more=chunk(b"gAMA", struct.pack(">I", 45455))))
    stack(f"tiff-{dtype}", planes, lambda p, a: tifffile.imwrite(p, a), "tif")
    stack(f"deflate-tiff-{dtype}", planes, lambda p, a: tifffile.imwrite(p, a, compression="zlib", predictor=True, rowsperstrip=8), "tiff")

stack("large-uint16", voxels("uint16", (2, 400, 500)), lambda p, a: Image.fromarray(a).save(p))
(out / "cases.json").write_text(json.dumps(cases))

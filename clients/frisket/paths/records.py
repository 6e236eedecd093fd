"""Paths as Photoshop's image resources hold them, and back.

A path is records of 26 bytes: a fill rule, an initial fill, and for each closed curve its length
and its knots. A knot is three points, y before x, in shares of the picture's height and width, as
signed fixed point numbers with 24 bits behind the point (Adobe Photoshop File Formats
Specification, "Path resource format").
"""

from __future__ import annotations

import struct

import numpy as np

from frisket.paths.cubic import Points
from frisket.paths.values import BezierPath, Subpath

GREATEST_SHARE = 127.0
_RECORD = 26
_FILL_RULE, _INITIAL_FILL, _CLOSED, _LINKED, _UNLINKED = 6, 8, 0, 1, 2
# The first curve begins a shape, and the others belong to it: its inside is where the number of
# curves around is odd.
_SHAPE, _SAME_SHAPE = (1, 1), (-1, 0)
_ONE = 1 << 24
_KNOT = np.dtype([("kind", ">u2"), ("points", ">i4", (3, 2))])


def encode_path(path: BezierPath, width: int, height: int) -> bytes:
    """Return the content of a path's resource.

    Args:
        path: in pixels of the picture, none further outside than 127 times its size.
        width: of the picture, in pixels.
        height: of it.
    """
    head = struct.pack(">H24x", _FILL_RULE) + struct.pack(">H24x", _INITIAL_FILL)
    parts = [head]
    for number, curve in enumerate(path.subpaths):
        operation, index = _SAME_SHAPE if number else _SHAPE
        count = len(curve.knots)
        parts.append(struct.pack(">HHhH18x", _CLOSED, count, operation, index))
        parts.append(_encode_knots(curve, width, height))
    return b"".join(parts)


def _encode_knots(curve: Subpath, width: int, height: int) -> bytes:
    records = np.zeros(len(curve.knots), _KNOT)
    records["kind"] = np.where(curve.linked, _LINKED, _UNLINKED)
    shares = np.stack([curve.knots.imag / height, curve.knots.real / width], axis=-1)
    records["points"] = np.rint(shares * _ONE)
    return records.tobytes()


def decode_path(data: bytes, width: int, height: int) -> BezierPath:
    """Return the closed curves of a path's resource, in pixels of the picture.

    Raises:
        ValueError: it is damaged.
    """
    curves, at = [], 0
    while at + _RECORD <= len(data):
        kind, count = struct.unpack_from(">HH", data, at)
        at += _RECORD
        if kind != _CLOSED:
            continue
        if at + count * _RECORD > len(data):
            raise ValueError("a path is cut off")
        records = np.frombuffer(data, _KNOT, count, at)
        if not np.isin(records["kind"], (_LINKED, _UNLINKED)).all():
            raise ValueError("a path is damaged")
        curves.append(Subpath(_decode_points(records, width, height), records["kind"] == _LINKED))
        at += count * _RECORD
    return BezierPath(tuple(curves))


def _decode_points(
    records: np.ndarray[tuple[int], np.dtype[np.void]], width: int, height: int
) -> Points:
    shares = records["points"].astype(np.float64) / _ONE
    return np.asarray(shares[..., 1] * width + 1j * (shares[..., 0] * height))


def encode_clipping(name: bytes) -> bytes:
    """Return the content of the resource that says which path clips.

    Its flatness is left blank, which leaves it to the device; the fill rule is either, since both
    give the same.
    """
    return bytes((len(name),)) + name + struct.pack(">IH", 0, 0)


def decode_clipping(data: bytes) -> bytes:
    """Return the name of the path that clips."""
    return data[1 : 1 + data[0]] if data else b""

"""Closed contours of a matte with sub-pixel position, tile by tile.

Only tiles that are not solid are read, one at a time, so memory follows the length of the outline
and not the area of the matte. Neighbouring tiles share a row or column of samples. A level between
two sample values meets each side of a tile at most once between two samples, so pieces of a contour
are joined by whole numbers and without a tolerance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from frisket.documents.core.model import AlphaSource, Rect
from frisket.paths.cubic import Points

_TILE = 1024
_ROUNDING = 1e-6
_Key = tuple[int, int, bool]


def find_contours(alpha: AlphaSource, share: float = 0.5) -> Iterator[Points]:
    """Yield the closed contours of a matte, each as soon as it is closed.

    What is opaque lies to the right of the way along a contour, seen with y down: outlines run
    clockwise and holes counter-clockwise. Outside of the matte nothing is opaque.

    Args:
        alpha: the matte.
        share: of full opacity, above 0 and at most 1: samples from there on are inside.

    Yields:
        (n,) complex numbers x + iy in pixels, from the matte's top left corner; the first point is
        not repeated.
    """
    level = math.ceil(share * ((1 << alpha.depth) - 1)) - 0.5
    joints = _Joints()
    for y in range(-1, alpha.height, _TILE):
        for x in range(-1, alpha.width, _TILE):
            for piece in _trace_tile(alpha, x, y, level):
                closed = joints.add(piece)
                if closed is not None:
                    yield closed + 0.5 * (1 + 1j)  # samples lie in the middle of pixels


def _trace_tile(alpha: AlphaSource, x: int, y: int, level: float) -> Iterator[Points]:
    """Yield the pieces of contours between the samples of a tile, sides included."""
    from contourpy import contour_generator

    tile = Rect(x, y, min(_TILE, alpha.width - x) + 1, min(_TILE, alpha.height - y) + 1)
    whole = Rect(0, 0, alpha.width, alpha.height)
    inside = tile.intersect(whole)
    if inside.empty:
        return
    solid = alpha.solid(inside)
    if solid == 0 or (solid is not None and inside == tile):
        return
    values = np.zeros((tile.height, tile.width), np.float64)
    values[
        inside.y - y : inside.bottom - y, inside.x - x : inside.right - x
    ] = alpha.read(inside)  # fmt: skip
    for line in contour_generator(z=values).lines(level):
        # Its lines keep what is greater on the left with y up, which is on the right with y down.
        points = np.ascontiguousarray(line).view(np.complex128)[:, 0]
        yield points + complex(x, y)


@dataclass
class _Joints:
    """Pieces of contours that wait for their neighbours, by where they begin and end."""

    begins: dict[_Key, list[Points]] = field(default_factory=dict)
    ends: dict[_Key, list[Points]] = field(default_factory=dict)

    def add(self, piece: Points) -> Points | None:
        """Join a piece to those that it touches, and return the contour that it closes."""
        first, last = _find_side(piece[0]), _find_side(piece[-1])
        if first == last:
            return piece[:-1]
        chain = [piece]
        if first in self.ends:
            before = self.ends.pop(first)
            before.extend(chain)
            chain = before
        start = _find_side(chain[0][0])
        if start == last:
            self.begins.pop(start)
            return _join(chain)
        if last in self.begins:
            after = self.begins.pop(last)
            chain.extend(after)
            last = _find_side(chain[-1][-1])
        self.begins[start] = self.ends[last] = chain
        return None


def _find_side(point: complex) -> _Key:
    """Return the two neighbouring samples that a point lies between: the first, and whether across.

    The point lies at least 1/131072 of their distance from both, which rounding cannot bridge.
    """
    across = abs(point.real - round(point.real)) > _ROUNDING
    x, y = (math.floor(point.real), round(point.imag)) if across else (
        round(point.real), math.floor(point.imag)
    )  # fmt: skip
    return x, y, across


def _join(chain: list[Points]) -> Points:
    return np.concatenate([piece[:-1] for piece in chain])

"""Alphas in memory, and views that turn one alpha into another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..core.model import AlphaSource, Rect
from ..core.pixels import Pixels, convert_depth


class ArrayAlpha:
    """An alpha held in memory; the fake for tests and the carrier for small jobs."""

    def __init__(self, values: Pixels) -> None:
        """Wrap ``values``: (height, width), uint8 0..255 or uint16 0..65535."""
        if values.ndim != 2 or values.dtype not in (np.uint8, np.uint16):
            raise ValueError("an alpha is a two-dimensional array of uint8 or uint16")
        self._values = values
        self.height, self.width = values.shape
        self.depth = values.dtype.itemsize * 8

    def read(self, rect: Rect) -> Pixels:
        """Return the rectangle, (height, width) in the array's own type."""
        return self._values[rect.y : rect.bottom, rect.x : rect.right]

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value where the rectangle is constant, else None."""
        part = self.read(rect)
        if part.size == 0:
            return None
        first = int(part.flat[0])
        if first not in (0, int(np.iinfo(part.dtype).max)):
            return None
        return first if bool((part == first).all()) else None


@dataclass(frozen=True)
class Deepened:
    """The same alpha at another depth."""

    source: AlphaSource
    depth: int

    @property
    def width(self) -> int:
        """Columns."""
        return self.source.width

    @property
    def height(self) -> int:
        """Rows."""
        return self.source.height

    def read(self, rect: Rect) -> Pixels:
        """Return the rectangle, rescaled to the depth asked for."""
        return convert_depth(self.source.read(rect), self.depth)

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value of this depth."""
        value = self.source.solid(rect)
        if value is None:
            return None
        return (1 << self.depth) - 1 if value else 0


def at_depth(source: AlphaSource, depth: int) -> AlphaSource:
    """Return ``source`` itself where it has the depth, else a view that converts."""
    return source if source.depth == depth else Deepened(source, depth)


@dataclass(frozen=True)
class Placed:
    """An alpha seen on a larger canvas; there is nothing around it."""

    source: AlphaSource
    x: int
    y: int
    width: int
    height: int

    @property
    def depth(self) -> int:
        """The depth of the alpha."""
        return self.source.depth

    def _clip(self, rect: Rect) -> Rect:
        whole = Rect(0, 0, self.source.width, self.source.height)
        return rect.shift(-self.x, -self.y).intersect(whole)

    def read(self, rect: Rect) -> Pixels:
        """Return the rectangle of the canvas, zeros outside the alpha."""
        kind = np.uint8 if self.depth == 8 else np.uint16
        out = np.zeros((rect.height, rect.width), kind)
        part = self._clip(rect)
        if not part.empty:
            y, x = part.y + self.y - rect.y, part.x + self.x - rect.x
            out[y : y + part.height, x : x + part.width] = self.source.read(part)
        return out

    def solid(self, rect: Rect) -> int | None:
        """Return 0 outside; a value where the whole rectangle lies inside and is constant."""
        part = self._clip(rect)
        if part.empty:
            return 0
        value = self.source.solid(part)
        whole = (part.width, part.height) == (rect.width, rect.height)
        return value if whole or value == 0 else None


@dataclass(frozen=True)
class Floating:
    """An alpha as floats 0..1, for documents of 32 bits."""

    source: AlphaSource
    depth: int = 32

    @property
    def width(self) -> int:
        """Columns."""
        return self.source.width

    @property
    def height(self) -> int:
        """Rows."""
        return self.source.height

    def read(self, rect: Rect) -> Pixels:
        """Return float32, 0 to 1."""
        return convert_depth(self.source.read(rect), 32)

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or None: the bytes of 1.0 are not all the same."""
        return 0 if self.source.solid(rect) == 0 else None

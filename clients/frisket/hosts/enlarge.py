"""A coarse alpha at the layer's own size, cut out rectangle by rectangle. Pure Python."""

from __future__ import annotations

from operator import itemgetter

from frisket.protocol.grid import TileRect


class Enlarged:
    """A small greyscale plane seen as a larger one, each pixel from the nearest.

    It is what a host shows until the sharp tiles arrive, so it has to be quick: a
    rectangle costs one lookup per column and one copy per row.

    Args:
        plane: rows of 8-bit samples.
        size: width and height of the plane.
        full: width and height to show it at.
    """

    def __init__(self, plane: bytes, size: tuple[int, int], full: tuple[int, int]) -> None:
        if len(plane) != size[0] * size[1]:
            raise ValueError(f"{len(plane)} bytes do not fill {size[0]} x {size[1]} pixels")
        self._plane = plane
        self._width, self._height = size
        self._full_width, self._full_height = full

    def find_constant(self, rect: TileRect) -> int | None:
        """Return the value of a rectangle that has only one, else None."""
        left, right = self._find_column(rect.x), self._find_column(rect.x + rect.width - 1) + 1
        first, last = self._find_row(rect.y), self._find_row(rect.y + rect.height - 1)
        expected = self._slice(first, left, right)
        if expected.count(expected[0]) != len(expected):
            return None
        same = all(self._slice(row, left, right) == expected for row in range(first + 1, last + 1))
        return expected[0] if same else None

    def read(self, rect: TileRect) -> bytes:
        """Return the rows of a rectangle of the large plane."""
        left = self._find_column(rect.x)
        right = self._find_column(rect.x + rect.width - 1) + 1
        pick = _Picker([self._find_column(rect.x + i) - left for i in range(rect.width)])
        rows: list[bytes] = []
        known, row_bytes = -1, b""
        for y in range(rect.y, rect.y + rect.height):
            row = self._find_row(y)
            if row != known:
                known, row_bytes = row, pick(self._slice(row, left, right))
            rows.append(row_bytes)
        return b"".join(rows)

    def _slice(self, row: int, left: int, right: int) -> bytes:
        start = row * self._width
        return self._plane[start + left : start + right]

    def _find_column(self, x: int) -> int:
        return (2 * x + 1) * self._width // (2 * self._full_width)

    def _find_row(self, y: int) -> int:
        return (2 * y + 1) * self._height // (2 * self._full_height)


class _Picker:
    """Picks samples of a row by index."""

    def __init__(self, indices: list[int]) -> None:
        # With one index itemgetter returns a bare value, hence the pair.
        self._count = len(indices)
        self._get = itemgetter(*indices, indices[-1])

    def __call__(self, row: bytes) -> bytes:
        return bytes(self._get(row)[: self._count])

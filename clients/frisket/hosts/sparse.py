"""Alpha kept for a preview: tiles as they came, read in any part and at any step. Pure Python."""

from __future__ import annotations

from collections.abc import Callable

from frisket.protocol.grid import TileRect

_FULL = 255


class SparseAlpha:
    """A painter that keeps constant tiles as a number, so that memory follows the edge.

    One thread may paint while another reads.

    Args:
        refresh: called when there is something new to see.
        progress: told how far it is.
    """

    def __init__(self, refresh: Callable[[], None], progress: Callable[[float, str], None]) -> None:
        self._tiles: dict[tuple[int, int], tuple[TileRect, bytes | int]] = {}
        self.refresh = refresh
        self.progress = progress

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Keep a tile of constant alpha."""
        self._tiles[rect.x, rect.y] = rect, _FULL if opaque else 0

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Keep a tile of 8-bit alpha."""
        self._tiles[rect.x, rect.y] = rect, alpha

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Ignore cleaned colours."""

    def read(self, x: int, y: int, width: int, height: int, step: int = 1) -> bytes:
        """Return rows of samples from x, y on, every `step`-th pixel both ways; else 0."""
        plane = bytearray(width * height)
        for rect, content in list(self._tiles.values()):
            first, last = _find_range(rect.x - x, rect.width, width, step)
            top, bottom = _find_range(rect.y - y, rect.height, height, step)
            if first >= last:
                continue
            for row in range(top, bottom):
                start = row * width
                if isinstance(content, int):
                    line = bytes((content,)) * (last - first)
                else:
                    inside = (y + row * step - rect.y) * rect.width
                    begin = inside + x + first * step - rect.x
                    line = content[begin : inside + rect.width : step][: last - first]
                plane[start + first : start + last] = line
        return bytes(plane)


def _find_range(offset: int, length: int, count: int, step: int) -> tuple[int, int]:
    """Return which of `count` samples, `step` apart, lie in a stretch that begins at `offset`."""
    return max(0, -(-offset // step)), min(count, -(-(offset + length) // step))

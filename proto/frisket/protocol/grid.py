"""The fixed grid of tiles over a layer. Pure functions, standard library only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from frisket.protocol.limits import MAX_PROXY_SIDE_PX


class TileRect(NamedTuple):
    """A rectangle of a layer in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Grid:
    """Tiles of `tile_size` pixels over a layer, numbered row by row from the top left."""

    width: int
    height: int
    tile_size: int

    @property
    def columns(self) -> int:
        """Tiles in a row."""
        return -(-self.width // self.tile_size)

    @property
    def rows(self) -> int:
        """Tiles in a column."""
        return -(-self.height // self.tile_size)

    @property
    def count(self) -> int:
        """Tiles in all."""
        return self.columns * self.rows

    def rect(self, tile_id: int) -> TileRect:
        """Return the rectangle of a tile, cut at the right and bottom border.

        Raises:
            IndexError: no such tile.
        """
        if not 0 <= tile_id < self.count:
            raise IndexError(f"tile {tile_id} is not among the {self.count} of this layer")
        row, column = divmod(tile_id, self.columns)
        x, y = column * self.tile_size, row * self.tile_size
        return TileRect(
            x, y, min(self.tile_size, self.width - x), min(self.tile_size, self.height - y)
        )


def runs(tile_ids: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Pack ascending tile ids into (first, count) runs."""
    first = count = 0
    for tile_id in tile_ids:
        if count and tile_id == first + count:
            count += 1
            continue
        if count:
            yield first, count
        first, count = tile_id, 1
    if count:
        yield first, count


def proxy_size(width: int, height: int, limit: int = MAX_PROXY_SIDE_PX) -> tuple[int, int]:
    """Return the size of a layer's proxy: at most `limit` pixels on the longer side.

    Both sides are rounded up, so that every proxy pixel covers at least one pixel.
    """
    longer = max(width, height)
    if longer <= limit:
        return width, height
    return max(1, -(-width * limit // longer)), max(1, -(-height * limit // longer))

"""What a person paints where a session goes on writing. Pure Python, no NumPy.

Every tile is compared with what was written there last; what differs was painted, and it
stays. After a person's undo a tile may hold what it held before: such a state is known again
by its checksum, with what was painted in it then.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from frisket.hosts.pixels import find_differences, replace_where
from frisket.protocol.grid import TileRect


@dataclass
class _Tile:
    """A tile's last write, and where a person has painted: a packed plane, or nothing."""

    written: bytes
    undos: int
    painted: bytes = b""
    known: dict[int, bytes] = field(default_factory=dict)


class Handwork:
    """Keeps what a person painted.

    Before a write `recall` and `merge`, after it `note`. Only `merge` needs to be quick:
    nobody may paint between what it is given and the write.

    Attributes:
        kept: whether any write left out what a person had painted.
        undos: how often a person has undone or redone something; for the host to count.
    """

    def __init__(self) -> None:
        self.kept = False
        self.undos = 0
        self._tiles: dict[TileRect, _Tile] = {}

    def recall(self, rect: TileRect) -> bytes | None:
        """Return what was written to a tile last, if anything was."""
        tile = self._tiles.get(rect)
        if tile is None:
            return None
        last = zlib.decompress(tile.written)
        tile.known[zlib.crc32(last)] = tile.painted
        return last

    def merge(self, rect: TileRect, last: bytes, now: bytes, fresh: bytes) -> bytes:
        """Return what to write instead of `fresh`.

        Args:
            rect: the tile.
            last: what `recall` returned.
            now: what the tile holds.
            fresh: what the session wants there; as many bytes.
        """
        tile = self._tiles[rect]
        if now != last:
            self._look(tile, last, now, rect.width * rect.height)
        if not tile.painted:
            return fresh
        self.kept = True
        return replace_where(fresh, now, zlib.decompress(tile.painted), 0)

    def note(self, rect: TileRect, written: bytes) -> None:
        """Remember what was written to a tile."""
        packed = zlib.compress(written, 1)
        if rect in self._tiles:
            self._tiles[rect].written, self._tiles[rect].undos = packed, self.undos
        else:
            self._tiles[rect] = _Tile(packed, self.undos)

    def replay(self) -> Iterator[tuple[TileRect, bytes]]:
        """Yield every tile as it was written last, for a host that had not shown it yet."""
        for rect, tile in self._tiles.items():
            yield rect, zlib.decompress(tile.written)

    def _look(self, tile: _Tile, last: bytes, now: bytes, area: int) -> None:
        """Find what a person has painted in a tile."""
        state = zlib.crc32(now)
        if tile.undos != self.undos and state in tile.known:
            tile.painted = tile.known[state]
            return
        before = zlib.decompress(tile.painted) if tile.painted else bytes(area)
        since = find_differences(last, now, len(now) // area)
        tile.painted = zlib.compress(replace_where(before, since, since, 0), 1)
        tile.known[state] = tile.painted

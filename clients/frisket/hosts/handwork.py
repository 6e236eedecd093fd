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


@dataclass(frozen=True)
class _Packed:
    """Bytes that are kept small; those of one value, most of a mask, nearly for nothing."""

    data: bytes
    repeats: int = 0

    @classmethod
    def of(cls, plane: bytes) -> _Packed:
        first = plane[:1]
        if plane == first * len(plane):
            return cls(first, len(plane))
        return cls(zlib.compress(plane, 1))

    def open(self) -> bytes:
        return self.data * self.repeats if self.repeats else zlib.decompress(self.data)


@dataclass
class _Tile:
    """A tile's last write, and where a person has painted: a plane, or nothing."""

    written: _Packed
    undos: int
    painted: _Packed | None = None
    known: dict[int, _Packed | None] = field(default_factory=dict)


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
        last = tile.written.open()
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
        if tile.painted is None:
            return fresh
        self.kept = True
        return replace_where(fresh, now, tile.painted.open(), 0)

    def note(self, rect: TileRect, written: bytes) -> None:
        """Remember what was written to a tile."""
        packed = _Packed.of(written)
        if rect in self._tiles:
            self._tiles[rect].written, self._tiles[rect].undos = packed, self.undos
        else:
            self._tiles[rect] = _Tile(packed, self.undos)

    def replay(self) -> Iterator[tuple[TileRect, bytes]]:
        """Yield every tile as it was written last, for a host that had not shown it yet."""
        for rect, tile in self._tiles.items():
            yield rect, tile.written.open()

    def _look(self, tile: _Tile, last: bytes, now: bytes, area: int) -> None:
        """Find what a person has painted in a tile."""
        state = zlib.crc32(now)
        if tile.undos != self.undos and state in tile.known:
            tile.painted = tile.known[state]
            return
        before = tile.painted.open() if tile.painted is not None else bytes(area)
        since = find_differences(last, now, len(now) // area)
        tile.painted = _Packed.of(replace_where(before, since, since, 0))
        tile.known[state] = tile.painted

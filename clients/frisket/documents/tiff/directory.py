"""Directories of a TIFF as raw entries, so that tags nobody understands survive a splice."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..core.errors import UnreadableDocument
from ..io.source import Source

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}
SHORT, LONG, LONG8 = 3, 4, 16
_FORMATS = {1: "B", 3: "H", 4: "I", 16: "Q", 13: "I", 18: "Q"}
_MAX_ENTRIES = 4096


@dataclass(frozen=True)
class Layout:
    """Byte order and width of a file's numbers."""

    order: str
    big: bool

    @property
    def word(self) -> str:
        """Format of an offset."""
        return self.order + ("Q" if self.big else "I")

    @property
    def inline(self) -> int:
        """Bytes that fit into an entry; also the width of an offset."""
        return 8 if self.big else 4

    @property
    def entry(self) -> str:
        """Format of an entry without its value."""
        return self.order + ("HHQ" if self.big else "HHI")

    @property
    def count(self) -> str:
        """Format of the number of entries."""
        return self.order + ("Q" if self.big else "H")

    @property
    def first_at(self) -> int:
        """Where the header holds the offset of the first directory."""
        return 8 if self.big else 4


@dataclass(frozen=True)
class Directory:
    """The raw entries of one directory, by tag; a tag that is there twice has both, in order."""

    offset: int
    entries: dict[int, bytes]
    next: int
    next_at: int


def read_layout(source: Source) -> Layout:
    """Return byte order and kind from the header."""
    head = source.read(0, 4)
    order = "<" if head[:2] == b"II" else ">"
    return Layout(order, struct.unpack(order + "H", head[2:4])[0] == 43)


def read_directory(source: Source, layout: Layout, offset: int) -> Directory:
    """Return the entries at ``offset``.

    Raises:
        UnreadableDocument: They are not inside the file.
    """
    width = struct.calcsize(layout.count)
    count = struct.unpack(layout.count, source.read(offset, width))[0]
    if count > _MAX_ENTRIES:
        raise UnreadableDocument(source.path, f"{count} tags cannot be true", offset=offset)
    size = struct.calcsize(layout.entry) + layout.inline
    raw = source.read(offset + width, count * size)
    entries: dict[int, bytes] = {}
    for start in range(0, len(raw), size):
        code = struct.unpack_from(layout.order + "H", raw, start)[0]
        entries[code] = entries.get(code, b"") + raw[start : start + size]
    end = offset + width + count * size
    following = struct.unpack(layout.word, source.read(end, layout.inline))[0]
    return Directory(offset, entries, following, end)


def split_entries(layout: Layout, raw: bytes) -> list[bytes]:
    """Return the single entries of a tag."""
    size = struct.calcsize(layout.entry) + layout.inline
    return [raw[start : start + size] for start in range(0, len(raw), size)]


def read_values(source: Source, layout: Layout, entry: bytes) -> tuple[int, ...]:
    """Return the whole numbers of a tag's first entry: bytes, shorts, longs or long8s."""
    _, kind, count = struct.unpack_from(layout.entry, entry)
    form = f"{layout.order}{count}{_FORMATS[kind]}"
    return struct.unpack(form, read_raw_value(source, layout, entry))


def read_raw_value(source: Source, layout: Layout, entry: bytes) -> bytes:
    """Return the bytes of a tag's first value, inline or not."""
    _, kind, count = struct.unpack_from(layout.entry, entry)
    size = SIZES.get(kind, 1) * count
    inline = entry[struct.calcsize(layout.entry) :][: layout.inline]
    if size <= layout.inline:
        return inline[:size]
    return source.read(struct.unpack(layout.word, inline)[0], size)

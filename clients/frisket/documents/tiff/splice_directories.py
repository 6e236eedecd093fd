"""Directories at the end of a spliced TIFF, and a classic file that becomes BigTIFF.

As long as the file stays below four gigabytes, one directory is appended and one pointer is
turned. Beyond that every directory is written again with wide offsets; what they point to stays
where it is, but for the few bytes that the longer header covers, which are moved to the end.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator

from ..core.errors import UnreadableDocument
from ..io.output import Blank, Output
from ..io.source import Source
from .directory import (
    SIZES,
    Directory,
    Layout,
    read_directory,
    read_raw_value,
    read_values,
    split_entries,
)

CLASSIC_LIMIT = (1 << 32) - 1
Entries = dict[int, bytes]
Change = Callable[[Entries], Entries]
_BIG_HEADER = 16
POINTERS = (330, 34665, 34853, 40965)  # SubIFDs, EXIF, GPS, interoperability
SEGMENTS = {273: 279, 324: 325, 513: 514}
_LONG8 = 16
_WIDTH = 256
_DEPTH = 4
_MOST = 1 << 16


def choose_layout(file: Output, layout: Layout, more: int) -> Layout:
    """Return the layout that the directories need when ``more`` bytes are still to come."""
    if layout.big or file.tell() + more <= CLASSIC_LIMIT:
        return layout
    return Layout(layout.order, True)


def publish(
    file: Output,
    source: Source,
    old: Layout,
    new: Layout,
    change: tuple[int, Change] | None,
    last: int = 0,
) -> None:
    """Write the directories and point to them.

    Args:
        file: A copy of the source, with new data after it.
        source: The old file.
        old: Its layout.
        new: The layout of the new file, from ``choose_layout``.
        change: Offset of the directory to exchange, and what makes its entries from the old.
        last: Position of a new last page, or 0.
    """
    if new.big == old.big:
        _turn_pointers(file, source, old, change, last)
    else:
        _enlarge(file, source, old, new, change, last)


def check_publish(
    source: Source, layout: Layout, exchanged: int | None, length: int, more: int
) -> None:
    """Refuse directories that ``publish`` could not write, by writing them nowhere.

    Args:
        source: The file.
        layout: Its layout.
        exchanged: Offset of the directory to exchange, or None where a page is added.
        length: Bytes of the file with all of the new data, at most.
        more: As for ``choose_layout``.

    Raises:
        UnreadableDocument: They run in a circle or out of the file.
    """
    blank = Blank(source.path, length)
    new = choose_layout(blank, layout, more)
    change = None if exchanged is None else (exchanged, _keep)
    publish(blank, source, layout, new, change, blank.align(8) if exchanged is None else 0)


def check_values(source: Source, layout: Layout, offsets: Iterable[int]) -> None:
    """Refuse directories with a value beyond the end of the file.

    What is appended there would be taken for the value.

    Raises:
        UnreadableDocument: One is so.
    """
    for offset in offsets:
        entries = read_directory(source, layout, offset).entries
        for raw in entries.values():
            for entry in split_entries(layout, raw):
                check_value(source, layout, entry)


def check_value(source: Source, layout: Layout, entry: bytes) -> None:
    """Refuse an entry whose value lies beyond the end of the file.

    Raises:
        UnreadableDocument: It is so.
    """
    code, kind, count = struct.unpack_from(layout.entry, entry)
    size = SIZES.get(kind, 1) * count
    if size <= layout.inline:
        return
    start = struct.unpack(layout.word, entry[struct.calcsize(layout.entry) :])[0]
    if start + size > source.size:
        raise UnreadableDocument(source.path, f"the value of tag {code} is cut off", offset=start)


def _keep(entries: Entries) -> Entries:
    return entries


def _turn_pointers(
    file: Output, source: Source, layout: Layout, change: tuple[int, Change] | None, last: int
) -> None:
    if change is not None:
        directory = read_directory(source, layout, change[0])
        entries = change[1](dict(directory.entries))
        position = write_entries(file, layout, entries, directory.next)
        for link in _find_links(source, layout, directory.offset):
            own = link == directory.next_at
            at = file.tell() - layout.inline if own else link
            file.patch(at, struct.pack(layout.word, position))
    if last:
        chain = read_chain(source, layout)
        link = chain[-1].next_at if chain else layout.first_at
        file.patch(link, struct.pack(layout.word, last))


def write_entries(file: Output, layout: Layout, entries: Entries, following: int) -> int:
    """Append a directory; its position."""
    position = file.align(8)
    raw = b"".join(entries[code] for code in sorted(entries))
    head = struct.pack(layout.count, len(split_entries(layout, raw)))
    file.write(head + raw + struct.pack(layout.word, following))
    return position


def read_chain(source: Source, layout: Layout) -> list[Directory]:
    """Return all directories of the main chain.

    Raises:
        UnreadableDocument: The chain runs in a circle, or begins outside the file.
    """
    return list(walk_chain(source, layout))


def walk_chain(source: Source, layout: Layout) -> Iterator[Directory]:
    """Yield the directories of the main chain, one after the other.

    Raises:
        UnreadableDocument: As for ``read_chain``, when it is met.
    """
    seen: set[int] = set()
    here = struct.unpack(layout.word, source.read(layout.first_at, layout.inline))[0]
    while here:
        if here in seen or len(seen) > _MOST:
            raise UnreadableDocument(
                source.path, "its directories run in a circle", offset=here,
                advice="use --as alpha or --as matte",
            )  # fmt: skip
        seen.add(here)
        try:
            directory = read_directory(source, layout, here)
        except UnreadableDocument:
            if len(seen) == 1:
                raise
            return  # readers take rubbish after the last directory as the end
        if len(seen) > 1 and not _is_sound(layout, directory):
            return
        yield directory
        here = directory.next


def _is_sound(layout: Layout, directory: Directory) -> bool:
    """Tell whether entries are a directory, and not what bytes happen to say."""
    kinds = [struct.unpack_from(layout.entry, raw)[1] for raw in directory.entries.values()]
    known = bool(kinds) and all(kind in SIZES for kind in kinds)
    return known or _WIDTH in directory.entries


def _find_links(source: Source, layout: Layout, offset: int) -> Iterator[int]:
    """Yield where the offset of a directory is written: in the header or in those before it.

    Where directories run in a circle, the last one leads to it too.
    """
    at, seen = layout.first_at, set[int]()
    while at not in seen and len(seen) < _MOST:
        seen.add(at)
        here = struct.unpack(layout.word, source.read(at, layout.inline))[0]
        if here == offset:
            yield at
        if not here:
            return
        try:
            at = read_directory(source, layout, here).next_at
        except UnreadableDocument:  # rubbish after the last one
            return


def _enlarge(
    file: Output,
    source: Source,
    old: Layout,
    new: Layout,
    change: tuple[int, Change] | None,
    last: int,
) -> None:
    """Write every directory once more with wide offsets, from the last to the first."""
    widener = _Widener(file, source, old, new)
    position = last
    for directory in reversed(read_chain(source, old)):
        entries = widener.widen_entries(directory)
        if change is not None and change[0] == directory.offset:
            entries = change[1](entries)
        position = write_entries(file, new, entries, position)
    mark = b"II" if new.order == "<" else b"MM"
    file.patch(0, mark + struct.pack(f"{new.order}HHHQ", 43, 8, 0, position))


class _Widener:
    """Turns entries with offsets of four bytes into entries with offsets of eight."""

    def __init__(self, file: Output, source: Source, old: Layout, new: Layout) -> None:
        self._file, self._source, self._old, self._new = file, source, old, new

    def widen_entries(self, directory: Directory, depth: int = 0) -> Entries:
        """Return all entries of a directory."""
        return {
            code: b"".join(
                self._widen_entry(directory, code, one, depth)
                for one in split_entries(self._old, raw)
            )
            for code, raw in directory.entries.items()
        }

    def _widen_entry(self, directory: Directory, code: int, raw: bytes, depth: int) -> bytes:
        _, kind, count = struct.unpack_from(self._old.entry, raw)
        size = SIZES.get(kind, 1) * count
        if code in POINTERS and kind in (4, 13) and depth < _DEPTH:
            return self._widen_pointers(code, raw, depth)
        if code in SEGMENTS and kind in (3, 4):
            moved = self._move_segments(directory, code, raw)
            if moved is not None:
                return moved
        return struct.pack(self._new.entry, code, kind, count) + self._widen_value(raw, size)

    def _widen_value(self, raw: bytes, size: int) -> bytes:
        """Return the value inline where it fits now, else where it lies."""
        if size <= self._new.inline:
            return read_raw_value(self._source, self._old, raw).ljust(self._new.inline, b"\0")
        place = struct.unpack(self._old.word, raw[struct.calcsize(self._old.entry) :])[0]
        if place < _BIG_HEADER:
            place = self._relocate(place, size)
        return struct.pack(self._new.word, place)

    def _relocate(self, place: int, size: int) -> int:
        """Copy bytes that the longer header covers to the end; their new place."""
        position = self._file.align(8)
        self._file.copy(self._source.path, self._source.descriptor, place, size)
        return position

    def _move_segments(self, directory: Directory, code: int, raw: bytes) -> bytes | None:
        """Copy strips or tiles that lie under the longer header; None where there are none."""
        sizes = directory.entries.get(SEGMENTS[code])
        places = list(read_values(self._source, self._old, raw))
        if sizes is None or not any(0 < place < _BIG_HEADER for place in places):
            return None
        lengths = read_values(self._source, self._old, sizes)
        for index, length in enumerate(lengths[: len(places)]):
            if 0 < places[index] < _BIG_HEADER:
                places[index] = self._relocate(places[index], length)
        return self._pack_offsets(code, places)

    def _widen_pointers(self, code: int, raw: bytes, depth: int) -> bytes:
        """Write the directories below a directory again."""
        places = []
        for offset in read_values(self._source, self._old, raw):
            below = read_directory(self._source, self._old, offset)
            entries = self.widen_entries(below, depth + 1)
            places.append(write_entries(self._file, self._new, entries, 0))
        return self._pack_offsets(code, places)

    def _pack_offsets(self, code: int, places: list[int]) -> bytes:
        data = struct.pack(f"{self._new.order}{len(places)}Q", *places)
        if len(data) > self._new.inline:
            position = self._file.align(8)
            self._file.write(data)
            data = struct.pack(self._new.word, position)
        return struct.pack(self._new.entry, code, _LONG8, len(places)) + data

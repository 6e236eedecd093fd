"""Every directory of a TIFF by a name, and the stretches of the file that belong to one."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.errors import DocumentError, UnreadableDocument
from ..io.comparing import Stretch
from ..io.source import Source
from .directory import SIZES, Directory, Layout, read_directory, read_layout, split_entries
from .splice_directories import POINTERS, SEGMENTS, walk_chain

if TYPE_CHECKING:
    from .document import TiffDocument

_BELOW = {330: "below", 34665: "EXIF", 34853: "GPS", 40965: "interoperability"}
_WORDS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_DEPTH = 4
_MOST = 1 << 16


@dataclass
class Census:
    """What a TIFF is made of.

    Attributes:
        source: The file.
        layout: Its byte order and width.
        directories: By name: pages, their reduced versions, and what hangs below either.
        pages: The page of a name, as its reader sees it.
    """

    source: Source
    layout: Layout
    directories: dict[str, Directory] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)

    def find_value(self, entry: bytes) -> Stretch:
        """Return where the value of an entry lies that is not inside it; no bytes where it is."""
        _, kind, count = struct.unpack_from(self.layout.entry, entry)
        size = SIZES.get(kind, 1) * count
        if size <= self.layout.inline:
            return 0, 0
        head = struct.calcsize(self.layout.entry)
        return struct.unpack_from(self.layout.word, entry, head)[0], size

    def list_segments(self, directory: Directory) -> np.ndarray[Any, Any]:
        """Return where the strips, tiles and previews of a directory lie: (number, 2) int64."""
        found = [np.zeros((0, 2), np.int64)]
        for places, lengths in SEGMENTS.items():
            with contextlib.suppress(DocumentError, KeyError):
                numbers = [self.read_words(directory, code) for code in (places, lengths)]
                most = min(map(len, numbers))
                found.append(np.stack([one[:most] for one in numbers], axis=1))
        return np.concatenate(found)

    def read_words(self, directory: Directory, code: int) -> np.ndarray[Any, Any]:
        """Return the whole numbers of a tag's first entry, int64.

        Raises:
            KeyError: They are no whole numbers, or the tag is missing.
            UnreadableDocument: They lie beyond the end of the file.
        """
        entry = split_entries(self.layout, directory.entries[code])[0]
        _, kind, count = struct.unpack_from(self.layout.entry, entry)
        start, length = self.find_value(entry)
        word = np.dtype(f"{self.layout.order}{_WORDS[kind]}")
        head = struct.calcsize(self.layout.entry)
        raw = self.source.read(start, length) if length else entry[head:]
        return np.frombuffer(raw, word, count).astype(np.int64)

    def list_unclaimed(self) -> Iterator[Stretch]:
        """Yield the stretches that belong to no directory, in order."""
        end = self.layout.first_at + self.layout.inline
        claimed = [np.array([[0, end]]), *map(self._list_claimed, self.directories.values())]
        taken = np.concatenate(claimed)
        taken = taken[taken[:, 1] > 0]
        taken = taken[np.argsort(taken[:, 0], kind="stable")]
        stops = np.maximum.accumulate(taken.sum(axis=1))
        starts = np.append(taken[1:, 0], self.source.size)
        for gap in np.flatnonzero(starts > stops):
            start = int(stops[gap])
            yield start, min(int(starts[gap]), self.source.size) - start

    def _list_claimed(self, directory: Directory) -> np.ndarray[Any, Any]:
        size = directory.next_at + self.layout.inline - directory.offset
        values = [
            self.find_value(entry)
            for raw in directory.entries.values()
            for entry in split_entries(self.layout, raw)
        ]
        limit = self.source.size
        own = [(at, min(length, limit)) for at, length in values if at < limit]
        segments = np.clip(self.list_segments(directory), 0, limit)
        return np.concatenate([np.array([(directory.offset, size), *own], np.int64), segments])


def take_census(document: TiffDocument, source: Source) -> Census:
    """Return every directory that can be reached, each once."""
    census = Census(source, read_layout(source))
    names = _name_pages(document, census)
    seen: set[int] = set()
    with contextlib.suppress(UnreadableDocument):  # a chain in a circle ends
        for number, directory in enumerate(walk_chain(source, census.layout), 1):
            _add(census, names, directory, f"directory {number}", seen, 0)
    for offset, name in names.items():  # what other readers reach is compared too
        with contextlib.suppress(DocumentError):
            _add(census, names, read_directory(source, census.layout, offset), name, seen, 0)
    return census


def _name_pages(document: TiffDocument, census: Census) -> dict[int, str]:
    """Return the names of pages and their reduced versions by where their directories lie."""
    names = {}
    for number, page in enumerate(document.pages):
        family = [(f"page {number + 1}", page)]
        for rank, reduced in enumerate(document.reduced.get(number, ()), 1):
            family.append((f"page {number + 1} reduced {rank}", reduced))
        for name, one in family:
            names[one.offset] = name
            census.pages[name] = one
    return names


def _add(
    census: Census, names: dict[int, str], directory: Directory, name: str, seen: set[int],
    depth: int,
) -> None:  # fmt: skip
    """Name a directory and what hangs below it."""
    if directory.offset in seen or len(seen) >= _MOST:
        return
    seen.add(directory.offset)
    name = names.get(directory.offset, name)
    census.directories[name] = directory
    for code, places in list_pointers(census, directory) if depth < _DEPTH else ():
        for rank, place in enumerate(places, 1):
            number = f" {rank}" if rank > 1 else ""
            with contextlib.suppress(DocumentError):
                below = read_directory(census.source, census.layout, place)
                _add(census, names, below, f"{name} {_BELOW[code]}{number}", seen, depth + 1)


def list_pointers(census: Census, directory: Directory) -> Iterator[tuple[int, list[int]]]:
    """Yield the tags of a directory that point to others, and where to."""
    for code in POINTERS:
        if code in directory.entries:
            with contextlib.suppress(DocumentError, KeyError):
                yield code, census.read_words(directory, code)[:_MOST].tolist()

"""Image resources of a TIFF: tag 34377 of a page, big-endian whatever the file is.

They are written anew at the end of the file and one new directory points to them; the old file
stays, byte for byte.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.carrier import is_path
from ..core.errors import UnreadableDocument
from ..core.resources import ImageResource, exchange, split_blocks
from ..io.output import check_place
from ..io.source import Source
from .directory import SIZES, Layout, read_directory, read_layout, read_raw_value
from .pages import find_turn
from .splice_directories import Entries, check_publish, check_values, choose_layout, publish

if TYPE_CHECKING:
    from .document import TiffDocument

TAG = 34377
_BYTE = 1
_LONGEST = 1 << 28
_DIRECTORY_ROOM = 1 << 20


class TiffResources:
    """The image resources of one page."""

    suffixes = (".tif", ".tiff")

    def __init__(self, document: TiffDocument, number: int) -> None:
        self._document, page = document, document.pages[number]
        self._offset = page.offset
        self.width, self.height = int(page.imagewidth), int(page.imagelength)
        self.turn = find_turn(page)

    def read(self) -> list[ImageResource]:
        """Return the resources of paths."""
        with self._open() as (source, layout):
            block = self._read_block(source, layout)
        return [one for one, _, _ in self._split(block) if is_path(one.id)]

    def check(self, output: Path, room: int) -> None:
        """Refuse directories that cannot be written again, damaged resources, or no room."""
        with self._open() as (source, layout):
            self._check_main_chain()
            block = self._read_block(source, layout)
            self._split(block)
            length = source.size + len(block) + room
            check_place(output, length)
            check_values(source, layout, (page.offset for page in self._document.pages))
            check_publish(source, layout, self._offset, length, _DIRECTORY_ROOM)

    def write(self, output: Path, changes: Sequence[ImageResource]) -> None:
        """Write a copy with the changes."""
        with self._open() as (source, layout):
            block = exchange(self._read_block(source, layout), changes)
            needed = source.size + len(block) + _DIRECTORY_ROOM
            with self._document.open_copy(output, needed) as file:
                file.copy(source.path, source.descriptor, 0, source.size)
                at = file.align(8)
                file.write(block)
                new = choose_layout(file, layout, _DIRECTORY_ROOM)

                def turn(entries: Entries) -> Entries:
                    head = struct.pack(new.entry, TAG, _BYTE, len(block))
                    return {**entries, TAG: head + struct.pack(new.word, at)}

                publish(file, source, layout, new, (self._offset, turn))

    @contextlib.contextmanager
    def _open(self) -> Iterator[tuple[Source, Layout]]:
        with contextlib.closing(Source(self._document.path)) as source:
            yield source, read_layout(source)

    def _read_block(self, source: Source, layout: Layout) -> bytes:
        entry = read_directory(source, layout, self._offset).entries.get(TAG)
        if entry is None:
            return b""
        _, kind, count = struct.unpack_from(layout.entry, entry)
        if count * SIZES.get(kind, 1) > _LONGEST:
            raise self._refuse("its image resources claim a length that cannot be true")
        return read_raw_value(source, layout, entry)

    def _split(self, block: bytes) -> list[tuple[ImageResource, int, int]]:
        try:
            return list(split_blocks(block))
        except ValueError as error:
            raise self._refuse(str(error)) from None

    def _check_main_chain(self) -> None:
        """Refuse a page that hangs below another: what points to it is not turned."""
        for page in self._document.pages:
            if page.offset == self._offset and getattr(page, "treeindex", (0,))[1:]:
                raise self._refuse("this page lies below its preview")

    def _refuse(self, reason: str) -> UnreadableDocument:
        return UnreadableDocument(
            self._document.path, reason, advice="write the path as .svg, .eps or .pdf"
        )

"""Image resources of a JPEG: segments APP13, which together hold one block of them."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.carrier import is_path
from ..core.errors import UnreadableDocument, UnsupportedDocument
from ..core.resources import ImageResource, exchange, split_blocks
from ..io.output import check_place
from ..io.source import Source
from ..io.splicing import Edit, Splice

if TYPE_CHECKING:
    from .document import FlatDocument

_HEADER = b"Photoshop 3.0\0"
_APP0, _APP1, _APP2, _APP13 = 0xE0, 0xE1, 0xE2, 0xED
_SCAN, _FILL = 0xDA, 0xFF
_ALONE = (0x01, *range(0xD0, 0xD8))  # markers without a length
_LONGEST = 65533 - len(_HEADER)
_MOST = 1 << 12


class JpegResources:
    """The image resources of a JPEG."""

    suffixes = (".jpg", ".jpeg")

    def __init__(self, document: FlatDocument) -> None:
        self._document = document
        self.turn = document.turn
        self.width, self.height = document.stored_size

    def read(self) -> list[ImageResource]:
        """Return the resources of paths."""
        with self._open() as source:
            segments = list(self._list_segments(source))
            block = self._join(source, segments)
        return [one for one, _, _ in self._split(block) if is_path(one.id)]

    def check(self, output: Path, room: int) -> None:
        """Refuse damaged segments, further pictures whose places would move, or no room."""
        if self._document.format == "MPO":
            raise UnsupportedDocument(
                self._document.path,
                "it holds further pictures, whose places in the file a path would move",
                advice="write the path as .svg, .eps or .pdf, or save the picture as TIFF",
            )
        self.read()
        check_place(output, Path(self._document.path).stat().st_size + room)

    def write(self, output: Path, changes: Sequence[ImageResource]) -> None:
        """Write a copy with the changes: other segments and the scan stay as they are."""
        with self._open() as source:
            segments = list(self._list_segments(source))
            edits = self._plan(source, segments, changes)
            room = source.size + sum(len(one.data) for one in changes) + (1 << 16)
            with self._document.open_copy(output, room) as file:
                Splice(source, edits).write(file)

    def _plan(
        self, source: Source, segments: list[tuple[int, int, int]], changes: Sequence[ImageResource]
    ) -> list[Edit]:
        """Return the edits; where nothing is replaced, segments are only added."""
        block = self._join(source, segments)
        own = [one for one in segments if self._is_own(source, one)]
        kept = {one.id for one, _, _ in self._split(block)}
        if own and (len(block) % 2 or kept & {one.id for one in changes}):
            packed = _pack(exchange(block, changes))
            first, *others = own
            return [Edit(first[1], first[2], packed), *(Edit(s, e, b"") for _, s, e in others)]
        at = own[-1][2] if own else _find_place(segments)
        return [Edit(at, at, _pack(b"".join(one.pack() for one in changes)))]

    @contextlib.contextmanager
    def _open(self) -> Iterator[Source]:
        with contextlib.closing(Source(self._document.path)) as source:
            yield source

    def _list_segments(self, source: Source) -> Iterator[tuple[int, int, int]]:
        """Yield marker, start and end of each segment before the first scan."""
        at = 2
        for _ in range(_MOST):
            lead, marker = source.read(at, 2)
            if lead != 0xFF:
                raise self._refuse("its segments are damaged")
            if marker == _FILL or marker in _ALONE:
                at += 1 if marker == _FILL else 2
                continue
            if marker == _SCAN:
                return
            end = at + 2 + struct.unpack(">H", source.read(at + 2, 2))[0]
            if end > source.size or end < at + 4:
                raise self._refuse("its segments are cut off")
            yield marker, at, end
            at = end
        raise self._refuse("its segments have no end")

    def _is_own(self, source: Source, segment: tuple[int, int, int]) -> bool:
        marker, start, end = segment
        whole = marker == _APP13 and end - start >= 4 + len(_HEADER)
        return whole and source.read(start + 4, len(_HEADER)) == _HEADER

    def _join(self, source: Source, segments: list[tuple[int, int, int]]) -> bytes:
        """Return what all segments hold together: programs cut a long block wherever it is."""
        skipped = 4 + len(_HEADER)
        return b"".join(
            source.read(one[1] + skipped, one[2] - one[1] - skipped)
            for one in segments
            if self._is_own(source, one)
        )

    def _split(self, block: bytes) -> list[tuple[ImageResource, int, int]]:
        try:
            return list(split_blocks(block))
        except ValueError as error:
            raise self._refuse(f"{error} (APP13)") from None

    def _refuse(self, reason: str) -> UnreadableDocument:
        return UnreadableDocument(
            self._document.path,
            reason,
            advice="save it anew, or write the path as .svg, .eps or .pdf",
        )


def _find_place(segments: list[tuple[int, int, int]]) -> int:
    """Return where a first segment goes: behind JFIF, EXIF and XMP, which readers want in front."""
    at = 2
    for marker, start, end in segments:
        if start != at or marker not in (_APP0, _APP1):
            break
        at = end
    return at


def _pack(block: bytes) -> bytes:
    """Return a block as segments, cut between resources where they are short enough."""
    pieces = [b""]
    for _, start, end in split_blocks(block):
        resource = block[start:end]
        if pieces[-1] and len(pieces[-1]) + len(resource) > _LONGEST:
            pieces.append(b"")
        pieces[-1] += resource
    cut = [one[at : at + _LONGEST] for one in pieces for at in range(0, len(one), _LONGEST)]
    heads = (struct.pack(">BBH", 0xFF, _APP13, 2 + len(_HEADER) + len(one)) for one in cut)
    return b"".join(head + _HEADER + one for head, one in zip(heads, cut, strict=True))

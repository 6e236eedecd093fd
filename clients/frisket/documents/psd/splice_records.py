"""Edits of layer records, and the lengths that follow from them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import OutputError, UnsupportedDocument
from ..core.model import AlphaSource, Layer, Rect
from ..io.output import Output
from ..io.splicing import Edit, Splice
from .records import (
    CHANNEL_COUNT_AT,
    CHANNEL_LENGTH_AT,
    CHANNELS_AT,
    MAX_CHANNELS,
    LayerInfo,
    Record,
)
from .structure import REAL_PREVIEW_AT, VERSION_INFO, Structure

if TYPE_CHECKING:
    from .document import PsdDocument
    from .host import LayerHost

PSD_LIMIT = (1 << 31) - 1
_TILE = 512


@dataclass
class LayerEdits:
    """Collects what changes inside the layer info of a document."""

    info: LayerInfo
    edits: list[Edit] = field(default_factory=list)
    lengths: list[tuple[Edit, Edit]] = field(default_factory=list)
    patched: list[tuple[int, Edit]] = field(default_factory=list)
    padding: Edit | None = None
    base: int = 0

    @property
    def _word(self) -> str:
        return f"{self.info.order}{'Q' if self.info.version == 2 else 'I'}"

    def replace_mask_block(self, record: Record, block: bytes) -> None:
        """Exchange the mask block and correct the length of the extra data."""
        old = 4 + record.mask_room
        grown = record.extra_length + len(block) - old
        form = f"{self.info.order}I"
        self.edits.append(Edit(record.extra_at, record.extra_at + 4, struct.pack(form, grown)))
        self.edits.append(Edit(record.mask_at, record.mask_at + old, block))

    def set_channel(self, record: Record, number: int, write: Callable[[Output], None]) -> None:
        """Give a layer a channel, in place of the one it has or after its last one."""
        old = record.find_channel(number)
        if old is not None:
            data = Edit(old.data, old.data + old.length, write)
            self.edits.append(data)
            self.patched.append((old.info_at + CHANNEL_LENGTH_AT, data))
            return
        count = struct.pack(f"{self.info.order}H", len(record.channels) + 1)
        at = record.start + CHANNEL_COUNT_AT
        self.edits.append(Edit(at, record.start + CHANNELS_AT, count))
        entry = struct.pack(f"{self.info.order}h", number) + bytes(struct.calcsize(self._word))
        head = Edit(record.blend_at, record.blend_at, entry)
        last = record.channels[-1] if record.channels else None
        place = last.data + last.length if last else self._find_place(record)
        data = Edit(place, place, write)
        self.edits += [head, data]
        self.lengths.append((head, data))

    def _find_place(self, record: Record) -> int:
        """Return where a layer's channels would begin: after those of the layers before it."""
        place = self.info.channels_at
        for other in self.info.records:
            if other is record:
                break
            place = max([place, *(one.data + one.length for one in other.channels)])
        return place

    def finish(self, structure: Structure) -> list[Edit]:
        """Return all edits, with one more for the padding at the end of the layer info."""
        info = self.info
        stop = info.start + info.length
        end = stop + (-info.length % 4 if info.key else 0)
        section = structure.section_at + (8 if structure.big else 4) + structure.section_length
        unknown = stop - info.channels_end >= 4  # more than padding: keep it
        start = stop if unknown else info.channels_end
        self.padding = Edit(start, max(start, min(end, section)), self._pad)
        return [*self.edits, self.padding]

    def _pad(self, out: Output) -> None:
        """Pad as the old one was: to four, to two, or not at all; placed by ``shift_lengths``."""
        info = self.info
        begin = self._find_begin(out)
        content = out.tell() - begin
        align = 4 if info.key or info.length % 4 == 0 else 2 if info.length % 2 == 0 else 1
        out.write(bytes(-content % align))

    def _find_begin(self, out: Output) -> int:
        """Return position of the layer count in the new file, before the splice has ended."""
        grown = sum(
            edit.size - (edit.end - edit.start)
            for edit in self.edits
            if edit.start < self.info.start
        )
        return self.base + self.info.start + grown


def require_info(host: LayerHost) -> LayerInfo:
    """Return the layers of a document that has some."""
    info = host.structure.layer_info
    assert info is not None
    return info


def check_depth(host: LayerHost) -> None:
    """Refuse documents of one bit, whose channels hold nothing but black and white.

    Raises:
        UnsupportedDocument: It is one.
    """
    if host.structure.depth == 1:
        raise UnsupportedDocument(
            host.path, "a document of 1 bit carries no alpha", advice="use --as matte"
        )


def check_channel_count(host: LayerHost, layer: Layer, count: int) -> None:
    """Refuse to give a layer more channels than a reader accepts.

    Raises:
        UnsupportedDocument: It would have ``count``, and that is too many.
    """
    if count > MAX_CHANNELS:
        raise UnsupportedDocument(
            host.path,
            f"layer {layer.path!r} has the most channels it can have",
            advice="use --as matte or --as cutout",
        )


def shift_lengths(out: Output, splice: Splice, structure: Structure, edits: LayerEdits) -> None:
    """Patch every length that grew: channels, layer info, section."""
    info = edits.info
    word = f"{info.order}{'Q' if info.version == 2 else 'I'}"
    for head, data in edits.lengths:
        out.patch(head.at + CHANNEL_LENGTH_AT, struct.pack(word, data.size))
    for position, data in edits.patched:
        out.patch(splice.locate(position), struct.pack(word, data.size))
    assert edits.padding is not None
    start, end = splice.locate(info.start), edits.padding.at + edits.padding.size
    form = f"{info.order}{'Q' if info.wide else 'I'}"
    length = end - start
    if info.key:
        length = edits.padding.at - start
        length += -length % 4 if info.length % 4 == 0 else 0
    out.patch(splice.locate(info.length_at), struct.pack(form, length))
    old_end = edits.padding.end
    section = (
        structure.section_length
        + (end - splice.locate(structure.section_at))
        - (old_end - structure.section_at)
    )
    if structure.standard_at:
        form = ">Q" if structure.big else ">I"
        out.patch(splice.locate(structure.section_at), struct.pack(form, section))


def mark_preview(document: PsdDocument) -> list[Edit]:
    """Say in the version info that the merged image is no longer real."""
    found = document.structure.find_resource(VERSION_INFO)
    if found is None or found.length <= REAL_PREVIEW_AT:
        return []
    at = found.data + REAL_PREVIEW_AT
    return [Edit(at, at + 1, b"\0")]


def estimate_room(document: PsdDocument, alphas: Iterable[AlphaSource]) -> int:
    """Return bytes the new file may take at most: tiles that are not solid count in full."""
    size = document.source.size + (1 << 16)
    item = max(1, document.structure.depth // 8)
    for alpha in alphas:
        size += alpha.height * (alpha.width * item // 64 + 8)
        size += sum(_measure_row(alpha, y, item) for y in range(0, alpha.height, _TILE))
    return size


def _measure_row(alpha: AlphaSource, y: int, item: int) -> int:
    """Return bytes of the tiles of one row that are not solid."""
    height, total = min(_TILE, alpha.height - y), 0
    for x in range(0, alpha.width, _TILE):
        tile = Rect(x, y, min(_TILE, alpha.width - x), height)
        total += 0 if alpha.solid(tile) is not None else tile.width * height * item
    return total


def check_size(document: PsdDocument, out: Output) -> None:
    """Refuse a PSD that has passed its limit; the unfinished file is removed.

    Raises:
        OutputError: It has.
    """
    if not document.structure.big and out.tell() > PSD_LIMIT:
        raise _refuse_size(document)


def check_limit(document: PsdDocument, output: Path, least: int) -> None:
    """Refuse a PSD that will pass its limit, since at least ``least`` bytes are written.

    Raises:
        OutputError: It will.
    """
    widened = document.structure.big or output.suffix.lower() == ".psb"
    if not widened and least > PSD_LIMIT:
        raise _refuse_size(document)


def _refuse_size(document: PsdDocument) -> OutputError:
    return OutputError(
        document.path,
        "the result would pass the two gigabytes that end a PSD",
        advice="name the output .psb, and it is written as a PSB",
    )

"""A PSD written anew as a PSB: fields and tables that are wider there, all else as it is.

Sizes follow from the structure alone, so every length is known before a byte is written, and
pixels are copied without being decoded.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ..core.errors import OutputError, UnreadableDocument, UnsupportedDocument
from ..io.output import Output, check_place, scratch
from ..io.source import Source
from ..io.splicing import Edit, Splice
from .channel import RLE
from .document import PsdDocument
from .records import CHANNEL_LENGTH_AT, SIGNATURES, WIDE_KEYS, Block, Channel, LayerInfo, Record
from .structure import VERSION_AT, VERSION_LENGTH

_ROWS = 1 << 18


@contextlib.contextmanager
def convert_as_named(document: PsdDocument, out: str | os.PathLike[str]) -> Iterator[PsdDocument]:
    """Yield the document in the format of the output's name: a PSD for ``.psb`` converted.

    The converted copy lies beside the output until the block ends.

    Raises:
        OutputError: There is no room for it.
        UnsupportedDocument: Some structure cannot be carried over; the message names it.
    """
    if not _is_widened(document, out):
        yield document
        return
    with scratch(out, _estimate_room(document)) as file:
        write_psb(document, file)
        converted = PsdDocument(file.path)
        try:
            # Errors name the file that people know.
            converted.path = converted.source.path = document.path
            yield converted
        finally:
            converted.close()


def check_named(document: PsdDocument, out: str | os.PathLike[str]) -> None:
    """Refuse a document that cannot be written in the format that the output's name asks for.

    Raises:
        OutputError: A PSB named as a PSD, or no room for a converted copy.
        UnreadableDocument: Row tables or lengths that cannot be true.
        UnsupportedDocument: A structure whose form in a PSB is not known.
    """
    if document.structure.big and Path(out).suffix.lower() == ".psd":
        raise OutputError(out, "a PSB is not written as a PSD", advice="name the output .psb")
    if _is_widened(document, out):
        check_place(out, _estimate_room(document))
        for _ in Widening(document).plan_edits():
            pass


def _is_widened(document: PsdDocument, out: str | os.PathLike[str]) -> bool:
    return not document.structure.big and Path(out).suffix.lower() == ".psb"


def _estimate_room(document: PsdDocument) -> int:
    """Return the bytes a converted copy may take: tables of rows double at most."""
    return 2 * document.source.size + (1 << 20)


def write_psb(document: PsdDocument, out: Output) -> None:
    """Write the document as a PSB where ``out`` stands.

    Raises:
        UnreadableDocument: Row tables or lengths that cannot be true.
        UnsupportedDocument: A structure whose form in a PSB is not known.
    """
    Splice(document.source, list(Widening(document).plan_edits())).write(out)


class Widening:
    """The edits between a PSD and the same document as a PSB."""

    def __init__(self, document: PsdDocument) -> None:
        self._document, self._source = document, document.source
        self._found = document.structure

    def plan_edits(self) -> Iterator[Edit]:
        """Yield edits: version, section, merged image; lengths corrected by what grew inside."""
        found = self._found
        version = (2).to_bytes(VERSION_LENGTH, "big")
        yield Edit(VERSION_AT, VERSION_AT + VERSION_LENGTH, version)
        inner, grown = self._widen_section()
        yield from inner
        if found.merged_at > found.section_at:
            yield _widen_number(found.section_at, found.section_length + grown)
        yield from self._widen_merged()

    def _widen_section(self) -> tuple[list[Edit], int]:
        """Return the edits inside the layer and mask section, and by how much it grows."""
        found = self._found
        if not found.standard_at:
            return [], 0
        edits, grown = self._widen_layer_info() if found.layer_info else ([], 0)
        standard = int.from_bytes(self._source.read(found.standard_at, 4), "big")
        inside = found.layer_info is not None and found.layer_info.key is None
        edits.append(_widen_number(found.standard_at, standard + (grown if inside else 0)))
        wide = [block for block in found.blocks if block.key in WIDE_KEYS]
        for block in wide:
            edits += self._widen_block(block, grown if self._is_layers(block) else 0)
        self._check_rest(found.blocks, found.blocks_at, found.merged_at, 4)
        return edits, 4 + grown + 4 * len(wide)

    def _is_layers(self, block: Block) -> bool:
        return self._found.layer_info is not None and self._found.layer_info.start == block.data

    def _widen_layer_info(self) -> tuple[list[Edit], int]:
        info = self._found.layer_info
        assert info is not None
        edits: list[Edit] = []
        grown = 0
        for record in info.records:
            inner, more = self._widen_record(record)
            edits += inner
            grown += more
        for record in info.records:
            for channel in record.channels:
                edit, more = self._widen_channel(channel)
                edits += edit
                grown += more
        padding, more = _fit_padding(info, grown)
        return [*edits, *padding], grown + more

    def _widen_record(self, record: Record) -> tuple[list[Edit], int]:
        edits = []
        for channel in record.channels:
            length = channel.length + 2 * self._count_table_rows(channel)
            edits.append(_widen_number(channel.info_at + CHANNEL_LENGTH_AT, length))
        wide = [block for block in record.blocks if block.key in WIDE_KEYS]
        if record.name_at:
            named = record.name_at + 1 + len(record.name)
            self._check_rest(record.blocks, named, record.end, 1)
        if wide:
            extra = (record.extra_length + 4 * len(wide)).to_bytes(4, "big")
            edits.append(Edit(record.extra_at, record.extra_at + 4, extra))
        for block in wide:
            edits += self._widen_block(block, 0)
        return edits, 4 * len(record.channels) + 4 * len(wide)

    def _widen_block(self, block: Block, more: int) -> list[Edit]:
        """Give a tagged block a length of eight bytes, and the signature that says so."""
        signature = Edit(block.start, block.start + 4, b"8B64")
        return [signature, _widen_number(block.length_at, block.length + more)]

    def _count_table_rows(self, channel: Channel) -> int:
        """Return entries of a channel's table of row lengths; 0 where it has none."""
        if channel.length <= 2 or self._source.read(channel.data, 2) != RLE.to_bytes(2, "big"):
            return 0
        if not channel.height or channel.length - 2 < 2 * channel.height:
            raise UnreadableDocument(
                self._document.path,
                "cannot become a PSB: a channel's table of rows does not fit it",
                offset=channel.data,
            )
        return channel.height

    def _widen_channel(self, channel: Channel) -> tuple[list[Edit], int]:
        rows = self._count_table_rows(channel)
        return ([self._widen_table(channel.data + 2, rows)] if rows else []), 2 * rows

    def _widen_table(self, start: int, rows: int) -> Edit:
        return Edit(start, start + 2 * rows, partial(_write_wide_rows, self._source, start, rows))

    def _widen_merged(self) -> Iterator[Edit]:
        found, start = self._found, self._found.merged_at
        if self._source.size - start < 2 or self._source.read(start, 2) != RLE.to_bytes(2, "big"):
            return
        rows = found.channels * found.height
        if self._source.size - start - 2 < 2 * rows:
            raise UnreadableDocument(
                self._document.path,
                "cannot become a PSB: the merged image is cut off",
                offset=start,
            )
        yield self._widen_table(start + 2, rows)

    def _check_rest(self, blocks: list[Block], start: int, end: int, padding: int) -> None:
        """Refuse what follows the last known block, unless nothing in it could be a block."""
        start = blocks[-1].find_padded_end(padding) if blocks else start
        if end - start < 12:
            return
        rest = self._source.read(start, min(end - start, _ROWS))
        if any(signature in rest for signature in SIGNATURES):
            raise UnsupportedDocument(
                self._document.path,
                "cannot become a PSB: it holds a structure that is not known",
                offset=start,
                advice="save it as PSB in the program that wrote it",
            )


def _fit_padding(info: LayerInfo, grown: int) -> tuple[list[Edit], int]:
    """Keep the length's remainder by four, with as little padding as there was."""
    if grown % 4 == 0:
        return [], 0
    end = info.start + info.length
    if 2 <= end - info.channels_end < 4:
        return [Edit(end - 2, end, b"")], -2
    return [Edit(end, end, bytes(2))], 2


def _widen_number(at: int, value: int) -> Edit:
    """Replace a length of four bytes by one of eight."""
    return Edit(at, at + 4, value.to_bytes(8, "big"))


def _write_wide_rows(source: Source, start: int, rows: int, out: Output) -> None:
    """Write row lengths of two bytes with four."""
    for first in range(0, rows, _ROWS):
        count = min(_ROWS, rows - first)
        table = np.frombuffer(source.read(start + 2 * first, 2 * count), ">u2")
        out.write(table.astype(">u4").tobytes())

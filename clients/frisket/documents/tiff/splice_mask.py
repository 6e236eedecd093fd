"""Masks for the layers that a TIFF carries.

The block of layers is written anew at the end of the file and one new directory points to it; the
old file stays, byte for byte.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..base.writer import ResultWriter
from ..core.model import Layer
from ..core.results import LayerResult, ResultOptions
from ..io.output import check_place
from ..io.splicing import Splice
from ..psd.splice_mask import add_masks, check_masks
from ..psd.splice_records import LayerEdits, require_info, shift_lengths
from .directory import read_layout
from .layered import TAG, LayeredBlock
from .splice_directories import Entries, check_publish, check_values, choose_layout, publish

if TYPE_CHECKING:
    from .document import TiffDocument

_DIRECTORY_ROOM = 1 << 20


def check_mask(
    document: TiffDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse masks that the layers of a TIFF cannot take.

    Raises:
        OutputError: A mask exists and was not to be touched, or there is no room.
        UnreadableDocument: A directory cannot be written again.
    """
    host = _require_host(document)
    check_masks(host, layers, options.existing)
    room = _estimate_room(host, [(layer.width, layer.height) for layer in layers])
    check_place(output, room)
    layout = read_layout(host.source)
    check_values(host.source, layout, (page.offset for page in document.pages))
    check_publish(host.source, layout, document.pages[0].offset, room, _DIRECTORY_ROOM)


def _require_host(document: TiffDocument) -> LayeredBlock:
    host = document.layered
    assert host is not None
    return host


def _estimate_room(host: LayeredBlock, sizes: Sequence[tuple[int, int]]) -> int:
    """Return the bytes that the file and its new block take at most."""
    raw = sum(width * height * host.structure.depth // 8 for width, height in sizes)
    return host.source.size + host.length + raw * 33 // 32 + (1 << 20)


def splice_mask(
    document: TiffDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Write a copy of a layered TIFF in which layers of its block carry masks."""
    host = _require_host(document)
    layout = read_layout(host.source)
    edits = LayerEdits(require_info(host))
    masks = {result.layer: result.alpha for result in results}
    add_masks(host, edits, masks, options.existing)
    splice = Splice(host.source, edits.finish(host.structure))
    room = _estimate_room(host, [(alpha.width, alpha.height) for alpha in masks.values()])
    with document.open_copy(output, room) as file:
        file.copy(host.path, host.source.descriptor, 0, host.source.size)
        at = file.align(8)
        edits.base = at - host.start
        splice.write(file, host.start, host.start + host.length)
        length = file.tell() - at
        shift_lengths(file, splice, host.structure, edits)
        new = choose_layout(file, layout, _DIRECTORY_ROOM)

        def exchange(entries: Entries) -> Entries:
            head = struct.pack(new.entry, TAG, 7, length)
            return {**entries, TAG: head + struct.pack(new.word, at)}

        publish(file, host.source, layout, new, (document.pages[0].offset, exchange))


WRITER = ResultWriter(check_mask, splice_mask, many=True)

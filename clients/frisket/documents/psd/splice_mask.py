"""Layer masks spliced into PSD and PSB files; everything else is copied."""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..core.errors import OutputError, UnsupportedDocument
from ..core.model import AlphaSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth
from ..io.output import atomic_output
from ..io.splicing import Edit, Splice
from .channel import ChannelReader
from .encode import alpha_channel
from .records import MASK, LayerInfo, MaskBlock, Record
from .splice_records import LayerEdits, check_size, mark_preview, room_for, shift_lengths

if TYPE_CHECKING:
    from .document import PsdDocument
    from .host import LayerHost

_DISABLED, _INVERTED, _RENDERED = 0x02, 0x04, 0x08
EXISTING = ("refuse", "replace", "multiply")
PREVIEWS = ("mark", "render", "keep")


def splice_mask(
    document: PsdDocument,
    out: str | os.PathLike[str],
    masks: Mapping[Layer, AlphaSource],
    existing: str = "refuse",
    preview: str = "mark",
) -> None:
    """Write a copy of the document in which layers carry masks."""
    if preview not in PREVIEWS:
        raise ValueError(f"previews can be {', '.join(PREVIEWS)}")
    edits = LayerEdits(info_of(document))
    nodes = sorted((document.node(layer) for layer in masks), key=lambda node: node.index)
    used = {
        node.index: add_mask(document, edits, node.layer, node.record, masks[node.layer], existing)
        for node in nodes
    }
    edits.edits += preview_edits(document, used, preview)
    splice = Splice(document.source, edits.finished(document.structure))
    room = room_for(document, masks.values())
    if preview == "render":
        found = document.structure
        room += found.channels * found.height * (found.width * found.depth // 8 * 65 // 64 + 8)
    with atomic_output(out, room) as file:
        splice.write(file)
        check_size(document, file)
        shift_lengths(file, splice, document.structure, edits)


def preview_edits(
    document: PsdDocument, masks: Mapping[int, AlphaSource], preview: str
) -> list[Edit]:
    """Compose the merged image again where asked for and possible, else mark it as stale.

    ``keep`` leaves it alone, for those who know that the mask does not change what is seen.
    """
    if preview == "keep":
        return []
    if preview == "render":
        from .splice_preview import Preview

        fresh = Preview(document, masks)
        if fresh.allowed():
            return [fresh.edit()]
    return mark_preview(document)


def info_of(document: LayerHost) -> LayerInfo:
    """The document's layers.

    Raises:
        UnsupportedDocument: It has none.
    """
    info = document.structure.layer_info
    if info is None or not info.records:
        raise UnsupportedDocument(
            document.path, "there is no layer to carry a mask", advice="use --as selection"
        )
    return info


def add_mask(
    document: LayerHost,
    edits: LayerEdits,
    layer: Layer,
    record: Record,
    alpha: AlphaSource,
    existing: str,
) -> AlphaSource:
    """Plan the edits that give one layer its mask; the alpha that goes in."""
    if existing not in EXISTING:
        raise ValueError(f"existing masks can be {', '.join(EXISTING)}")
    if (alpha.width, alpha.height) != (record.width, record.height):
        raise ValueError(f"the alpha does not fit layer {layer.path!r}")
    old = record.channel(MASK)
    if old is not None and existing == "refuse":
        raise OutputError(
            document.path, f"layer {layer.path!r} already has a mask",
            advice="--existing replace or --existing multiply says what becomes of it",
        )  # fmt: skip
    if old is not None and existing == "multiply" and record.mask is not None:
        alpha = Multiplied(alpha, document, record)
    info = edits.info
    write = alpha_channel(alpha, document.structure.depth, info.version == 2, info.order)
    edits.replace_mask_block(record, mask_block(document, record))
    edits.set_channel(record, MASK, write)
    return alpha


def mask_block(document: LayerHost, record: Record) -> bytes:
    """The mask block with the layer's rectangle; parameters and a real mask are kept."""
    info = document.structure.layer_info
    assert info is not None
    order = info.order
    rectangle = struct.pack(f"{order}4i", record.top, record.left, record.bottom, record.right)
    mask = record.mask
    if mask is None:
        return struct.pack(f"{order}I", 20) + rectangle + bytes(4)
    flags = mask.flags & ~(_DISABLED | _INVERTED | _RENDERED)
    rest = document.source.read(mask.at + 4 + 18, mask.length - 18)
    return struct.pack(f"{order}I", mask.length) + rectangle + bytes((0, flags)) + rest


class Multiplied:
    """A new alpha times the mask that the layer already has."""

    def __init__(self, alpha: AlphaSource, document: LayerHost, record: Record) -> None:
        from .rasters import reader_of

        assert record.mask is not None
        self._alpha, self._mask, self._record = alpha, record.mask, record
        self.width, self.height, self.depth = alpha.width, alpha.height, alpha.depth
        empty = 0 in record.mask.size
        self._reader = None if empty else reader_of(document, record, MASK)
        self._kept: tuple[int, int, Pixels] | None = None

    def solid(self, rect: Rect) -> int | None:
        """Only nothing stays nothing without a look at the old mask."""
        value = self._alpha.solid(rect)
        return 0 if value == 0 else None

    def read(self, rect: Rect) -> Pixels:
        """The product, in the new alpha's depth."""
        new = self._alpha.read(rect)
        if self._mask.flags & _DISABLED:
            return new
        top = (1 << self.depth) - 1
        old = self._old(rect).astype(np.uint32)
        return ((old * new + top // 2) // top).astype(new.dtype)

    def _old(self, rect: Rect) -> Pixels:
        """The old mask under ``rect``, its background where it does not reach."""
        top = (1 << self.depth) - 1
        kind = np.uint8 if self.depth == 8 else np.uint16
        full = np.full((rect.height, rect.width), top if self._mask.background else 0, kind)
        placed = rect.moved(self._record.left - self._mask.left, self._record.top - self._mask.top)
        width, height = self._mask.size
        part = placed.intersect(Rect(0, 0, width, height))
        if self._reader is not None and not part.empty:
            rows = self._rows(self._reader, part.y, part.bottom)[:, part.x : part.right]
            y, x = part.y - placed.y, part.x - placed.x
            full[y : y + part.height, x : x + part.width] = convert_depth(rows, self.depth)
        return (top - full).astype(kind) if self._mask.flags & _INVERTED else full

    def _rows(self, reader: ChannelReader, first: int, last: int) -> Pixels:
        if self._kept is None or self._kept[:2] != (first, last):
            self._kept = first, last, reader.rows(first, last)
        return self._kept[2]


__all__ = ["EXISTING", "MaskBlock", "Multiplied", "add_mask", "mask_block", "splice_mask"]

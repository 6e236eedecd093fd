"""Photoshop's layers inside a TIFF: tag 37724, in the file's own byte order.

The block holds the same layer info as a PSD. To splice into it, the block is written anew at
the end of the file and one new directory points to it; the old file stays, byte for byte.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from ..errors import LayerNotFound
from ..model import AlphaSource, Layer
from ..output import atomic_output
from ..psd.mask import add_mask, info_of
from ..psd.patching import LayerEdits, shift_lengths
from ..psd.records import LayerInfo, read_blocks, read_layer_info
from ..psd.structure import COLOURS, Structure
from ..psd.tree import Node, build
from ..source import Cursor, Source
from ..splicing import Splice
from .chain import Entries, layout_for, publish
from .directory import SIZES, read_directory, read_layout

if TYPE_CHECKING:
    from .document import TiffDocument

TAG = 37724
_HEADER = b"Adobe Photoshop Document Data Block\0"
_KEYS = (b"Layr", b"Lr16", b"Lr32")


class LayeredBlock:
    """The layers of one page, as a host for everything that reads or splices PSD layers."""

    def __init__(self, document: TiffDocument, start: int, length: int, order: str) -> None:
        """Index the block of ``length`` bytes at ``start``."""
        self.path, self.mode = document.path, document.mode
        self.icc_profile = document.icc_profile
        self.source = Source(document.path)
        self.start, self.length = start, length
        self.structure = Structure(
            1, COLOURS.get(self.mode, 1), document.height, document.width, document.depth, self.mode
        )
        # The stretch that layer info may fill; no length of it is stored.
        self.structure.section_at = start + length - 4
        self.structure.layer_info = self._layer_info(order)

    def _layer_info(self, order: str) -> LayerInfo | None:
        cursor = Cursor(self.source, self.start, self.start + self.length, order)
        if cursor.take(len(_HEADER)) != _HEADER:
            return None
        for block in read_blocks(cursor, 1, 4):
            if block.key in _KEYS and block.length >= 2:
                info = LayerInfo(
                    block.data, block.length, block.length_at, block.wide, block.key, 1, order
                )
                return read_layer_info(self.source, info)
        return None

    @cached_property
    def nodes(self) -> list[Node]:
        """Layers with their records, topmost first."""
        info = self.structure.layer_info
        return build(self.source, info.records, self.mode, self.structure.depth) if info else []

    def node(self, layer: Layer) -> Node:
        """The record behind a layer.

        Raises:
            LayerNotFound: The layer is not one of this document.
        """
        found = next((node for node in self.nodes if node.layer.id == layer.id), None)
        if found is None or layer.kind in ("page", "image"):
            raise LayerNotFound(self.path, layer.path, [node.layer.path for node in self.nodes])
        return found

    def colours(self) -> int:
        """How many channels are colour."""
        return COLOURS.get(self.mode, 1)


def read_block(document: TiffDocument) -> LayeredBlock | None:
    """The layers of the first page, or None where it has none."""
    if TAG not in document.pages[0].tags or document.mode not in ("RGB", "GRAY", "CMYK", "LAB"):
        return None
    source = Source(document.path)
    try:
        layout = read_layout(source)
        entry = read_directory(source, layout, document.pages[0].offset).entries[TAG]
        _, kind, count = struct.unpack_from(layout.entry, entry)
        length = count * SIZES.get(kind, 1)
        if length <= len(_HEADER):
            return None
        start = struct.unpack(layout.word, entry[struct.calcsize(layout.entry) :])[0]
    finally:
        source.close()
    block = LayeredBlock(document, start, length, layout.order)
    return block if block.nodes else None


def splice_mask(
    document: TiffDocument,
    out: str | os.PathLike[str],
    masks: Mapping[Layer, AlphaSource],
    existing: str = "refuse",
) -> None:
    """Write a copy of a layered TIFF in which layers of its block carry masks."""
    host = document.layered
    assert host is not None
    layout = read_layout(host.source)
    edits = LayerEdits(info_of(host))
    nodes = sorted((host.node(layer) for layer in masks), key=lambda node: node.index)
    for node in nodes:
        add_mask(host, edits, node.layer, node.record, masks[node.layer], existing)
    splice = Splice(host.source, edits.finished(host.structure))
    raw = sum(alpha.width * alpha.height * host.structure.depth // 8 for alpha in masks.values())
    room = host.source.size + host.length + raw * 33 // 32 + (1 << 20)
    with atomic_output(out, room) as file:
        file.copy(host.path, host.source.descriptor, 0, host.source.size)
        at = file.align(8)
        edits.base = at - host.start
        splice.write(file, host.start, host.start + host.length)
        length = file.tell() - at
        shift_lengths(file, splice, host.structure, edits)
        new = layout_for(file, layout, 1 << 20)

        def exchange(entries: Entries) -> Entries:
            head = struct.pack(new.entry, TAG, 7, length)
            return {**entries, TAG: head + struct.pack(new.word, at)}

        publish(file, host.source, layout, new, (document.pages[0].offset, exchange))

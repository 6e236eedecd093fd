"""Photoshop's layers inside a TIFF: tag 37724, in the file's own byte order.

The block holds the same layer info as a PSD.
"""

from __future__ import annotations

import struct
from typing import Any, Protocol

from ..core.errors import DocumentError, LayerNotFound
from ..core.model import Layer
from ..io.source import Cursor, Source
from ..psd.records import LayerInfo, read_blocks, read_layer_info
from ..psd.structure import COLOURS, Structure
from ..psd.tree import Node, build_nodes
from .directory import SIZES, read_directory, read_layout

TAG = 37724
_HEADER = b"Adobe Photoshop Document Data Block\0"
_KEYS = (b"Layr", b"Lr16", b"Lr32")


class Carrier(Protocol):
    """Enough of a TIFF to find the layers in it."""

    path: str
    mode: str
    width: int
    height: int
    depth: int
    icc_profile: bytes | None
    encoding: str
    pages: list[Any]


class LayeredBlock:
    """The layers of one page, as a host for everything that reads or splices PSD layers.

    Attributes:
        nodes: Layers with their records, topmost first.
    """

    def __init__(self, document: Carrier, start: int, length: int, order: str) -> None:
        """Index the block of ``length`` bytes at ``start``."""
        self.path, self.mode = document.path, document.mode
        self.icc_profile, self._encoding = document.icc_profile, document.encoding
        self.source = Source(document.path)
        self.start, self.length = start, length
        self.structure = Structure(
            1, COLOURS.get(self.mode, 1), document.height, document.width, document.depth, self.mode
        )
        # The stretch that layer info may fill; no length of it is stored.
        self.structure.section_at = start + length - 4
        try:
            self.structure.layer_info = self._find_layer_info(order)
            self.nodes = self._build_nodes()
        except DocumentError:
            self.source.close()
            raise

    def _find_layer_info(self, order: str) -> LayerInfo | None:
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

    def _build_nodes(self) -> list[Node]:
        """Return layers with their records, topmost first."""
        info, found = self.structure.layer_info, self.structure
        if info is None:
            return []
        return build_nodes(self.source, info.records, self.mode, found.depth, self._encoding)

    def find_node(self, layer: Layer) -> Node:
        """Return the record behind a layer.

        Raises:
            LayerNotFound: The layer is not one of this document.
        """
        found = next((node for node in self.nodes if node.layer.id == layer.id), None)
        if found is None or layer.kind in ("page", "image"):
            raise LayerNotFound(self.path, layer.path, [node.layer.path for node in self.nodes])
        return found

    def count_colours(self) -> int:
        """Return how many channels are colour."""
        return COLOURS.get(self.mode, 1)


def read_block(document: Carrier) -> LayeredBlock | None:
    """Return the layers of the first page, or None where it has none."""
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
        start = struct.unpack_from(layout.word, entry, struct.calcsize(layout.entry))[0]
    finally:
        source.close()
    block = LayeredBlock(document, start, length, layout.order)
    return block if block.nodes else None

"""A PSD or PSB file as a document."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import TYPE_CHECKING

from ..base.document import MERGED, BaseDocument
from ..base.writer import ResultWriter
from ..core.errors import DocumentError, LayerNotFound, UnreadableDocument
from ..core.model import AlphaSource, Layer, Rect
from ..io.source import Source
from .structure import COLOURS, REAL_PREVIEW_AT, VERSION_INFO, read_structure
from .tree import Node, build_nodes

if TYPE_CHECKING:
    from ..base.arrays import ArrayRaster
    from ..base.raster import BaseRaster, PixelForm
    from ..core.pixels import Pixels
    from ..encode.beside import Beside
    from .splice_resources import PsdResources

_ICC = 1039
# The kinds of result that a document takes, and the module that splices each.
_SPLICED = {
    "layer": ".splice_layer",
    "mask": ".splice_mask",
    "selection": ".splice_selection",
}
_SPLICED_INTO_MERGED = ("selection",)
_MERGED_ID = 0  # ids of layers begin above it


class PsdDocument(BaseDocument):
    """A PSD or PSB file, opened lazily: the index alone is read."""

    suffixes = (".psd", ".psb")

    def __init__(self, path: str | os.PathLike[str], encoding: str = "") -> None:
        """Index the file at ``path``; ``encoding`` is that of names without a Unicode form."""
        super().__init__(path)
        self._encoding = encoding
        self.source = Source(self.path)
        try:
            self.structure = read_structure(self.source)
        except DocumentError:
            self.close()
            raise
        found = self.structure
        self.format = "PSB" if found.big else "PSD"
        self.width, self.height, self.mode = found.width, found.height, found.mode
        self.depth = 8 if found.depth == 1 else found.depth

    @cached_property
    def icc_profile(self) -> bytes | None:  # type: ignore[override]
        """The document's ICC profile."""
        found = self.structure.find_resource(_ICC)
        return self.source.read(found.data, found.length) if found and found.length else None

    @cached_property
    def nodes(self) -> list[Node]:
        """Layers with their records, topmost first."""
        info = self.structure.layer_info
        if info is None:
            return []
        return build_nodes(
            self.source, info.records, self.mode, self.structure.depth, self._encoding
        )

    def tell_beside(self, layer: Layer) -> Beside:
        """Return resolution, EXIF, XMP and IPTC of the document."""
        from .beside import read_beside

        return read_beside(self.source, self.structure)

    def carries(self, layer: Layer) -> frozenset[str]:
        """Return the kinds of result that can be spliced in: a merged image has no layers."""
        return frozenset(_SPLICED_INTO_MERGED if layer.kind == "image" else _SPLICED)

    def open_mask(self, layer: Layer) -> AlphaSource | None:
        """Return the mask of pixels that a layer carries."""
        from .splice_mask import open_mask

        return open_mask(self, layer) if layer.has_mask and layer.kind != "image" else None

    def carry_resources(self, layer: Layer) -> PsdResources:
        """Return the image resources of the document."""
        from .splice_resources import PsdResources

        return PsdResources(self)

    def _find_writer(self, kind: str) -> ResultWriter[PsdDocument]:
        writer: ResultWriter[PsdDocument] = import_module(_SPLICED[kind], __package__).WRITER
        return writer

    def _list_layers(self) -> Sequence[Layer]:
        return [node.layer for node in self.nodes] or [self._describe_whole(has_alpha=False)]

    def _is_blank(self, layer: Layer) -> bool:
        from .rasters import is_blank

        return layer.kind != "image" and is_blank(self, self.find_node(layer).record)

    @cached_property
    def _is_merged_real(self) -> bool:
        """Whether the merged image shows the layers, as far as the file tells."""
        from .rasters import is_merged_blank

        found = self.structure.find_resource(VERSION_INFO)
        if self.structure.merged_at + 2 >= self.source.size:
            return False
        if found is None or found.length <= REAL_PREVIEW_AT:
            return not is_merged_blank(self)  # nothing else tells
        return self.source.read(found.data + REAL_PREVIEW_AT, 1) != b"\0"

    def _offers_merged(self, needed: bool) -> bool:
        return bool(self.nodes) and (needed or self._is_merged_real)

    def is_composed(self, layer: Layer) -> bool:
        """Tell whether ``layer`` is a merged image that the file does not hold."""
        return layer.kind == "image" and bool(self.nodes) and not self._is_merged_real

    def _find_merged(self) -> Layer:
        from .compose import explain_refusal
        from .rasters import build_merged_raster

        if not self.nodes:
            return self.layers[0]
        refusal = None if self._is_merged_real else explain_refusal(self)
        if refusal is not None:
            raise refusal
        has_alpha = not self._is_merged_real or build_merged_raster(self).has_alpha
        whole = self._describe_whole(has_alpha=has_alpha)
        return dataclasses.replace(whole, id=_MERGED_ID, path=MERGED, name=MERGED)

    @cached_property
    def _composed(self) -> ArrayRaster:
        from .compose import compose

        return compose(self)

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the pixels of ``layer`` are stored as; nothing is composed for that."""
        if not self.is_composed(layer):
            return super().describe_pixels(layer)
        from .compose import describe_composed

        return describe_composed(self).form

    def find_node(self, layer: Layer) -> Node:
        """Return the record behind a layer.

        Raises:
            LayerNotFound: The layer is not one of this document.
        """
        found = next((node for node in self.nodes if node.layer.id == layer.id), None)
        if found is None:
            raise LayerNotFound(self.path, layer.path, [one.path for one in self.layers])
        return found

    def raster(self, layer: Layer) -> BaseRaster:
        """Return the pixels of a layer; of the merged image where there are no layers."""
        from .rasters import build_merged_raster, build_node_raster

        if self.is_composed(layer):
            return self._composed
        if layer.kind == "image":
            return build_merged_raster(self)
        return build_node_raster(self, self.find_node(layer))

    def read_mask(self, layer: Layer, rect: Rect) -> Pixels | None:
        """Return a rectangle of ``layer`` as its mask lets it through, or None without one."""
        from .rasters import read_mask

        return (
            None if layer.kind == "image" else read_mask(self, self.find_node(layer).record, rect)
        )

    def count_colours(self) -> int:
        """Return how many channels are colour."""
        if self.mode == "MULTICHANNEL":
            return self.structure.channels
        return COLOURS[self.mode]

    def check_channels(self) -> None:
        """Refuse a header with fewer channels than its colour mode needs.

        Raises:
            UnreadableDocument: It is so.
        """
        if self.structure.channels < self.count_colours():
            raise UnreadableDocument(
                self.path, f"{self.structure.channels} channels are too few for {self.mode}"
            )

    def close(self) -> None:
        """Close the file; rasters cannot be read afterwards."""
        self.source.close()

"""Mattes that exist: a picture's file, or the mask that a layer carries."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from frisket.documents import AlphaSource, Document, Layer, Rect, UnsupportedDocument, open_document
from frisket.documents.base.raster import BaseRaster
from frisket.documents.core.pixels import Pixels, convert_depth

MASK = "mask"
"""What is named for a matte where the layer's own mask is meant."""


class RasterAlpha:
    """A picture of a matte as an alpha: its own transparency where it has any, or its grey."""

    def __init__(self, raster: BaseRaster) -> None:
        self._raster = raster
        self.width, self.height = raster.width, raster.height
        self.depth = 8 if raster.depth <= 8 else 16

    def solid(self, rect: Rect) -> int | None:
        """Return None: nothing is known before it is read."""
        return None

    def read(self, rect: Rect) -> Pixels:
        """Return alpha (height, width), uint8 or uint16 by `depth`."""
        colour = self._raster.colour
        plain: Pixels = convert_depth(colour.to_plain(self._raster.read(rect)), self.depth)
        if self._raster.has_alpha:
            return plain[..., -1]
        if plain.shape[-1] == 1:
            return plain[..., 0]
        mean = plain[..., :3].mean(axis=-1, dtype=np.float64)
        return np.asarray(np.rint(mean), plain.dtype)


def open_matte(
    document: Document, layer: Layer, matte: Path | None, stack: ExitStack
) -> AlphaSource | None:
    """Return the matte of a layer; None where its own transparency is meant.

    Args:
        document: where the layer is from.
        layer: it.
        matte: a picture of its size, or `MASK`; None for its own transparency.
        stack: closes what is opened.

    Raises:
        UnsupportedDocument: there is none, or the matte has another size.
        DocumentError: it cannot be read.
    """
    if matte is None:
        _require_transparency(document, layer)
        return None
    if str(matte) == MASK:
        return _open_mask(document, layer)
    found = stack.enter_context(open_document(matte))
    shown = found.raster(found.find_layer(None))
    if (shown.width, shown.height) != (layer.width, layer.height):
        raise UnsupportedDocument(
            matte, f"the matte has {shown.width} × {shown.height} pixels, and the picture "
            f"{layer.width} × {layer.height}", advice="they must be of the same size",
        )  # fmt: skip
    shown.read_once()
    return RasterAlpha(shown)


def _require_transparency(document: Document, layer: Layer) -> None:
    if not document.raster(layer).has_alpha:
        raise UnsupportedDocument(
            document.path, "there is no transparency in it, and no matte was named",
            advice="add --matte FILE, or cut it: frisket cut with the same options",
        )  # fmt: skip


def _open_mask(document: Document, layer: Layer) -> AlphaSource:
    mask = document.open_mask(layer)
    if mask is None:
        raise UnsupportedDocument(
            document.path, f"layer {layer.path!r} has no mask of pixels",
            advice="name a matte with --matte FILE, or another layer with --layer",
        )  # fmt: skip
    return mask

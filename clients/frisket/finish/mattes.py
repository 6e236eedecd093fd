"""Mattes that exist: a picture's file, or the mask that a layer carries."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from frisket.documents import AlphaSource, Document, Layer, Rect, UnsupportedDocument, open_document
from frisket.documents.base.raster import BaseRaster
from frisket.documents.colour.proxy import BoxMean
from frisket.documents.core.pixels import Pixels, convert_depth
from frisket.protocol.grid import proxy_size

MASK = "mask"
"""What is named for a matte where the layer's own mask is meant."""

_ROWS = 256  # of a matte, averaged at once


class RasterAlpha:
    """A picture as an alpha: whole numbers and floats alike are shares of cover, up to all of it.

    Args:
        raster: of the picture.
        is_shape: its transparency is meant, and not its grey.
    """

    def __init__(self, raster: BaseRaster, is_shape: bool) -> None:
        self._raster, self._is_shape = raster, is_shape
        self.width, self.height = raster.width, raster.height
        self.depth = 8 if raster.depth <= 8 else 16

    def solid(self, rect: Rect) -> int | None:
        """Return None: nothing is known before it is read."""
        return None

    def read(self, rect: Rect) -> Pixels:
        """Return alpha (height, width), uint8 or uint16 by `depth`."""
        native, colour = self._raster.read(rect), self._raster.colour
        # Floats of light go through sRGB's curve to be seen; a share of cover has none.
        plain = colour.to_straight(native) if native.dtype.kind == "f" else colour.to_plain(native)
        values: Pixels = convert_depth(plain, self.depth)
        if self._is_shape:
            return values[..., -1]
        grey = values[..., : colour.colours]
        if grey.shape[-1] == 1:
            return grey[..., 0]
        mean = grey[..., :3].mean(axis=-1, dtype=np.float64)
        return np.asarray(np.rint(mean), values.dtype)


def read_matte(raster: BaseRaster) -> RasterAlpha:
    """Return a picture of a matte as an alpha: its transparency where it has any, or its grey."""
    return RasterAlpha(raster, _is_translucent(raster))


def _is_translucent(raster: BaseRaster) -> bool:
    """Return whether anything is transparent: many programs save a grey matte as opaque RGBA."""
    if not raster.has_alpha:
        return False
    colour = raster.colour
    for _, _, native in raster.blocks():
        own = colour.to_straight(native)[..., -1]
        if (own < (1 if own.dtype.kind == "f" else np.iinfo(own.dtype).max)).any():
            return True
    return False


def reduce_matte(raster: BaseRaster, side: int) -> Pixels:
    """Return a matte averaged by area to at most `side` pixels: (height, width) uint8."""
    alpha, size = read_matte(raster), proxy_size(raster.width, raster.height, side)
    peak = (1 << alpha.depth) - 1
    mean = BoxMean((raster.width, raster.height), size, 1, peak)
    for top in range(0, raster.height, _ROWS):
        rows = min(_ROWS, raster.height - top)
        mean.add(alpha.read(Rect(0, top, raster.width, rows))[..., None], 0, top)
    return convert_depth(mean.mean(np.dtype(f"uint{alpha.depth}"))[..., 0], 8)


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
    alpha = read_matte(shown)
    shown.read_once()
    return alpha


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

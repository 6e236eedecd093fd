"""Original, foreground and matte side by side, for a look at what was cut: 8-bit sRGB."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.document import BaseDocument
from ..base.raster import BaseRaster
from ..base.writer import ResultWriter
from ..colour.alpha import at_depth
from ..core.model import AlphaSource, ColourSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth, to_rgba
from ..core.results import LayerResult, ResultOptions
from ..io.output import atomic_output, check_place
from .reduced import reduce_bands

_SQUARE_PX = 16
_GREYS = (153, 102)
_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
_SAVING: dict[str, dict[str, int]] = {"JPEG": {"quality": 90}, "WEBP": {"quality": 90}}


def compare(raster: BaseRaster, alpha: AlphaSource, colours: ColourSource | None = None) -> Pixels:
    """Return three panels in a row, (height, 3 · width, 3), uint8 sRGB.

    A panel is the layer reduced to at most 2048 px. What is transparent shows a checkerboard.

    Args:
        raster: The layer.
        alpha: Its matte, of its size.
        colours: Cleaned colours, or None for the layer's own.
    """
    original = to_rgba(raster.proxy())
    size = original.shape[1], original.shape[0]
    matte = at_depth(alpha, 8)

    def read_foreground(rect: Rect) -> Pixels:
        return _read_foreground(raster, matte, colours, rect)

    whole, board = (raster.width, raster.height), _make_board(*size)
    foreground = _lay_on(board, reduce_bands(read_foreground, *whole, size))
    grey = reduce_bands(matte.read, *whole, size)[..., None].repeat(3, axis=2)
    return np.concatenate([_lay_on(board, original), foreground, grey], axis=1)


def _read_foreground(
    raster: BaseRaster, matte: AlphaSource, colours: ColourSource | None, rect: Rect
) -> Pixels:
    own = to_rgba(convert_depth(raster.read_srgb(rect), 8))
    if colours is not None:
        cleaned = raster.colour.plain_to_srgb(colours.read(rect))
        own[..., :3] = convert_depth(cleaned, 8)[..., :3]
    product = own[..., 3].astype(np.uint16) * matte.read(rect) + 127
    own[..., 3] = product // 255
    return own


def _make_board(width: int, height: int) -> Pixels:
    y, x = np.ogrid[:height, :width]
    squares = (y // _SQUARE_PX + x // _SQUARE_PX) % 2
    board = np.full((height, width, 4), 255, np.uint8)
    board[..., :3] = np.array(_GREYS, np.uint8)[squares][..., None]
    return board


def _lay_on(board: Pixels, picture: Pixels) -> Pixels:
    whole = Image.alpha_composite(Image.fromarray(board), Image.fromarray(picture))
    return np.asarray(whole)[..., :3]


def check_comparison(
    document: BaseDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a place where nothing can be written.

    Raises:
        OutputError: It is one.
    """
    check_place(output)


def _write_result(
    document: BaseDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    [result] = results
    picture = compare(document.raster(result.layer), result.alpha, result.colours)
    form, buffer = _FORMATS[output.suffix.lower()], io.BytesIO()
    Image.fromarray(picture).save(buffer, form, **_SAVING.get(form, {}))
    with atomic_output(output, buffer.tell()) as file:
        file.write(buffer.getbuffer())


WRITER = ResultWriter(check_comparison, _write_result)

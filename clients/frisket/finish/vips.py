"""libvips behind one door: loading it, and the few operations that every step shares."""

from __future__ import annotations

import mmap
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from frisket.documents.core.pixels import Pixels
from frisket.extras import advise_install

from .errors import BadFinish

Image: TypeAlias = Any  # pyvips.Image, which has no types
_FORMATS = {"u1": "uchar", "u2": "ushort", "f4": "float"}
TYPES = {form: np.dtype(kind) for kind, form in _FORMATS.items()}
PEAKS = {"uchar": 255, "ushort": 65535}


@cache
def load_vips() -> Any:
    """Return the module pyvips.

    Raises:
        BadFinish: it is not installed, or finds no libvips.
    """
    try:
        import pyvips
    except (ImportError, OSError) as error:
        raise BadFinish(
            f"Finishing needs pyvips with libvips ({error}): {advise_install('finish')}"
        ) from error
    # A picture flows through once; what was computed is not looked at again.
    pyvips.cache_set_max(0)
    return pyvips


def wrap_map(values: mmap.mmap, width: int, height: int, bands: int, form: str) -> Image:
    """Return samples that lie in a mapped file as an image.

    Args:
        values: (height, width, bands), whole rows one after another.
        width: columns.
        height: rows.
        bands: samples of a pixel.
        form: uchar, ushort or float.
    """
    return load_vips().Image.new_from_memory(values, width, height, bands, form)


def from_array(values: Pixels) -> Image:
    """Return (height, width) or (height, width, bands), uint8, uint16 or float32, as an image."""
    height, width = values.shape[:2]
    bands = values.shape[2] if values.ndim == 3 else 1
    form = _FORMATS[values.dtype.str[1:]]
    data = np.ascontiguousarray(values)
    return load_vips().Image.new_from_memory(data, width, height, bands, form)


def to_array(image: Image) -> Pixels:
    """Return an image as (height, width, bands) in its own type."""
    values: Pixels = image.numpy()  # without axes where there is one pixel, or one band
    return values.reshape(image.height, image.width, image.bands)


def make_plane(width: int, height: int, colour: tuple[int, ...], depth: int) -> Image:
    """Return one colour everywhere; samples of 8 or 16 bits."""
    black = load_vips().Image.black(width, height, bands=len(colour))
    return (black + list(colour)).cast("uchar" if depth == 8 else "ushort")


def round_to(image: Image, form: str) -> Image:
    """Return numbers rounded to the nearest whole ones of a format, clipped to its range."""
    return image.rint().cast(form)


def multiply(first: Image, second: Image) -> Image:
    """Return the product of two images of one format, where its greatest value counts as 1."""
    peak = PEAKS[first.format]
    return round_to((first * second) / peak, first.format)


def blend(top: Image, coverage: Image, bottom: Image) -> Image:
    """Return `top` over an opaque `bottom`; where coverage is full it is `top` to the bit.

    Args:
        top: uchar or ushort.
        coverage: one band in the same format.
        bottom: of the bands and format of `top`.
    """
    if top.format == "uchar":
        return coverage.ifthenelse(top, bottom, blend=True)
    peak = PEAKS[top.format]
    return round_to((top * coverage + bottom * (peak - coverage)) / peak, top.format)


def blend_open(top: Image, coverage: Image, bottom: Image, below: Image) -> tuple[Image, Image]:
    """Return colours and opacity of `top` over a `bottom` that is not opaque.

    Args:
        top: straight colours, uchar or ushort.
        coverage: its opacity, one band in the same format.
        bottom: straight colours of the bands and format of `top`.
        below: their opacity.
    """
    peak = PEAKS[top.format]
    shown = below * (peak - coverage) / peak
    opacity = coverage + shown
    colours = (top * coverage + bottom * shown) / opacity  # libvips makes 0 of x / 0
    return round_to(colours, top.format), round_to(opacity, top.format)


def embed(image: Image, x: int, y: int, width: int, height: int, extend: str = "black") -> Image:
    """Return an image on a canvas; what lies outside is cut off, and the rest is extended."""
    left, top = max(0, -x), max(0, -y)
    right, bottom = min(image.width, width - x), min(image.height, height - y)
    if right <= left or bottom <= top:
        return make_plane(width, height, (0,) * image.bands, 8).cast(image.format)
    if (left, top, right, bottom) != (0, 0, image.width, image.height):
        image = image.crop(left, top, right - left, bottom - top)
    if (image.width, image.height) == (width, height):
        return image
    return image.embed(max(0, x), max(0, y), width, height, extend=extend)

"""A page in plain samples: what is stored in its place where ``--convert`` was asked for.

Colours come straight and upright in whole bytes; no value is rounded that the page tells apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..core.model import Rect
from ..core.pixels import Pixels, convert_depth
from .page import JPEG, PageGeometry, PageSamples, read_colour_map

if TYPE_CHECKING:
    from .raster import TiffRaster

_TILE = 512
_PHOTOMETRIC = {"GRAY": 1, "RGB": 2, "CMYK": 5}
_STEP = 257  # from 8 bits to 16
# What describes samples that are packed, coded or numbered in a way of their own.
_CODING = (266, 292, 293, 320, 347, *range(512, 522))
_YCBCR = 6, (529, 530, 531, 532)


class PlainRaster:
    """The pixels of a page, decoded and brought into plain samples."""

    def __init__(self, stored: TiffRaster, page: Any) -> None:
        self._stored, self._table = stored, _read_exact_palette(page)
        self.width, self.height = stored.width, stored.height
        first = self._to_plain(np.zeros((1, 1, stored.channels), stored.dtype))
        self.mode = "RGB" if first.shape[-1] - stored.has_alpha == 3 else stored.mode
        self.samples = PageSamples(
            self.mode, tuple(range(first.shape[-1])), stored.has_alpha, premultiplied=False
        )
        self.dtype = self.stored_dtype = first.dtype
        self.geometry = PageGeometry(
            self.width, self.height, first.shape[-1], _TILE, _TILE, tiled=True, planar=False,
            raw=False,
        )  # fmt: skip
        self.photometric = _PHOTOMETRIC[self.mode]
        self.dropped = _CODING + (_YCBCR[1] if int(page.photometric) == _YCBCR[0] else ())

    def read_samples(self, rect: Rect, taken: tuple[int, ...] = ()) -> Pixels:
        """Return (height, width, samples): those of ``taken``, or all."""
        plain = self._to_plain(self._stored.read(rect))
        return plain[..., list(taken)] if taken else plain

    def _to_plain(self, native: Pixels) -> Pixels:
        colour = self._stored.colour
        plain = colour.to_straight(native)
        if self._table is not None:
            colours = self._table[np.minimum(native[..., 0], len(self._table) - 1)]
            return np.concatenate([colours, convert_depth(plain[..., 3:], 16)], axis=-1)
        return colour.plain_to_srgb(plain) if colour.mode == "YCBCR" else plain


def can_be_plain(stored: TiffRaster, page: Any) -> bool:
    """Tell whether the page has a plain form that loses nothing: no sample, and no bit of one."""
    if len(stored.samples.taken) != stored.geometry.samples:
        return False
    if int(page.compression) not in JPEG and page.bitspersample > 16:
        return False
    counted = stored.mode == "INDEXED" and stored.colour.palette is not None
    return counted or stored.mode in (*_PHOTOMETRIC, "YCBCR")


def _read_exact_palette(page: Any) -> Pixels | None:
    """Return (entries, 3) uint16 of a colour map that 8 bits do not hold, else None."""
    table = read_colour_map(page)
    if table is None or int(table.max()) < 256 or not (table % _STEP).any():
        return None
    return np.ascontiguousarray(table, np.uint16)

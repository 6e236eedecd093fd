"""Small copies of pictures, for what is measured or blurred of the whole."""

from __future__ import annotations

import math

from .entry import Workplace
from .vips import Image

MAP_PX = 1024
"""The longer side of a small copy at most."""


def choose_factor(width: int, height: int) -> int:
    """Return the power of two that a picture is shrunk by to have `MAP_PX` at most."""
    return 1 << max(0, math.ceil(math.log2(max(width, height) / MAP_PX)))


def reduce(image: Image, work: Workplace) -> Image:
    """Return a small copy, averaged over squares, in the picture's own format.

    Args:
        image: uchar or ushort.
        work: where the copy lies.
    """
    return shrink(image, choose_factor(image.width, image.height), work)


def shrink(image: Image, factor: int, work: Workplace) -> Image:
    """Return a copy that is averaged over squares; its last ones are completed by its border.

    Args:
        image: uchar, ushort or float.
        factor: a side of the squares; 1 returns the image itself.
        work: where the copy lies.
    """
    if factor == 1:
        return image
    width, height = (-(-side // factor) * factor for side in (image.width, image.height))
    full = image.embed(0, 0, width, height, extend="copy")
    return work.keep(full.shrink(factor, factor), factor * factor)

"""Small copies of pictures in memory, for what is measured of the whole."""

from __future__ import annotations

import math

from .blur import shrink
from .vips import Image

MAP_PX = 1024
"""The longer side of a small copy at most."""


def choose_factor(width: int, height: int) -> int:
    """Return the power of two that a picture is shrunk by to have `MAP_PX` at most."""
    return 1 << max(0, math.ceil(math.log2(max(width, height) / MAP_PX)))


def reduce(image: Image) -> Image:
    """Return a small copy, averaged over squares, in the picture's own format."""
    small = shrink(image, choose_factor(image.width, image.height))
    return small.cast(image.format).copy_memory()

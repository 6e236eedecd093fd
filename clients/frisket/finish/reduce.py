"""Small copies of pictures in memory, for what is measured of the whole."""

from __future__ import annotations

import math

import numpy as np

from .blur import shrink
from .entry import Workplace
from .vips import Image, from_array, to_array

MAP_PX = 1024
"""The longer side of a small copy at most."""
_PART_PX = 4 << 20


def choose_factor(width: int, height: int) -> int:
    """Return the power of two that a picture is shrunk by to have `MAP_PX` at most."""
    return 1 << max(0, math.ceil(math.log2(max(width, height) / MAP_PX)))


def reduce(image: Image, work: Workplace) -> Image:
    """Return a small copy, averaged over squares, in the picture's own format.

    Args:
        image: uchar or ushort.
        work: lets go of what was read, part by part: by the clock alone that may come too late.
    """
    factor = choose_factor(image.width, image.height)
    small = shrink(image, factor).cast(image.format)
    step = max(1, _PART_PX // (image.width * factor))
    parts = []
    for top in range(0, small.height, step):
        rows = min(step, small.height - top)
        parts.append(to_array(small.crop(0, top, small.width, rows)))
        work.forget()
    return from_array(np.concatenate(parts)).copy(interpretation=image.interpretation)

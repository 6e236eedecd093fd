"""Pictures of any size, reduced by averages while they are read in bands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from ..core.model import Rect
from ..core.pixels import Pixels

_BAND_PIXELS = 8 << 20


def reduce_bands(
    read: Callable[[Rect], Pixels], width: int, height: int, size: tuple[int, int]
) -> Pixels:
    """Return a picture reduced to a size, holding a band of it at a time.

    Args:
        read: Returns a rectangle, uint8: (height, width) or (height, width, 3 or 4). Of four
            channels the last is opacity, by which the others are weighted.
        width: Of the whole.
        height: Of the whole.
        size: Width and height of what is returned, no larger than the whole.
    """
    across, down = size
    step = height / down
    rows = max(1, int(_BAND_PIXELS / (width * step)))
    bands = []
    for first in range(0, down, rows):
        last = min(down, first + rows)
        top, bottom = int(first * step), min(height, int(np.ceil(last * step)))
        whole = Image.fromarray(read(Rect(0, top, width, bottom - top)))
        box = (0, first * step - top, width, min(bottom - top, last * step - top))
        bands.append(np.asarray(whole.resize((across, last - first), Image.Resampling.BOX, box)))
    return np.concatenate(bands)

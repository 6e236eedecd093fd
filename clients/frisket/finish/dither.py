"""Rounding to 8 bits without bands: a fixed pattern of noise, the same at the same place."""

from __future__ import annotations

from functools import cache

import numpy as np

from frisket.documents.core.pixels import Pixels

from .vips import Image, from_array

SIDE = 256
_SEED = 20_241


@cache
def make_pattern() -> Pixels:
    """Return thresholds (256, 256), float32 of −0.8 to 0.8, in steps of one value of 8 bits.

    Each pair of neighbours in a row lies a little more than one value apart, around the same noise.
    So the two never round to the same value, and no run of equal values is longer than two pixels,
    however slowly a colour changes.
    """
    noise = np.random.default_rng(_SEED).uniform(-0.25, 0.25, (SIDE, SIDE // 2))
    pairs = np.repeat(noise, 2, axis=1)
    rows, columns = np.indices((SIDE, SIDE))
    return (pairs + np.where((rows + columns) % 2, 0.55, -0.55)).astype(np.float32)


def dither(image: Image, depth: int) -> Image:
    """Return samples of 16 bits at a depth: as they are, or as 8 bits with the pattern."""
    if depth == 16:
        return image
    # A value that 8 bits hold stays as it is: pure white has no dots.
    between = (image.remainder(257) > 0) / 255
    return (image / 257 + _tile(image) * between).rint().cast("uchar")


def dither_cover(image: Image, depth: int) -> Image:
    """Return a coverage of 16 bits at a depth; where there is none there stays none."""
    if depth == 16:
        return image
    values = image / 257
    # Haze of less than one value is not made into dots.
    shown = (values + _tile(image) * (values > 1).ifthenelse(1, 0)).rint()
    return shown.cast("uchar")


def _tile(image: Image) -> Image:
    pattern = from_array(make_pattern())
    across, down = -(-image.width // SIDE), -(-image.height // SIDE)
    return pattern.replicate(across, down).crop(0, 0, image.width, image.height)

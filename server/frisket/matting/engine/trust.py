"""How far a model's answer may be trusted against colour, seen in the answer itself.

A model draws a plain outline as a ramp of about two of its own pixels; around hair, fur and
glass its answer stays undecided much further. Colour repairs the second kind. On the first
it gains little, and where both sides look alike it leads astray.
"""

from __future__ import annotations

import cv2
import numpy as np

from .types import Float

_REACH = 4.0  # the model's own pixels that are looked at around each point
_PLAIN = 0.22  # below this share of indecision an outline begins to be plain
_CRISP = 0.27  # below this a whole picture's outline is
_MOST = np.float32(0.03)


def measure_indecision(wish: Float, cell: float) -> Float:
    """Return the mean of 4 w (1 - w) around every cell: 0 where the model is sure all around.

    Args:
        wish: (h, w) float32, the model's answer, 0..1.
        cell: the model's own pixel in cells.
    """
    side = 2 * round(_REACH * cell) + 1
    unsure = 4 * wish * (1 - wish)
    return np.asarray(cv2.blur(unsure, (side, side), borderType=cv2.BORDER_REFLECT))


def is_crisp(wish: Float, cell: float) -> bool:
    """Tell whether the outline is plain along most of its length; False where there is none."""
    outline = np.abs(wish - np.float32(0.5)) < np.float32(0.4)
    return bool(outline.any() and np.median(measure_indecision(wish, cell)[outline]) < _CRISP)


def weigh(wish: Float, cell: float, least: float) -> Float:
    """Return how much the answer counts: nothing where it is undecided, more near plain outlines.

    Args:
        wish: (h, w) float32, 0..1.
        cell: the model's own pixel in cells.
        least: where the answer is sure but its surroundings are not.
    """
    plain = np.clip(1 - measure_indecision(wish, cell) / np.float32(_PLAIN), 0, 1)
    return np.asarray((np.float32(least) + _MOST * plain) * np.square(2 * wish - 1))

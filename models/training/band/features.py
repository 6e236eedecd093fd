"""What the network is shown of a picture and a model's answer.

Beside colours and the answer: what local colours say. Around every pixel the mean colours of what
the answer takes for subject and for background span a line; where the pixel lies on it is a guess
at alpha, and how long the line is tells what the guess is worth.
"""

from __future__ import annotations

import cv2
import numpy as np
from data import Image
from numpy.typing import NDArray

Plane = NDArray[np.float32]
#: Longer side of the picture that the network is shown, and a divisor of both sides.
SIDE, STRIDE = 512, 32
#: Radii of the neighbourhoods, in pixels.
RADII = (8, 24)
CHANNELS = 4 + 2 * len(RADII)
_LEAST = 2e-3  # share of a neighbourhood that must be sure for its mean colour to count


def make_features(rgb: Image, coarse: Image) -> Plane:
    """Return (h, w, 8) float32, about -0.5..0.5.

    Args:
        rgb: (h, w, 3) 0..255.
        coarse: (h, w) the model's answer, 0..255.
    """
    colours, answer = (plane.astype(np.float32) / np.float32(255) for plane in (rgb, coarse))
    sure = (np.square((2 * answer - 1).clip(0, 1)), np.square((1 - 2 * answer).clip(0, 1)))
    sums = [np.dstack([colours * weight[..., None], weight]) for weight in sure]
    told = [plane for radius in RADII for plane in _compare(colours, answer, sums, radius)]
    return np.dstack([colours, answer, *told]) - np.float32(0.5)


def _compare(colours: Plane, answer: Plane, sums: list[Plane], radius: int) -> tuple[Plane, Plane]:
    """Return the share of the subject's colour and how far the two colours lie apart."""
    size = (2 * radius + 1, 2 * radius + 1)
    fore, back = (cv2.boxFilter(s, -1, size, borderType=cv2.BORDER_REFLECT) for s in sums)
    have = np.minimum(fore[..., 3], back[..., 3]) > _LEAST
    start = back[..., :3] / (back[..., 3:] + np.float32(1e-4))
    line = fore[..., :3] / (fore[..., 3:] + np.float32(1e-4)) - start
    length = np.square(line).sum(-1)
    along = ((colours - start) * line).sum(-1) / (length + np.float32(1e-3))
    share = np.where(have, along.clip(0, 1), answer)
    return share, np.where(have, np.sqrt(length).clip(0, 1), np.float32(0))

"""A plain outline is trusted, mist is not."""

from __future__ import annotations

import cv2
import numpy as np

from frisket.matting.engine import trust


def test_only_a_plain_outline_is_trusted() -> None:
    hard = np.zeros((120, 120), np.float32)
    hard[:, :60] = 1
    plain = np.asarray(cv2.GaussianBlur(hard, (0, 0), 2.0))
    misty = np.asarray(cv2.GaussianBlur(hard, (0, 0), 20.0))
    assert trust.is_crisp(plain, 2.5)
    assert not trust.is_crisp(misty, 2.5)
    assert not trust.is_crisp(np.zeros((9, 9), np.float32), 2.5)
    assert trust.weigh(plain, 2.5, 1e-3)[60, 54] > 2 * trust.weigh(misty, 2.5, 1e-3)[60, 30]

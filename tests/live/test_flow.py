"""Masks that are carried from one picture to another."""

from __future__ import annotations

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2", reason="OpenCV is not installed")

from frisket.live.flow import Carrier  # noqa: E402

WIDE, HIGH = 640, 360


def paint(x: int) -> tuple[np.ndarray, np.ndarray]:
    """A speckled disc around a column, before something speckled that stands still; its mask."""
    rng = np.random.default_rng(5)
    behind, subject = (
        cv2.GaussianBlur(rng.integers(0, 256, (HIGH, WIDE, 3), np.uint8), (0, 0), 3) for _ in "ab"
    )
    alpha = cv2.circle(np.zeros((HIGH, WIDE), np.uint8), (x, HIGH // 2), 90, 255, -1)
    moved = np.roll(subject, x, axis=1)
    return np.where(alpha[..., None] > 0, moved, behind), alpha


def differ(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.mean((one > 127) != (other > 127)))


@pytest.mark.parametrize("step", [6, -14])
def test_an_edge_follows_the_subject_and_not_what_lies_behind(step: int) -> None:
    before, alpha = paint(300)
    now, truth = paint(300 + step)
    carried = Carrier().carry(alpha, before, now)
    assert differ(carried, truth) < 0.4 * differ(alpha, truth)


def test_what_stands_still_keeps_its_mask() -> None:
    picture, alpha = paint(300)
    assert np.array_equal(Carrier().carry(alpha, picture, picture), alpha)


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (12, 100), (15, 320), (14, 640), (100, 13)])
def test_a_picture_too_small_to_search_keeps_its_mask(size: tuple[int, int]) -> None:
    picture, alpha = np.zeros((*size, 3), np.uint8), np.eye(*size, dtype=np.uint8)
    assert np.array_equal(Carrier().carry(alpha, picture, picture), alpha)

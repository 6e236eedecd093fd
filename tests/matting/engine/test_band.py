"""The band covers what is unsure, and closes over what was solved."""

from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from frisket.matting.engine.band import dilate_disc, find_band, settle_trimap, widen_band


@given(st.integers(0, 40))
def test_a_point_grows_to_a_disc_of_its_radius(radius: int) -> None:
    mask = np.zeros((101, 101), np.uint8)
    mask[50, 50] = 1
    y, x = np.mgrid[:101, :101]
    away = np.hypot(y - 50, x - 50)
    grown = dilate_disc(mask, radius) > 0
    assert not grown[away > radius + 1 + radius / 7].any(), "each step may round up once"
    assert grown[50, 50 - radius : 51 + radius].all() and grown[50 - radius : 51 + radius, 50].all()


def test_a_hair_that_the_model_hardly_saw_stays_open() -> None:
    alpha = np.zeros((60, 60), np.uint8)
    alpha[:, 30:] = 255
    alpha[20, :30] = 9
    trimap = find_band(alpha, 2)
    assert (trimap[20, :30] == 128).all()
    assert trimap[50, 5] == 0 and trimap[50, 55] == 255


def test_what_came_out_sure_is_known_but_for_a_margin() -> None:
    trimap = np.full((40, 40), 128, np.uint8)
    alpha = np.zeros((40, 40), np.float32)
    alpha[:, 20:] = 1
    settled = settle_trimap(trimap, alpha, 2)
    assert (settled[:, :15] == 0).all() and (settled[:, 25:] == 255).all()
    assert (settled[:, 19:21] == 128).all()


def test_what_is_nearly_sure_may_count_as_sure() -> None:
    trimap, alpha = np.full((40, 40), 128, np.uint8), np.zeros((40, 40), np.float32)
    alpha[:, 20:], alpha[:, :10] = 1, 0.04
    assert (settle_trimap(trimap, alpha, 2)[:, :12] == 128).all()
    assert (settle_trimap(trimap, alpha, 2, 0.05)[:, :15] == 0).all()


def draw_edge(blur: float) -> np.ndarray:
    """Return a coarse alpha whose right half is subject, its edge blurred: (200, 200)."""
    alpha = np.zeros((200, 200), np.uint8)
    alpha[:, 100:] = 255
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), blur))


def test_the_band_goes_farther_around_hair_and_not_along_plain_outlines() -> None:
    plain, hazy = draw_edge(1.2), draw_edge(12)
    near, far = find_band(plain, 5), find_band(hazy, 5)
    np.testing.assert_array_equal(widen_band(near, plain, 2, 12), near)
    widened = widen_band(far, hazy, 2, 12)
    grown = (widened == 128).sum() / (far == 128).sum()
    assert grown > 1.2 and (widened[:, :40] == 0).all() and (widened[:, 160:] == 255).all()


@given(arrays(np.uint8, (24, 24)), st.sampled_from([1.0, 2.5, 6.0]), st.floats(0, 20))
def test_widening_only_ever_opens(alpha: np.ndarray, cell: float, reach: float) -> None:
    before = find_band(alpha, 2)
    after = widen_band(before, alpha, cell, reach)
    np.testing.assert_array_equal(after[after != 128], before[after != 128])


def test_where_the_model_is_sure_of_everything_nothing_is_opened() -> None:
    trimap = np.zeros((30, 30), np.uint8)
    assert not widen_band(trimap, trimap, 2, 12).any()

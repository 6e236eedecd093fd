"""The matting Laplacian is what its paper says, without a matrix."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import picture

from frisket.matting.engine.closed import Laplacian, minimise

GUIDE = (picture(24, 30) / 255).astype(np.float32)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999))
def test_it_is_symmetric_and_never_negative(seed: int) -> None:
    rng = np.random.default_rng(seed)
    laplacian = Laplacian(GUIDE, 1, 1e-4)
    a, b = rng.random((2, 24, 30)).astype(np.float32)
    assert np.isclose((a * laplacian.apply(b)).sum(), (b * laplacian.apply(a)).sum(), rtol=1e-2)
    assert (a * laplacian.apply(a)).sum() > -1e-3


def test_what_is_linear_in_colour_costs_nothing() -> None:
    alpha = GUIDE @ np.array([0.4, -0.3, 0.5], np.float32) + np.float32(0.2)
    cost = np.abs(Laplacian(GUIDE, 2, 1e-7).apply(alpha))
    noise = np.random.default_rng(1).random(alpha.shape).astype(np.float32)
    assert cost.mean() < 0.02 * np.abs(Laplacian(GUIDE, 2, 1e-7).apply(noise)).mean()
    slopes, offset = Laplacian(GUIDE, 2, 1e-7).fit_linear(alpha)
    np.testing.assert_allclose((slopes * GUIDE).sum(axis=2) + offset, alpha, atol=2e-2)


def test_a_minimum_keeps_what_is_fixed_and_costs_less_than_the_start() -> None:
    laplacian = Laplacian(GUIDE, 1, 1e-4)
    rng = np.random.default_rng(2)
    wish = rng.random((24, 30)).astype(np.float32)
    weight = np.full_like(wish, 1e-2)
    free = np.zeros(wish.shape, bool)
    free[5:19, 5:25] = True
    found = minimise(laplacian, wish, weight, wish, free, 30)

    def cost(alpha: np.ndarray) -> float:
        return float((alpha * laplacian.apply(alpha) + weight * (alpha - wish) ** 2).sum())

    np.testing.assert_array_equal(found[~free], wish[~free])
    assert cost(found) < 0.8 * cost(wish)

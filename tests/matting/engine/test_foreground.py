"""Colours of the edge lose the old background, and sure ones stay."""

from __future__ import annotations

import numpy as np
import pytest
from matting_kit import H, W, coarse, layer_of, picture

from frisket.matting.engine import (
    LinearMatte,
    Quality,
    clean_colours,
    prepare_colours,
    refine,
    solve,
)


@pytest.fixture(scope="module", params=[Quality.DRAFT, Quality.STANDARD, Quality.HIGH])
def matte(request: pytest.FixtureRequest) -> LinearMatte:
    return solve(picture(), coarse(), (W * 5 + 3, H * 5 - 2), request.param)


def test_sure_foreground_keeps_its_colours(matte: LinearMatte) -> None:
    pixels = layer_of(matte, 16, grey=False)
    alpha = refine(matte, 0, 0, pixels)
    clean = clean_colours(prepare_colours(picture(), matte), matte, 0, 0, pixels, alpha)
    assert np.array_equal(clean[alpha == 255], pixels[alpha == 255])


def test_old_background_is_taken_out_of_the_edge() -> None:
    _, x = np.mgrid[:80, :80]
    share = np.clip((x - 30) / 20, 0, 1)[..., None]
    mixed = np.rint(share * (250, 40, 30) + (1 - share) * (20, 220, 40)).astype(np.uint8)
    alpha = np.rint(share[..., 0] * 255).astype(np.uint8)
    matte = solve(mixed, alpha, (80, 80), Quality.DRAFT)
    clean = clean_colours(prepare_colours(mixed, matte), matte, 0, 0, mixed, alpha)
    edge = (alpha > 60) & (alpha < 255)
    before = np.abs(mixed[edge].astype(int) - (250, 40, 30)).mean()
    after = np.abs(clean[edge].astype(int) - (250, 40, 30)).mean()
    assert after < before / 3

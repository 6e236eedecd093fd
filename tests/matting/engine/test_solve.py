"""From a coarse alpha to a matte, whatever the picture."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting import BadInput
from frisket.matting.engine import Quality, assess, refine, solve


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (2, 3), (400, 3)])
@pytest.mark.parametrize("quality", [Quality.DRAFT, Quality.STANDARD, Quality.HIGH])
def test_odd_sizes(shape: tuple[int, int], quality: Quality) -> None:
    rgb = picture(*shape)
    matte = solve(rgb, coarse(*shape), (shape[1] * 3, shape[0] * 3), quality)
    big = np.repeat(np.repeat(rgb, 3, 0), 3, 1)
    assert refine(matte, 0, 0, big).shape == big.shape[:2]
    assess(coarse(*shape), matte)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("value", [0, 100, 255])
def test_nothing_to_go_by(level: int, value: int) -> None:
    """Constant pictures and constant answers: no NaN, and the answer is kept."""
    rgb = np.full((H, W, 3), level, np.uint8)
    matte = solve(rgb, np.full((H, W), value, np.uint8), (W, H), Quality.HIGH)
    alpha = refine(matte, 0, 0, rgb)
    assert np.isfinite(matte.a).all() and np.isfinite(matte.b).all()
    assert abs(int(alpha.mean()) - value) <= 8


def test_unsure_everywhere_says_so() -> None:
    matte = solve(picture(), np.full((H, W), 140, np.uint8), (W, H), Quality.HIGH)
    assert "Nothing was certain" in matte.method


def test_standard_sharpens_the_edge() -> None:
    truth = np.where(coarse() >= 128, 255, 0)
    alpha = refine(solve(picture(), coarse(), (W, H)), 0, 0, picture())
    assert (
        np.abs(alpha.astype(int) - truth).mean() < 0.5 * np.abs(coarse().astype(int) - truth).mean()
    )


def test_sizes_that_do_not_agree() -> None:
    with pytest.raises(BadInput, match="must agree"):
        solve(picture(), coarse(H + 1), (W, H))


@pytest.mark.parametrize("quality", [Quality.STANDARD, Quality.HIGH])
def test_grey_pictures_are_solved_too(quality: Quality) -> None:
    """Equal channels make every window's covariance singular but for the ridge."""
    grey = np.repeat(picture()[..., :1], 3, axis=2)
    grey[::2, ::3] = 255
    matte = solve(grey, coarse(), (W, H), quality)
    assert np.isfinite(matte.a).all()
    assert np.abs(matte.alpha.astype(int) - coarse()).mean() < 12


def test_an_unsolvable_system_falls_back_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What rounding might leave behind: the coarse alpha stays, and the report names it."""
    module = sys.modules[solve.__module__]
    monkeypatch.setattr(module, "minimise", lambda *_: np.full((H, W), np.nan))
    matte = solve(picture(), coarse(), (W, H))
    assert "could not be solved" in matte.method
    alpha = refine(matte, 0, 0, picture())
    assert np.abs(alpha.astype(int) - coarse()).mean() < 30


def test_a_plain_outline_between_like_colours_keeps_the_models_line() -> None:
    """Where both sides look alike, grain must not move an outline the model is sure of."""
    rng = np.random.default_rng(5)
    grey = rng.normal(128, 12, (160, 160, 1)).clip(0, 255).astype(np.uint8).repeat(3, 2)
    wish = np.clip((80.5 - np.arange(160.0)) * 64 + 128, 0, 255).astype(np.uint8)
    plain = np.tile(wish, (160, 1))
    matte = solve(grey, plain, (160, 160), Quality.HIGH, cell_px=1.25)
    away = np.abs(refine(matte, 0, 0, grey).astype(int) - plain)
    assert away.mean() < 2.8  # 3.3 when the answer is hardly heeded

"""From a coarse alpha to a matte, whatever the picture."""

from __future__ import annotations

import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting import BadInput
from frisket.matting.engine import Quality, assess, open_band, refine, solve


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


@pytest.mark.parametrize("quality", [Quality.STANDARD, Quality.HIGH])
def test_an_unsolvable_system_falls_back_and_says_so(
    quality: Quality, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What rounding might leave behind: the coarse alpha stays, and the report names it."""
    module = sys.modules[solve.__module__]
    monkeypatch.setattr(module, "minimise", lambda *_: np.full((H, W), np.nan))
    matte = solve(picture(), coarse(), (W, H), quality, cell_px=2.5)
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


def draw_hair(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A disc with hair before grain, (240, 240, 3), and its alpha."""
    rng, n = np.random.default_rng(seed), 240
    large = np.zeros((2 * n, 2 * n), np.uint8)
    cv2.circle(large, (n, n), n // 2, 255, -1, cv2.LINE_AA)
    for angle in rng.uniform(0, 2 * np.pi, 160):
        way = np.array([np.cos(angle), np.sin(angle)])
        ends = (np.rint(n + way * n * far).astype(int) for far in (0.48, rng.uniform(0.55, 0.72)))
        cv2.line(large, *(tuple(map(int, end)) for end in ends), 255, 1, cv2.LINE_AA)
    truth = cv2.resize(large, (n, n), interpolation=cv2.INTER_AREA)
    grain = rng.normal(0, 9, (2, n, n, 1))
    uneven = cv2.resize(rng.normal(0, 25, (6, 6, 3)).astype(np.float32), (n, n))
    share = truth[..., None] / 255
    front, back = (150, 90, 50) + grain[0], (80, 110, 140) + uneven + grain[1]
    return (share * front + (1 - share) * back).clip(0, 255).astype(np.uint8), truth


def solve_once_and_as_it_is(
    monkeypatch: pytest.MonkeyPatch, rgb: np.ndarray, wish: np.ndarray, cell_px: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the alpha of `high` without its second solve, and as it is."""
    size = (rgb.shape[1], rgb.shape[0])
    now = refine(solve(rgb, wish, size, Quality.HIGH, cell_px=cell_px), 0, 0, rgb)
    efforts = sys.modules[solve.__module__]._EFFORTS
    monkeypatch.setitem(efforts, Quality.HIGH, replace(efforts[Quality.HIGH], again=0))
    once = refine(solve(rgb, wish, size, Quality.HIGH, cell_px=cell_px), 0, 0, rgb)
    return once.astype(int), now.astype(int)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_second_solve_clears_the_haze_around_hair(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rgb, truth = draw_hair(seed)
    wish = cv2.GaussianBlur(truth, (0, 0), 5)
    once, now = solve_once_and_as_it_is(monkeypatch, rgb, wish, 2.5)
    assert np.abs(now - truth).mean() < 0.8 * np.abs(once - truth).mean()


def test_where_the_model_sees_as_much_as_colour_does_once_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rgb, truth = draw_hair(2)
    once, now = solve_once_and_as_it_is(monkeypatch, rgb, cv2.GaussianBlur(truth, (0, 0), 3), 1.5)
    np.testing.assert_array_equal(once, now)


def test_high_does_no_more_than_standard_where_the_models_pixel_is_small() -> None:
    rgb, wish = draw_hair(0)
    size = (rgb.shape[1], rgb.shape[0])
    plain, more = (
        solve(rgb, wish, size, quality, cell_px=1.6) for quality in (Quality.STANDARD, Quality.HIGH)
    )
    np.testing.assert_array_equal(plain.alpha, more.alpha)


@pytest.mark.parametrize("quality", [Quality.STANDARD, Quality.HIGH])
@pytest.mark.parametrize("cell_px", [1.5, 2.5])
def test_nothing_is_solved_outside_the_band(quality: Quality, cell_px: float) -> None:
    rgb, truth = draw_hair(1)
    wish = cv2.GaussianBlur(truth, (0, 0), 5)
    band = open_band(wish, cell_px, quality)
    matte = solve(rgb, wish, (rgb.shape[1], rgb.shape[0]), quality, cell_px=cell_px)
    assert (band != 128).any() and (matte.known[band != 128] != 128).all()
    np.testing.assert_array_equal(matte.alpha[band != 128], band[band != 128])

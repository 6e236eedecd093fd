from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frisket.matting import BadInput
from frisket.matting.engine import (
    EdgeControls,
    HintBox,
    HintPoint,
    Hints,
    LinearMatte,
    Quality,
    Scribble,
    apply_hints,
    assess,
    clean_colours,
    normalise_picture,
    plan,
    prepare_colours,
    refine,
    solve,
    trust,
)

H, W = 90, 130


def picture(high: int = H, wide: int = W, seed: int = 1) -> np.ndarray:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:high, :wide]
    ramp = np.stack([x * 255 // wide, y * 255 // high, 200 - x * 100 // wide], axis=2)
    out = np.clip(ramp + rng.integers(-20, 20, ramp.shape), 0, 255).astype(np.uint8)
    inside = (y - high / 2) ** 2 + (x - wide / 2) ** 2 < (0.3 * high) ** 2
    noise = rng.integers(-15, 15, (int(inside.sum()), 3))
    out[inside] = np.clip(noise + np.array((240, 120, 30)), 0, 255)
    return out


def coarse(high: int = H, wide: int = W) -> np.ndarray:
    y, x = np.mgrid[:high, :wide]
    away = np.hypot(y - high / 2, x - wide / 2) - 0.3 * high
    return np.rint(np.clip(0.5 - away / (0.08 * high), 0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="module", params=[Quality.DRAFT, Quality.STANDARD, Quality.HIGH])
def matte(request: pytest.FixtureRequest) -> LinearMatte:
    return solve(picture(), coarse(), (W * 5 + 3, H * 5 - 2), request.param)


def layer(matte: LinearMatte, depth: int, grey: bool) -> np.ndarray:
    rng = np.random.default_rng(3)
    top = 1 << depth
    shape = (matte.layer_height, matte.layer_width) + (() if grey else (3,))
    return rng.integers(0, top, shape).astype(np.uint8 if depth == 8 else np.uint16)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_tiling_gives_the_same_bytes(matte: LinearMatte, data: st.DataObject) -> None:
    depth = data.draw(st.sampled_from([8, 16]))
    pixels = layer(matte, depth, data.draw(st.booleans()))
    answer = data.draw(st.sampled_from([8, 16]))
    whole = refine(matte, 0, 0, pixels, answer)
    prepared = prepare_colours(picture(), matte)
    clean = clean_colours(prepared, matte, 0, 0, pixels, whole)
    x = data.draw(st.integers(0, matte.layer_width - 1))
    y = data.draw(st.integers(0, matte.layer_height - 1))
    w = data.draw(st.integers(1, matte.layer_width - x))
    h = data.draw(st.integers(1, matte.layer_height - y))
    part = np.s_[y : y + h, x : x + w]
    tile = np.ascontiguousarray(pixels[part])
    alpha = refine(matte, x, y, tile, answer)
    assert np.array_equal(alpha, whole[part])
    assert np.array_equal(clean_colours(prepared, matte, x, y, tile, alpha), clean[part])


@settings(max_examples=20, deadline=None)
@given(tile=st.integers(1, 700))
def test_solid_tiles_are_solid(matte: LinearMatte, tile: int) -> None:
    pixels = layer(matte, 8, grey=False)
    whole = refine(matte, 0, 0, pixels)
    tiles = plan(matte, tile)
    for row, col in np.argwhere(tiles >= 0)[:300]:
        part = whole[row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
        assert (part == tiles[row, col]).all()


def test_sure_foreground_keeps_its_colours(matte: LinearMatte) -> None:
    pixels = layer(matte, 16, grey=False)
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


def test_a_model_that_is_not_believed_is_sent_to_review() -> None:
    matte = solve(picture(), coarse(), (W, H))
    sure, doubted = assess(coarse(), matte), assess(coarse(), matte, confidence=0.5)
    assert doubted.overall < sure.overall
    assert doubted.needs_review and "unsure" in doubted.reasons[0]


# -- hints


def test_a_negative_scribble_takes_a_piece_away() -> None:
    rgb, alpha = picture(), coarse()
    rgb[30:60, 5:25] = (20, 200, 20)
    alpha[30:60, 5:25] = 255
    hints = Hints(scribbles=(Scribble(((8.0, 35.0), (20.0, 55.0)), 3, positive=False),))
    told = apply_hints(rgb, alpha, hints)
    assert told[30:60, 5:25].mean() < 40
    assert told[H // 2, W // 2] == 255


def test_a_point_in_a_sliver_does_not_cost_the_subject() -> None:
    wide = np.roll(coarse(), 4, axis=1)
    told = apply_hints(
        picture(), wide, Hints(points=(HintPoint(W / 2 + 29, H / 2, positive=False),))
    )
    assert told[H // 2, W // 2 + 29] == 0
    truth = coarse() >= 128
    kept = np.count_nonzero((told >= 128) & truth) / np.count_nonzero(truth)
    assert kept > 0.85


@pytest.mark.parametrize("missing", [True, False])
def test_a_point_amid_an_object_takes_all_of_it(missing: bool) -> None:
    rgb, alpha = picture(), coarse()
    rgb[30:60, 5:25] = (20, 200, 20)
    alpha[30:60, 5:25] = 0 if missing else 255
    told = apply_hints(rgb, alpha, Hints(points=(HintPoint(15, 45, positive=missing),)))
    piece = told[32:58, 7:23] >= 128
    assert piece.mean() > 0.95 if missing else piece.mean() < 0.05


@given(st.integers(W // 2 - 12, W // 2 + 12), st.integers(H // 2 - 12, H // 2 + 12))
def test_a_point_that_the_model_agrees_with_changes_nothing(x: int, y: int) -> None:
    told = apply_hints(picture(), coarse(), Hints(points=(HintPoint(x, y),)))
    np.testing.assert_array_equal(told >= 128, coarse() >= 128)


def test_points_and_boxes() -> None:
    alpha = np.maximum(coarse(), np.roll(coarse(), 60, axis=1))
    told = apply_hints(picture(), alpha, Hints(boxes=(HintBox(30, 10, 100, 80),)))
    assert told[:, 105:].max() == 0
    told = apply_hints(picture(), alpha, Hints(points=(HintPoint(W / 2, H / 2),)))
    assert told[H // 2, W // 2] == 255


def test_a_trimap_is_obeyed() -> None:
    trimap = np.full((H, W), 128, np.uint8)
    trimap[:20], trimap[-20:] = 0, 255
    matte = solve(picture(), coarse(), (W, H), hints=Hints(trimap=trimap))
    alpha = refine(matte, 0, 0, picture())
    assert (alpha[:19] == 0).all() and (alpha[-19:] == 255).all()


def test_a_prior_says_where() -> None:
    prior = np.zeros((H, W), np.uint8)
    prior[5:40, 5:40] = 255
    assert apply_hints(picture(), coarse(), Hints(prior=prior))[20, 20] == 255


BAD = [
    (Hints(points=(HintPoint(W + 1, 3),)), "outside the layer"),
    (Hints(boxes=(HintBox(5, 5, 5, 9),)), "no area"),
    (Hints(boxes=(HintBox(W + 5, 5, W + 9, 9),)), "outside the layer"),
    (Hints(trimap=np.zeros((3, 3), np.uint8)), "trimap is 3x3"),
    (Hints(prior=np.zeros((H, W), np.uint16)), "prior is"),
]


@pytest.mark.parametrize(("hints", "said"), BAD)
def test_bad_hints_are_named(hints: Hints, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        solve(picture(), coarse(), (W, H), hints=hints)


def test_contradictions_go_to_the_later_hint() -> None:
    points = (HintPoint(20, 20), HintPoint(20, 20, positive=False))
    assert apply_hints(picture(), coarse(), Hints(points=points))[20, 20] == 0


# -- edge controls


def area(edge: EdgeControls) -> float:
    matte = solve(picture(), coarse(), (W, H), edge=edge)
    return float(refine(matte, 0, 0, picture()).mean())


def test_shift() -> None:
    plain = area(EdgeControls())
    assert area(EdgeControls(shift_px=3)) > plain + 2
    assert area(EdgeControls(shift_px=-3)) < plain - 2


def test_feather_keeps_the_area_and_widens_the_ramp() -> None:
    matte = solve(picture(), coarse(), (W, H), edge=EdgeControls(feather_px=4))
    alpha = refine(matte, 0, 0, picture())
    assert abs(float(alpha.mean()) - area(EdgeControls())) < 3
    assert ((alpha > 20) & (alpha < 235)).mean() > 0.05


def test_holes_and_specks() -> None:
    alpha = coarse()
    alpha[40:44, 60:64] = 0
    alpha[3:7, 3:7] = 255
    rgb = picture()
    rgb[40:44, 60:64] = rgb[3:7, 90:94]
    edge = EdgeControls(fill_holes=0.05, drop_specks=0.05)
    told = solve(rgb, alpha, (W, H), Quality.HIGH, edge=edge).alpha
    assert told[42, 62] >= 225
    assert told[:10, :10].max() == 0


def test_limits_are_checked() -> None:
    with pytest.raises(BadInput, match="shift_px"):
        EdgeControls(shift_px=1000)


def test_assessment_of_nothing() -> None:
    empty = np.zeros((H, W), np.uint8)
    opinion = assess(empty, solve(picture(), empty, (W, H)))
    assert opinion.needs_review and opinion.subject is None
    assert opinion.reasons == ("No subject was found.",)


def test_subject_box_in_layer_pixels() -> None:
    matte = solve(picture(), coarse(), (W * 10, H * 10))
    box = assess(coarse(), matte).subject
    assert box is not None
    assert abs(box.x - 10 * (W / 2 - 0.3 * H)) < 40
    assert abs(box.width - 10 * 0.6 * H) < 80


@pytest.mark.parametrize("quality", [Quality.STANDARD, Quality.HIGH])
def test_grey_pictures_are_solved_too(quality: Quality) -> None:
    """Equal channels make every window's covariance singular but for the ridge."""
    grey = np.repeat(picture()[..., :1], 3, axis=2)
    grey[::2, ::3] = 255
    matte = solve(grey, coarse(), (W, H), quality)
    assert np.isfinite(matte.a).all()
    assert np.abs(matte.alpha.astype(int) - coarse()).mean() < 12


# -- normalisation


@pytest.mark.parametrize("choice", ["clahe", "denoise", "white-balance,exposure", "auto"])
def test_normalisation_keeps_size_and_kind(choice: str) -> None:
    seen, _ = normalise_picture(picture(), choice)
    assert seen.shape == (H, W, 3) and seen.dtype == np.uint8


def test_normalisation_off_touches_nothing() -> None:
    rgb = picture()
    assert normalise_picture(rgb, "off") == (rgb, [])


def test_automatic_normalisation_sees_the_fault() -> None:
    dark = (picture() // 8).astype(np.uint8)
    assert "exposure" in normalise_picture(dark, "auto")[1]
    grey = np.repeat(picture()[..., :1], 3, axis=2)
    tinted = (grey * (1.0, 0.75, 0.4)).astype(np.uint8)
    assert "white-balance" in normalise_picture(tinted, "auto")[1]
    flat = (110 + picture() * 0.12).astype(np.uint8)
    assert "clahe" in normalise_picture(flat, "auto")[1]


def test_automatic_normalisation_leaves_a_night_with_a_lamp_alone() -> None:
    night = (picture() // 10).astype(np.uint8)
    night[30:60, 40:80] = (250, 245, 240)
    assert normalise_picture(night, "auto")[1] == []


def test_unknown_normalisation_is_named() -> None:
    with pytest.raises(BadInput, match="'sepia'"):
        normalise_picture(picture(), "sepia")


def test_an_unsolvable_system_falls_back_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What rounding might leave behind: the coarse alpha stays, and the report names it."""
    monkeypatch.setitem(solve.__globals__, "minimise", lambda *_: np.full((H, W), np.nan))
    monkeypatch.setitem(solve.__globals__, "_around", lambda *_: (slice(0, H), slice(0, W)))
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


def test_only_a_plain_outline_is_trusted() -> None:
    hard = np.zeros((120, 120), np.float32)
    hard[:, :60] = 1
    plain = np.asarray(cv2.GaussianBlur(hard, (0, 0), 2.0))
    misty = np.asarray(cv2.GaussianBlur(hard, (0, 0), 20.0))
    assert trust.is_crisp(plain, 2.5)
    assert not trust.is_crisp(misty, 2.5)
    assert not trust.is_crisp(np.zeros((9, 9), np.float32), 2.5)
    assert trust.weigh(plain, 2.5, 1e-3)[60, 54] > 2 * trust.weigh(misty, 2.5, 1e-3)[60, 30]

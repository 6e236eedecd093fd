"""What the user says is done, and no more than that."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matting_kit import H, W, coarse, picture

from frisket.matting import BadInput
from frisket.matting.engine import HintBox, HintPoint, Hints, Scribble, apply_hints, refine, solve


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

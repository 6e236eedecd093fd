"""Hints of the layer land where they belong on the proxy, or are refused by name."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.matting import BadInput
from frisket.matting.engine import HintBox, HintPoint, Hints, Scribble
from frisket.matting.hint_scaling import scale_hints

LAYER, PROXY = (1000, 700), (500, 350)


def test_every_kind_is_scaled_and_planes_stay() -> None:
    plane = np.zeros((350, 500), np.uint8)
    hints = Hints(
        boxes=(HintBox(100, 200, 300, 9999),),
        points=(HintPoint(10, 20, False),),
        scribbles=(Scribble(((0, 0), (999, 699)), 8),),
        prior=plane,
    )
    scaled = scale_hints(hints, LAYER, PROXY)
    assert scaled.boxes == (HintBox(50, 100, 150, 350),)
    assert scaled.points == (HintPoint(5, 10, False),)
    assert scaled.scribbles == (Scribble(((0, 0), (499.5, 349.5)), 4),)
    assert scaled.prior is plane


@given(st.integers(0, 10**6))
def test_a_brush_is_at_least_a_pixel_and_at_most_the_proxy(radius: int) -> None:
    scaled = scale_hints(Hints(scribbles=(Scribble(((1, 1),), radius),)), LAYER, PROXY)
    assert 1 <= scaled.scribbles[0].radius <= 500


@pytest.mark.parametrize(
    ("hints", "says"),
    [
        (Hints(points=(HintPoint(1000, 3),)), "The point 1000,3 lies outside the layer of 1000 x"),
        (Hints(points=(HintPoint(4_000_000_000, 3),)), "The point 4000000000,3 lies outside"),
        (Hints(points=(HintPoint(-1, 3),)), "outside"),
        (Hints(boxes=(HintBox(1, 700, 9, 800),)), "outside"),
        (Hints(boxes=(HintBox(1, 7, 1, 80),)), "no size"),
        (Hints(scribbles=(Scribble(((1, 1), (1, 700)), 3),)), "outside"),
    ],
)
def test_what_lies_outside_is_refused(hints: Hints, says: str) -> None:
    with pytest.raises(BadInput, match=says):
        scale_hints(hints, LAYER, PROXY)

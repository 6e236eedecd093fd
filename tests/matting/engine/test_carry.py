"""Carrying to full resolution: the same bytes however the layer is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import H, W, coarse, layer_of, picture

from frisket.matting.engine import (
    LinearMatte,
    Quality,
    clean_colours,
    plan,
    prepare_colours,
    refine,
    solve,
)


@pytest.fixture(scope="module", params=[Quality.DRAFT, Quality.STANDARD, Quality.HIGH])
def matte(request: pytest.FixtureRequest) -> LinearMatte:
    return solve(picture(), coarse(), (W * 5 + 3, H * 5 - 2), request.param)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_tiling_gives_the_same_bytes(matte: LinearMatte, data: st.DataObject) -> None:
    depth = data.draw(st.sampled_from([8, 16]))
    pixels = layer_of(matte, depth, data.draw(st.booleans()))
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
    pixels = layer_of(matte, 8, grey=False)
    whole = refine(matte, 0, 0, pixels)
    tiles = plan(matte, tile)
    for row, col in np.argwhere(tiles >= 0)[:300]:
        part = whole[row * tile : (row + 1) * tile, col * tile : (col + 1) * tile]
        assert (part == tiles[row, col]).all()

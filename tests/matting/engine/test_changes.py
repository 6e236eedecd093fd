"""A tile is left alone only when its bytes cannot differ."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import H, W, coarse, layer_of, picture

from frisket.matting.engine import HintPoint, Hints, changed_tiles, refine, solve

SIZE = (5 * W, 5 * H)
BEFORE = solve(picture(), coarse(), SIZE)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, W - 1), st.integers(0, H - 1), st.booleans(), st.integers(20, 200))
def test_tiles_that_are_not_named_keep_their_bytes(
    x: int, y: int, positive: bool, tile: int
) -> None:
    hints = Hints(points=(HintPoint(x, y, positive),))
    after = solve(picture(), coarse(), SIZE, hints=hints)
    changed = changed_tiles(BEFORE, after, tile)
    layer = layer_of(after)
    same = refine(BEFORE, 0, 0, layer) == refine(after, 0, 0, layer)
    for row, column in np.argwhere(~changed):
        part = np.s_[row * tile : (row + 1) * tile, column * tile : (column + 1) * tile]
        assert same[part].all()


def test_the_same_solution_changes_nothing_and_another_grid_everything() -> None:
    again = solve(picture(), coarse(), SIZE)
    assert not changed_tiles(BEFORE, again, 64).any()
    other = solve(picture(80, 100), coarse(80, 100), SIZE)
    assert changed_tiles(BEFORE, other, 64).all()

"""The grid covers a layer exactly once, and runs say what they were made of."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.grid import Grid, proxy_size, runs


@given(st.integers(1, 300), st.integers(1, 300), st.integers(16, 128))
def test_tiles_cover_every_pixel_once(width: int, height: int, tile: int) -> None:
    grid = Grid(width, height, tile)
    seen = np.zeros((height, width), int)
    for index in range(grid.count):
        rect = grid.rect(index)
        seen[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width] += 1
    assert (seen == 1).all()


def test_a_tile_beyond_the_layer_is_an_error() -> None:
    with pytest.raises(IndexError):
        Grid(100, 100, 64).rect(4)


@given(st.sets(st.integers(0, 500)))
def test_runs_hold_what_they_were_made_of(tiles: set[int]) -> None:
    packed = list(runs(sorted(tiles)))
    assert {first + i for first, count in packed for i in range(count)} == tiles
    assert all(a + n < b for (a, n), (b, _) in itertools.pairwise(packed))


@given(st.integers(1, 300_000), st.integers(1, 300_000))
def test_a_proxy_is_small_and_never_empty(width: int, height: int) -> None:
    across, down = proxy_size(width, height)
    assert 1 <= across <= min(width, 2048)
    assert 1 <= down <= min(height, 2048)

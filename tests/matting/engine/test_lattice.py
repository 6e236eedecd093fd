"""What a pixel gets depends on where it lies, not on the rectangle it is computed in."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from frisket.matting.engine.footprint import find_cells, hold_everywhere
from frisket.matting.engine.lattice import cut_strips

LAYER = (300, 200)
GRID = (23, 31)
PLANE = np.random.default_rng(1).random(GRID).astype(np.float32)


def interpolate(plane: np.ndarray, x: int, y: int, width: int, height: int) -> np.ndarray:
    strips = cut_strips(GRID, LAYER, (x, y), (height, width))
    return np.concatenate([lattice(plane) for _, lattice in strips])


WHOLE = interpolate(PLANE, 0, 0, *LAYER)
rectangles = st.tuples(
    st.integers(0, 299), st.integers(0, 199), st.integers(1, 300), st.integers(1, 200)
).map(lambda r: (r[0], r[1], min(r[2], 300 - r[0]), min(r[3], 200 - r[1])))


@given(rectangles)
def test_a_part_is_a_part_of_the_whole(rect: tuple[int, int, int, int]) -> None:
    x, y, width, height = rect
    np.testing.assert_array_equal(interpolate(PLANE, *rect), WHOLE[y : y + height, x : x + width])


def test_values_lie_between_those_of_the_cells() -> None:
    assert PLANE.min() <= WHOLE.min() and WHOLE.max() <= PLANE.max()
    flat = interpolate(np.full(GRID, 0.3, np.float32), 0, 0, *LAYER)
    assert (flat == np.float32(0.3)).all(), "exact where the cells agree"


@given(rectangles, st.integers(0, 999))
def test_other_cells_than_those_of_its_footprint_do_not_matter(
    rect: tuple[int, int, int, int], seed: int
) -> None:
    x, y, width, height = rect
    rows = find_cells(np.array([[y, y + height]]), GRID[0], LAYER[1])
    columns = find_cells(np.array([[x, x + width]]), GRID[1], LAYER[0])
    near = np.s_[rows[0, 0] : rows[0, 1], columns[0, 0] : columns[0, 1]]
    other = np.random.default_rng(seed).random(GRID).astype(np.float32)
    other[near] = PLANE[near]
    np.testing.assert_array_equal(interpolate(other, *rect), interpolate(PLANE, *rect))
    flags = np.zeros(GRID, bool)
    flags[near] = True
    assert hold_everywhere(flags, rows, columns).all()
    flags[rows[0, 0], columns[0, 1] - 1] = False
    assert not hold_everywhere(flags, rows, columns).any()

"""Windows of the band: every pixel of it is seen, and none is for nothing."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from matting_kit import banded, ring

from frisket.matting.engine import blend_windows, interpolate_trimap, layout_windows
from frisket.matting.engine.windows import TOP


@settings(max_examples=60, deadline=None)
@example(width=266, height=40, side=32, radius=0.22265625, wide=0.01171875)
@given(
    width=st.integers(50, 700),
    height=st.integers(40, 700),
    side=st.sampled_from([32, 64, 96, 256]),
    radius=st.floats(0.05, 0.6),
    wide=st.floats(0.01, 0.2),
)
def test_every_pixel_of_the_band_is_in_a_window(
    width: int, height: int, side: int, radius: float, wide: float
) -> None:
    solved = banded(ring((40, 50), radius, wide), width, height)
    windows = layout_windows(solved, side)
    trimap = interpolate_trimap(solved, 0, 0, (height, width))
    full = np.full((side, side), TOP, np.uint16)
    answers = dict.fromkeys(windows.touching(0, 0, width, height), full)
    blank = np.zeros((height, width), np.uint8)
    seen = blend_windows(solved, windows, answers, blank, (0, 0))
    np.testing.assert_array_equal(seen == 255, trimap == 128)
    # Which cells of the grid a window reads is known to one of them.
    cell = math.ceil(max(width / 50, height / 40))
    near = np.pad(trimap, cell)
    for window in answers:
        left, top = windows.corner(window)
        seen = near[top : top + side + 2 * cell, left : left + side + 2 * cell]
        assert (seen == 128).any(), "a window for nothing"


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.integers(0, 600), st.integers(0, 400), st.integers(1, 300), st.integers(1, 300))
)
def test_windows_that_touch_a_rectangle_share_a_pixel_with_it(
    rect: tuple[int, int, int, int],
) -> None:
    x, y, width, height = rect
    windows = layout_windows(banded(ring((40, 50), 0.3, 0.1), 600, 400), 64)
    active = windows.touching(0, 0, 600, 400)
    assert len(active) == windows.active.sum()
    corners = {window: windows.corner(window) for window in active}
    shared = [
        window
        for window, (left, top) in corners.items()
        if left < x + width and x < left + 64 and top < y + height and y < top + 64
    ]
    assert windows.touching(x, y, width, height) == shared


def test_where_no_window_answered_the_solution_stays() -> None:
    solved = banded(ring((40, 50), 0.3, 0.1), 300, 200)
    windows = layout_windows(solved, 64)
    answers = dict.fromkeys(windows.touching(0, 0, 300, 200))
    solid = np.full((200, 300), 77, np.uint8)
    np.testing.assert_array_equal(blend_windows(solved, windows, answers, solid, (0, 0)), solid)

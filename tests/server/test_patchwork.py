"""Windows of the band: every pixel of it is seen, and no more is held than the front."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frisket.matting import engine
from frisket.matting.engine.types import LinearMatte
from frisket.matting.engine.windows import TOP
from frisket.matting.window_tiles import WindowTiles, to_rgb8
from frisket.protocol.grid import Grid


def matte(known: np.ndarray, width: int, height: int) -> LinearMatte:
    """A matte of plain 0 and 1 outside a band of a half."""
    b = np.select([known == 0, known == 255], [0.0, 1.0], 0.5).astype(np.float32)
    a = np.zeros((*known.shape, 3), np.float32)
    return LinearMatte(a, b, known, width, height, "", (b * 255).astype(np.uint8))


def ring(cells: tuple[int, int], radius: float, wide: float) -> np.ndarray:
    y, x = np.mgrid[: cells[0], : cells[1]]
    away = np.hypot((y - cells[0] / 2) / cells[0], (x - cells[1] / 2) / cells[1])
    return np.select([away < radius - wide, away > radius], [255, 0], 128).astype(np.uint8)


@settings(max_examples=60, deadline=None)
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
    solved = matte(ring((40, 50), radius, wide), width, height)
    windows = engine.layout_windows(solved, side)
    trimap = engine.interpolate_trimap(solved, 0, 0, (height, width))
    full = np.full((side, side), TOP, np.uint16)
    answers = dict.fromkeys(windows.touching(0, 0, width, height), full)
    blank = np.zeros((height, width), np.uint8)
    seen = engine.blend_windows(solved, windows, answers, blank, (0, 0))
    np.testing.assert_array_equal(seen == 255, trimap == 128)
    for window in answers:
        left, top = windows.corner(window)
        assert (trimap[top : top + side, left : left + side] == 128).any(), "a window for nothing"


@settings(max_examples=100, deadline=None)
@given(
    st.tuples(st.integers(0, 600), st.integers(0, 400), st.integers(1, 300), st.integers(1, 300))
)
def test_windows_that_touch_a_rectangle_share_a_pixel_with_it(
    rect: tuple[int, int, int, int],
) -> None:
    x, y, width, height = rect
    windows = engine.layout_windows(matte(ring((40, 50), 0.3, 0.1), 600, 400), 64)
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
    solved = matte(ring((40, 50), 0.3, 0.1), 300, 200)
    windows = engine.layout_windows(solved, 64)
    answers = dict.fromkeys(windows.touching(0, 0, 300, 200))
    solid = np.full((200, 300), 77, np.uint8)
    np.testing.assert_array_equal(
        engine.blend_windows(solved, windows, answers, solid, (0, 0)), solid
    )


@settings(max_examples=25, deadline=None)
@given(tile=st.integers(16, 150), seed=st.integers(0, 99))
def test_a_view_is_the_layer_whatever_the_tiles(tile: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, height = 410, 290
    layer = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    windows = engine.layout_windows(matte(ring((40, 50), 0.3, 0.1), width, height), 128)
    grid = Grid(width, height, tile)
    patches = WindowTiles(grid, windows, range(grid.count))
    order = list(patches.tiles)
    rng.shuffle(order)
    seen, sent = [], []
    for number in order:
        x, y, w, h = grid.rect(number)
        ready = patches.put(number, layer[y : y + h, x : x + w])
        if patches.complete(number):
            sent.append(number)
            patches.release(number)
        for window in ready:
            left, top = windows.corner(window)
            view = patches.view(window)
            part = layer[top : top + 128, left : left + 128]
            np.testing.assert_array_equal(view[: part.shape[0], : part.shape[1]], part)
            seen.append(window)
            for whole in patches.settle(window, np.zeros((128, 128), np.uint16)):
                sent.append(whole)
                patches.release(whole)
    assert sorted(seen) == windows.touching(0, 0, width, height)
    assert sorted(sent) == list(range(grid.count))
    assert patches.held_bytes == 0, "nothing is kept when all is sent"


def held_at_most(height: int) -> int:
    """Greatest bytes held while a layer of one wide vertical band goes by in rows."""
    known = np.zeros((height // 16, 64), np.uint8)
    known[:, 30:40], known[:, 40:] = 128, 255
    grid = Grid(1024, height, 128)
    solved = matte(known, 1024, height)
    wanted = np.flatnonzero(np.isin(np.arange(grid.count) % grid.columns, (3, 4, 5)))
    patches = WindowTiles(grid, engine.layout_windows(solved, 256), (int(tile) for tile in wanted))
    most = 0
    for tile in sorted(patches.tiles):
        _, _, w, h = grid.rect(tile)
        for window in patches.put(tile, np.zeros((h, w, 3), np.uint8)):
            for whole in patches.settle(window, np.zeros((256, 256), np.uint16)):
                patches.release(whole)
        most = max(most, patches.held_bytes)
    assert patches.held_bytes == 0
    return most


def test_what_is_held_does_not_grow_with_the_layer() -> None:
    assert held_at_most(16384) == held_at_most(4096)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("grey", [True, False])
def test_every_tile_format_becomes_colour(dtype: type, grey: bool) -> None:
    top = np.iinfo(dtype).max
    shape = (1, 3) if grey else (1, 3, 3)
    pixels = np.broadcast_to(
        np.array([0, top // 2 + 1, top]).reshape((1, 3) + (1,) * (not grey)), shape
    )
    seen = to_rgb8(pixels.astype(dtype))
    assert seen.shape == (1, 3, 3) and seen.dtype == np.uint8
    np.testing.assert_array_equal(seen[0, :, 1], [0, 128, 255])

"""Windows get the layer's own pixels, and no more is held than the front."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import banded, ring

from frisket.matting.engine import layout_windows
from frisket.matting.window_tiles import WindowTiles, to_rgb8
from frisket.protocol.grid import Grid


@settings(max_examples=25, deadline=None)
@given(tile=st.integers(16, 150), seed=st.integers(0, 99))
def test_a_view_is_the_layer_whatever_the_tiles(tile: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    width, height = 410, 290
    layer = rng.integers(0, 256, (height, width, 3)).astype(np.uint8)
    windows = layout_windows(banded(ring((40, 50), 0.3, 0.1), width, height), 128)
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
    solved = banded(known, 1024, height)
    wanted = np.flatnonzero(np.isin(np.arange(grid.count) % grid.columns, (3, 4, 5)))
    patches = WindowTiles(grid, layout_windows(solved, 256), (int(tile) for tile in wanted))
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

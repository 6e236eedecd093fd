"""The store gives back what arrived, wherever it is read, and is gone afterwards."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from frisket.client.events import AlphaReady, Opened, SolidReady
from frisket.documents import Rect
from frisket.jobs.store import AlphaStore
from frisket.protocol.grid import Grid


def fill(store: AlphaStore, whole: np.ndarray, colours: np.ndarray | None, seed: int) -> None:
    """Let the tiles of an alpha arrive in any order, constant ones as solid."""
    order = list(range(store.grid.count))
    random.Random(seed).shuffle(order)
    top = np.iinfo(whole.dtype).max
    for tile in order:
        rect = store.grid.rect(tile)
        area = np.s_[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
        part = whole[area]
        if colours is None and (part == part[0, 0]).all() and part[0, 0] in (0, top):
            store.take(SolidReady(((tile, 1),), bool(part[0, 0])))
            continue
        shades = None if colours is None else colours[area].tobytes()
        store.take(AlphaReady(tile, rect, part.tobytes(), shades, True))


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([8, 16]), st.data())
def test_any_rectangle_is_what_arrived(
    width: int, height: int, depth: int, data: st.DataObject
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    kind = np.uint8 if depth == 8 else np.dtype("<u2")
    whole = rng.choice(
        np.array([0, 7, np.iinfo(kind).max], kind), (height // 16 + 1, width // 16 + 1)
    )
    whole = np.kron(whole, np.ones((16, 16), kind)).astype(kind)[:height, :width]
    x, y = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    rect = Rect(x, y, data.draw(st.integers(1, width - x)), data.draw(st.integers(1, height - y)))
    with AlphaStore(Grid(width, height, 16), depth) as store:
        fill(store, whole, None, width)
        part = whole[rect.y : rect.bottom, rect.x : rect.right]
        np.testing.assert_array_equal(store.read(rect), part)
        constant = store.solid(rect)
        assert constant is None or (part == constant).all()


def test_a_later_tile_replaces_an_earlier_one() -> None:
    grid = Grid(40, 20, 20)
    with AlphaStore(grid) as store:
        for value in (50, 90):
            store.take(AlphaReady(1, grid.rect(1), bytes([value]) * 400, None, value == 90))
        store.take(SolidReady(((0, 2),), True))
        store.take(AlphaReady(0, grid.rect(0), bytes([60]) * 400, None, True))
        assert (store.read(Rect(0, 0, 40, 20)) == np.repeat([60, 255], 20)).all()
        assert store.solid(Rect(20, 0, 20, 20)) == 255
        assert [store.is_stored(tile) for tile in (0, 1)] == [True, False]


@pytest.mark.parametrize("colour_depth", [8, 16])
def test_colours_lie_behind_the_alpha(colour_depth: int) -> None:
    rng = np.random.default_rng(5)
    alpha = rng.integers(1, 254, (50, 70), np.uint8)
    kind = np.uint8 if colour_depth == 8 else np.dtype("<u2")
    colours = rng.integers(0, np.iinfo(kind).max, (50, 70, 3)).astype(kind)
    rect = Rect(5, 9, 60, 35)
    with AlphaStore(Grid(70, 50, 32), 8, 3, colour_depth) as store:
        fill(store, alpha, colours, 1)
        out = np.zeros((35, 60, 3), kind)
        for tile in store.tiles_of(rect):
            store.paste_colours(tile, rect, out)
        np.testing.assert_array_equal(out, colours[9:44, 5:65])
        np.testing.assert_array_equal(store.read(rect), alpha[9:44, 5:65])


def test_what_is_no_tile_is_ignored_and_what_is_missing_is_clear() -> None:
    with AlphaStore(Grid(40, 20, 20)) as store:
        store.take(Opened("m", "cpu", 20, 2, "", ""))
        assert store.solid(Rect(0, 0, 40, 20)) is None
        assert not store.read(Rect(0, 0, 40, 20)).any()


def test_its_file_has_no_name_and_ends_with_it(tmp_path: Path) -> None:
    grid = Grid(40, 20, 20)
    with AlphaStore(grid, folder=tmp_path) as store:
        store.take(AlphaReady(0, grid.rect(0), bytes(400), None, True))
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="closed"):
        store.read(Rect(0, 0, 20, 20))

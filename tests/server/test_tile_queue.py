"""The queue asks for every tile once and never for more than its budget."""

from __future__ import annotations

import time

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from frisket.protocol.grid import Grid
from frisket.server.tile_queue import TileQueue, TileSet, is_in_sight

GRID = Grid(1000, 700, 64)


@given(
    st.sets(st.integers(0, GRID.count - 1)),
    st.integers(1, 40),
    st.randoms(use_true_random=False),
    st.floats(0, 0.5),
)
def test_every_wanted_tile_once_within_the_budget(
    wanted: set[int], budget: int, random: object, rejecting: float
) -> None:
    queue = TileQueue(GRID, budget, wanted)
    open_tiles: list[int] = []
    finished: list[int] = []
    rejections = 0
    while not queue.complete:
        open_tiles += queue.ask()
        assert 0 < len(open_tiles) <= budget
        tile = open_tiles.pop(random.randrange(len(open_tiles)))  # type: ignore[attr-defined]
        assert queue.accept(tile)
        if rejections < 5 and random.random() < rejecting:  # type: ignore[attr-defined]
            queue.reject(tile)
            rejections += 1
            continue
        queue.finish(tile)
        finished.append(tile)
    assert sorted(finished) == sorted(wanted)


@given(st.lists(st.booleans(), max_size=60))
def test_a_set_of_tiles_is_a_set(flags: list[bool]) -> None:
    tiles, plain = TileSet(np.array(flags, bool)), {i for i, flag in enumerate(flags) if flag}
    assert tiles == plain and len(tiles) == len(plain) and sorted(tiles) == sorted(plain)
    assert [tile in tiles for tile in range(-3, 70)] == [tile in plain for tile in range(-3, 70)]


def test_tiles_in_sight_come_first() -> None:
    viewport = (500, 300, 200, 200)
    queue = TileQueue(GRID, 1000, range(GRID.count), viewport)
    order = queue.ask()
    seen = [is_in_sight(GRID, viewport, tile) for tile in order]
    assert seen == sorted(seen, reverse=True)
    assert any(seen) and not all(seen)


@given(
    st.sets(st.integers(0, GRID.count - 1)),
    st.integers(1, 40),
    st.lists(
        st.tuples(
            st.integers(0, 1200), st.integers(0, 900), st.integers(1, 2**32), st.integers(1, 900)
        ),
        max_size=6,
    ),
)
@example({0, 160}, 1, [(0, 700, 1, 1)])  # just below the layer
@example({0, 160}, 1, [(1000, 0, 1, 700)])  # just beside it
def test_wherever_the_user_looks_next_comes_first(
    wanted: set[int], budget: int, looks: list[tuple[int, int, int, int]]
) -> None:
    queue, left = TileQueue(GRID, budget, wanted), set(wanted)
    for look in looks:
        queue.look_at(look)
        asked = queue.ask()
        seen = sorted(tile for tile in left if is_in_sight(GRID, look, tile))
        expected = [*seen, *sorted(left - set(seen))][:budget]
        assert asked == expected
        left -= set(asked)
        for tile in asked:
            queue.accept(tile)
            queue.finish(tile)


def test_what_was_rejected_is_asked_for_before_all_else() -> None:
    queue = TileQueue(GRID, 2, range(10), (0, 0, 10, 10))
    assert queue.ask() == [0, 1]
    queue.accept(1)
    queue.reject(1)
    queue.accept(0)
    queue.finish(0)
    assert queue.ask() == [1, 2]


def test_a_look_at_millions_of_tiles_takes_no_time() -> None:
    """It is done where no other session can go on meanwhile."""
    grid = Grid(32_000, 32_000, 16)
    queue = TileQueue(grid, 24, range(grid.count))
    queue.ask()
    started = time.process_time()
    for number in range(1000):
        queue.look_at((number, 0, 32_000, 32_000))
    # Sorting four million numbers once takes seconds.
    assert time.process_time() - started < 1
    assert queue.complete is False


def test_a_tile_that_was_not_asked_for_is_not_taken() -> None:
    queue = TileQueue(GRID, 4, [1, 2, 3, 4, 5, 6])
    queue.ask()
    assert not queue.accept(6)
    assert queue.accept(1)
    assert not queue.accept(1)

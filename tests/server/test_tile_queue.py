"""The queue asks for every tile once and never for more than its budget."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.grid import Grid
from frisket.server.tile_queue import TileQueue, is_in_sight

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


def test_tiles_in_sight_come_first() -> None:
    viewport = (500, 300, 200, 200)
    queue = TileQueue(GRID, 1000, range(GRID.count), viewport)
    order = queue.ask()
    seen = [is_in_sight(GRID, viewport, tile) for tile in order]
    assert seen == sorted(seen, reverse=True)
    assert any(seen) and not all(seen)


def test_a_tile_that_was_not_asked_for_is_not_taken() -> None:
    queue = TileQueue(GRID, 4, [1, 2, 3, 4, 5, 6])
    queue.ask()
    assert not queue.accept(6)
    assert queue.accept(1)
    assert not queue.accept(1)

"""One way for a tile, with a refiner and without: fed in any order, each is finished once."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import H, W, coarse, layer_of, picture

from frisket.matting import (
    DirectRefinement,
    FinishedTile,
    Matting,
    MattingOptions,
    Patch,
    Refinement,
    RefinerSpec,
    Solution,
    WindowedRefinement,
    start_refinement,
)
from frisket.matting.engine import Quality
from frisket.matting.whole import run_here
from frisket.models import BadOutput, Coarse
from frisket.protocol.grid import Grid

SIDE = 64
SIZE = (4 * W, 4 * H)


def solved(tile_size: int, quality: Quality) -> Solution:
    matting = Matting(
        picture(), Grid(*SIZE, tile_size), MattingOptions(quality), RefinerSpec("mine", SIDE)
    )
    return matting.solve(Coarse(coarse(), cell_px=2.0))


async def answer_red(patch: Patch) -> np.ndarray:
    return patch.rgb[..., 0].astype(np.uint16) * 257


async def fail(_: Patch) -> np.ndarray:
    raise BadOutput("It answered nonsense.")


def keep(tile: FinishedTile) -> FinishedTile:
    return tile


def finish_all(
    refinement: Refinement[FinishedTile], solution: Solution, seed: int = 0
) -> dict[int, np.ndarray]:
    """Feed every tile that is needed, in a random order; return what was finished."""
    layer, order = layer_of(solution.matte), sorted(refinement.tiles)
    random.Random(seed).shuffle(order)
    found: dict[int, np.ndarray] = {}

    async def feed() -> None:
        for tile in order:
            x, y, width, height = solution.grid.rect(tile)
            pixels = layer[y : y + height, x : x + width]
            async for finished in refinement.feed(tile, partial(np.asarray, pixels)):
                for one in finished:
                    assert one.tile not in found, "a tile was finished twice"
                    found[one.tile] = one.alpha

    asyncio.run(feed())
    return found


def assemble(solution: Solution, tiles: dict[int, np.ndarray]) -> np.ndarray:
    out = np.zeros(SIZE[::-1], np.uint8)
    for tile, alpha in tiles.items():
        x, y, width, height = solution.grid.rect(tile)
        out[y : y + height, x : x + width] = alpha
    return out


def whole(quality: Quality) -> np.ndarray:
    """The layer as one tile."""
    solution = solved(max(SIZE), quality)
    return finish_all(start_refinement(solution, [0], run_here, keep, answer_red), solution)[0]


WHOLE = {quality: whole(quality) for quality in (Quality.STANDARD, Quality.BEST)}


@settings(max_examples=12, deadline=None)
@given(st.integers(40, 300), st.integers(0, 99), st.sampled_from(list(WHOLE)))
def test_any_tiling_in_any_order_gives_the_same_bytes(
    tile_size: int, seed: int, quality: Quality
) -> None:
    solution = solved(tile_size, quality)
    tiles = range(solution.grid.count)
    refinement = start_refinement(solution, tiles, run_here, keep, answer_red)
    found = finish_all(refinement, solution, seed)
    assert sorted(found) == list(tiles)
    np.testing.assert_array_equal(assemble(solution, found), WHOLE[quality])


def test_the_solution_says_which_refinement_it_needs() -> None:
    standard, best = (solved(100, quality) for quality in WHOLE)
    assert isinstance(start_refinement(standard, [1], run_here, keep, answer_red), DirectRefinement)
    assert isinstance(start_refinement(best, [1], run_here, keep), DirectRefinement)
    windowed = start_refinement(best, [1], run_here, keep, answer_red)
    assert isinstance(windowed, WindowedRefinement)


def test_direct_needs_what_is_wanted_and_nothing_else() -> None:
    solution = solved(100, Quality.STANDARD)
    refinement = DirectRefinement(solution, [3, 4], run_here, keep)
    assert refinement.tiles == {3, 4}
    assert refinement.wants(3) and not refinement.gathers and not refinement.busy
    assert sorted(finish_all(refinement, solution)) == [3, 4]


def test_windows_ask_for_context_and_do_not_answer_it() -> None:
    solution = solved(50, Quality.BEST)
    wanted = [int(np.flatnonzero(solution.plan < 0)[0])]
    refinement = WindowedRefinement(solution, wanted, run_here, keep, answer_red)
    context = refinement.tiles - set(wanted)
    assert context and not any(refinement.wants(tile) for tile in context)
    assert list(finish_all(refinement, solution)) == wanted
    assert not refinement.busy


def test_windows_that_fail_leave_the_solution_and_are_counted() -> None:
    solution = solved(100, Quality.BEST)
    tiles = range(solution.grid.count)
    failing = WindowedRefinement(solution, tiles, run_here, keep, fail)
    plain = DirectRefinement(replace(solution, windows=None), tiles, run_here, keep)
    found, expected = finish_all(failing, solution), finish_all(plain, solution)
    np.testing.assert_array_equal(assemble(solution, found), assemble(solution, expected))
    assert solution.windows is not None
    assert len(failing.failures) == solution.windows.active.sum()


def test_what_is_made_of_a_tile_is_made_where_it_is_computed() -> None:
    solution, places = solved(100, Quality.STANDARD), []

    async def compute(work: object) -> object:
        places.append("in")
        answer = work()  # type: ignore[operator]
        places.append("out")
        return answer

    def read() -> np.ndarray:
        places.append("read")
        return np.zeros((100, 100, 3), np.uint8)

    def encode(tile: FinishedTile) -> str:
        places.append("encode")
        return f"tile {tile.tile}"

    refinement = DirectRefinement(solution, [2], compute, encode)  # type: ignore[arg-type]

    async def feed() -> list[list[str]]:
        return [one async for one in refinement.feed(2, read)]

    assert asyncio.run(feed()) == [["tile 2"]]
    assert places == ["in", "read", "encode", "out"]


@pytest.mark.parametrize("quality", list(WHOLE))
def test_the_red_refiner_is_seen_only_where_it_is_asked(quality: Quality) -> None:
    solution = solved(max(SIZE), quality)
    red = layer_of(solution.matte)[..., 0]
    same = WHOLE[quality] == red
    assert (same.mean() > 0.05) == (quality is Quality.BEST)

"""Long work can be made to stop between its steps, and gives the same bytes all the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from matting_kit import H, W, coarse, picture

from frisket.matting.engine import Quality, prepare_colours, set_pace, solve


@pytest.mark.parametrize("quality", [Quality.STANDARD, Quality.HIGH])
def test_a_solve_and_its_colours_stop_often(quality: Quality) -> None:
    stops = list[int]()

    def work() -> tuple[np.ndarray, int, int]:
        matte = solve(picture(), coarse(), (W * 5, H * 5), quality)
        solved = len(stops)
        prepare_colours(picture(), matte)
        return matte.b, solved, len(stops) - solved

    alpha, none, _ = work()
    assert not none, "a thread that was told nothing stops nowhere"
    with ThreadPoolExecutor(1, initializer=set_pace, initargs=(lambda: stops.append(1),)) as own:
        again, solved, coloured = own.submit(work).result()
    np.testing.assert_array_equal(again, alpha)
    assert solved >= 10 and coloured >= 3

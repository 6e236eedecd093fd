"""The engine without server, sessions or wire: bare.py SESSIONS PIXELS.npz QUALITY THREADS.

One thread is a loop; several solve and refine at once, while the model runs for one at a time.
"""

from __future__ import annotations

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from trials.kit import reduce

from frisket.matting import Matting, MattingOptions
from frisket.matting.engine import Quality
from frisket.models import Model, Registry
from frisket.protocol.grid import Grid
from frisket.protocol.heap import return_what_is_freed

TILE = 256
"""Edge of a tile in pixels, as the command line sends them."""

_QUALITIES = {2: Quality.STANDARD, 3: Quality.HIGH}
_running = threading.Lock()


def matte(model: Model, picture: np.ndarray, proxy: np.ndarray, quality: int) -> None:
    """Do what a server does for one layer."""
    grid = Grid(picture.shape[1], picture.shape[0], TILE)
    matting = Matting(proxy, grid, MattingOptions(_QUALITIES[quality]))
    views = matting.views()
    with _running:
        answers = [model.matte([view.rgb], [view.prompt])[0] for view in views]
    solution = matting.solve(matting.combine(answers))
    for tile in np.flatnonzero(solution.plan < 0):
        x, y, width, height = grid.rect(int(tile))
        solution.refine(int(tile), picture[y : y + height, x : x + width])


def main() -> None:
    sessions, file = int(sys.argv[1]), Path(sys.argv[2])
    quality, threads = int(sys.argv[3]), int(sys.argv[4])
    return_what_is_freed()
    model = Registry().open("", "cpu", None)
    with np.load(file) as kept:
        pictures = list(kept.values())
    proxies = [reduce(picture) for picture in pictures]

    def work(number: int) -> None:
        matte(model, pictures[number % len(pictures)], proxies[number % len(pictures)], quality)

    work(0)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(sessions)))
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()

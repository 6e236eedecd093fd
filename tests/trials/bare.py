"""The engine in a loop, without server, sessions or wire: bare.py SESSIONS MEGAPIXELS QUALITY."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from trials.kit import TILE, reduce
from trials.pictures import draw

from frisket.matting import Matting, MattingOptions
from frisket.matting.engine import Quality
from frisket.models import Model, Registry
from frisket.protocol.grid import Grid
from frisket.server.memory import return_what_is_freed

_QUALITIES = {2: Quality.STANDARD, 3: Quality.HIGH}


def matte(model: Model, picture: np.ndarray, proxy: np.ndarray, quality: int) -> None:
    """Do what a server does for one layer."""
    grid = Grid(picture.shape[1], picture.shape[0], TILE)
    matting = Matting(proxy, grid, MattingOptions(_QUALITIES[quality]))
    views = matting.views()
    answers = [model.matte([view.rgb], [view.prompt])[0] for view in views]
    solution = matting.solve(matting.combine(answers))
    for tile in np.flatnonzero(solution.plan < 0):
        x, y, width, height = grid.rect(int(tile))
        solution.refine(int(tile), picture[y : y + height, x : x + width])


def main() -> None:
    sessions, megapixels, quality = int(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    return_what_is_freed()
    model = Registry().open("", "cpu", None)
    pictures = [draw(megapixels, seed) for seed in range(4)]
    proxies = [reduce(picture) for picture in pictures]
    matte(model, pictures[0], proxies[0], quality)
    started = time.perf_counter()
    for number in range(sessions):
        matte(model, pictures[number % 4], proxies[number % 4], quality)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main()

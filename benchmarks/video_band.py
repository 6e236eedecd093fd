"""What the edge costs for each pixel of the band, at 720p and at 4K, of the same clip."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from clips import CLIPS, make_frames
from numpy.typing import NDArray
from video_speed import Stages, compute_tiles

from frisket.jobs.video.matting import TILE_PX, SourceFrame, describe_frames, reduce_frame
from frisket.matting import Matting, MattingOptions, Solution
from frisket.matting.frames import solve_frame
from frisket.models import Model
from frisket.protocol.grid import Grid

Image = NDArray[Any]
SIZES = {"720p": (1280, 720), "4K": (3840, 2160)}


def measure_band(name: str, model: Model, photograph: Image, count: int) -> None:
    """Print the processor's time for each pixel of the band, the sizes taken in turn.

    Args:
        name: of the model.
        model: opened.
        photograph: (h, w, 3) uint8 for the background.
        count: of frames of each size; the first is not counted.
    """
    runs = {size: _run(model, photograph, pixels, count) for size, pixels in SIZES.items()}
    found: dict[str, list[tuple[float, float, float]]] = {size: [] for size in runs}
    for _ in range(count):
        for size, run in runs.items():
            found[size].append(next(run))
    means = {}
    for size, rows in found.items():
        band, solve, tiles = np.mean(rows[1:], axis=0)
        means[size] = (solve + tiles) / band, tiles / band
        print(
            f"{name}, {size}: band {band / 1e6:.2f} Mpx, solve {solve * 1e3:.0f} ms, tiles "
            f"{tiles * 1e3:.0f} ms; ns a pixel of the band: {means[size][0] * 1e9:.0f}, of tiles "
            f"alone {means[size][1] * 1e9:.0f}",
            flush=True,
        )
    both, alone = (large / small for large, small in zip(means["4K"], means["720p"], strict=True))
    print(f"{name}, 4K by 720p: {both:.2f}, tiles alone {alone:.2f}", flush=True)


def _run(
    model: Model, photograph: Image, size: tuple[int, int], count: int
) -> Iterator[tuple[float, float, float]]:
    """Yield of every frame the pixels of its band, and the seconds of its solve and its tiles."""
    layer, grid = describe_frames(*size, 8, "standard"), Grid(*size, TILE_PX)
    options, before = MattingOptions(foreground=True), None
    for number, (rgb, _) in enumerate(make_frames(CLIPS[1], photograph, size, count)):
        stages = Stages()
        matting = Matting(reduce_frame(rgb, layer), grid, options)
        [coarse] = model.matte([matting.proxy], [None])
        with stages.time("solve"):
            solved = solve_frame(matting, coarse, before)
        before = solved.track
        with stages.time("tiles"):
            compute_tiles(solved.solution, SourceFrame(number, rgb))
        yield _count_band(solved.solution), stages.used_s["solve"], stages.used_s["tiles"]


def _count_band(solution: Solution) -> float:
    """Return how many of the layer's pixels lie in the band."""
    known = solution.matte.known
    return float((known == 128).mean()) * solution.grid.width * solution.grid.height

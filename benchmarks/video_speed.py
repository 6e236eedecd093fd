"""File to file: frames a second, and what every stage takes of a processor.

The stages are run one after another in this process, so that each can be told; what the whole takes
more than their sum is the wire: messages, their checks, threads that wake.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
from clips import Clip, make_frames
from numpy.typing import NDArray

from frisket.jobs.video import VideoOptions, matte_video
from frisket.jobs.video.matting import (
    TILE_PX,
    MattedFrame,
    SourceFrame,
    describe_frames,
    reduce_frame,
)
from frisket.jobs.video.movie import Movie
from frisket.jobs.video.shape import Shape
from frisket.jobs.video.source import open_source
from frisket.jobs.video.writing import Look
from frisket.matting import Matting, MattingOptions, Solution
from frisket.matting.frames import SolvedFrame, solve_frame
from frisket.models import Model
from frisket.protocol.grid import Grid
from frisket.protocol.home import run_folder

Image = NDArray[Any]
RATE = 25
_WARM = 2  # frames that are not counted: buffers are made, and the first has no motion


def write_clip(
    path: Path, clip: Clip, photograph: Image, size: tuple[int, int], count: int
) -> Shape:
    """Write a clip as H.264; return the shape of its frames."""
    tick = Fraction(1, RATE)
    shape = Shape(*size, 8, Fraction(RATE), tick, count)
    with Movie(path, shape, "finished") as movie:
        for number, (rgb, _) in enumerate(make_frames(clip, photograph, size, count)):
            movie.write(rgb, number)
    return shape


def measure_file(source: Path, shape: Shape, models: dict[str, Model]) -> None:
    """Print how long a file takes without us, and by model, with the split."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with clock("without us", shape.count), Movie(folder / "x.mov", shape, "cutout") as bare:
            for frame in open_source(source).read():
                bare.write(cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2RGBA), frame.place)
        for model, opened in models.items():
            matte_video(source, folder / "warm.mov", VideoOptions(model=model, last=_WARM))
            with clock(model, shape.count) as whole:
                options = VideoOptions(model=model, overwrite=True)
                matte_video(source, folder / "out.mov", options)
            (folder / "warm.mov").unlink()
            stages = split_stages(source, folder / "split.mov", shape, opened)
            stages["wire"] = whole.ms_each - sum(stages.values())
            print("  " + ", ".join(f"{stage} {ms:.0f}" for stage, ms in stages.items()), flush=True)


def split_stages(source: Path, output: Path, shape: Shape, model: Model) -> dict[str, float]:
    """Return what a frame takes of a processor by stage, in ms."""
    stages = Stages()
    layer = describe_frames(shape.width, shape.height, shape.depth, "standard")
    grid = Grid(shape.width, shape.height, TILE_PX)
    options, look = MattingOptions(foreground=True, depth=16), Look("cutout", 16)
    before: SolvedFrame | None = None
    frames = open_source(source).read()
    with Movie(output, shape, "cutout") as movie:
        for number in range(shape.count):
            if number == _WARM:
                stages.used_s.clear()
            with stages.time("decode"):
                frame = next(frames)
                matting = Matting(reduce_frame(frame.rgb, layer), grid, options)
            with stages.time("model"):
                [coarse] = model.matte([matting.proxy], [None])
            with stages.time("solve"):
                before = solve_frame(matting, coarse, before.track if before else None)
            with stages.time("tiles"):
                matted = compute_tiles(before.solution, SourceFrame(number, frame.rgb))
            with stages.time("encode"):
                movie.write(look.make(matted), frame.pts)
    counted = max(1, shape.count - _WARM)
    return {stage: seconds / counted * 1e3 for stage, seconds in stages.used_s.items()}


def compute_tiles(solution: Solution, frame: SourceFrame) -> MattedFrame:
    """Return a frame with its alpha and cleaned colours, tile by tile as a server computes them."""
    grid = solution.grid
    alpha, colours = np.zeros((grid.height, grid.width), np.uint16), frame.rgb.copy()
    for tile in map(int, np.flatnonzero(solution.plan < 0)):
        rect = grid.rect(tile)
        place = slice(rect.y, rect.y + rect.height), slice(rect.x, rect.x + rect.width)
        alpha[place], colours[place] = solution.refine(tile, np.ascontiguousarray(frame.rgb[place]))
    return MattedFrame(frame, alpha, colours)


class Stages:
    """Processor seconds of this process, by stage."""

    def __init__(self) -> None:
        self.used_s: dict[str, float] = defaultdict(float)

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Count what the block takes, all threads together."""
        start = time.process_time()
        yield
        self.used_s[stage] += time.process_time() - start


def find_processes() -> list[int]:
    """Return this process and that of its local server, once there is one."""
    told = [json.loads(state.read_text())["pid"] for state in run_folder().glob("server*.json")]
    return [os.getpid(), *filter(psutil.pid_exists, told)]


class clock:  # noqa: N801
    """Prints frames a second of a block, and what a frame takes of processors, its server's too.

    Attributes:
        ms_each: of a processor, a frame.
    """

    def __init__(self, label: str, frames: int) -> None:
        self._label, self._frames, self.ms_each = label, frames, 0.0

    def __enter__(self) -> clock:
        self._start, self._used = time.perf_counter(), _processor_s()
        return self

    def __exit__(self, *exception: object) -> None:
        seconds, used = time.perf_counter() - self._start, _processor_s() - self._used
        self.ms_each, rate = used / self._frames * 1e3, self._frames / seconds
        print(
            f"{self._label}: {rate:.1f} frames a second ({rate / RATE:.2f} of real time), "
            f"{self.ms_each:.0f} ms of a processor each, load {os.getloadavg()[0]:.1f}"
        )


def _processor_s() -> float:
    """Return the processor seconds of this process and of its local server so far."""
    times = [psutil.Process(one).cpu_times() for one in find_processes()]
    return float(sum(one.user + one.system for one in times))

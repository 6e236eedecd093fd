"""Hints said once, on the first frame of a clip, beside the same said of every frame.

How much of that figure is the measure's own is shown by what is said of every frame too, a little
elsewhere: where a model does not find the subject, its answer hangs on single pixels of a hint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from clips import Clip, make_frames
from numpy.typing import NDArray

from frisket.jobs.video.matting import TILE_PX, describe_frames, reduce_frame
from frisket.matting import Matting, MattingOptions
from frisket.matting.engine.types import HintBox, HintPoint, Hints, Scribble
from frisket.matting.frames import solve_frame
from frisket.models import Model
from frisket.protocol.grid import Grid

Image = NDArray[Any]
_FRAMES = 26  # the one that is hinted and 25 behind it
_AWAY = 4  # pixels of the frame by which a hint is said elsewhere, at most


def measure_hints(name: str, model: Model, clip: Clip, photograph: Image) -> None:
    """Print how much of each frame's subject others share with hints said always (IoU), by kind.

    Args:
        name: of the model.
        model: opened.
        clip: how it moves.
        photograph: (h, w, 3) uint8 for the background.
    """
    size = (1280, 720)
    layer, grid = describe_frames(*size, 8, "standard"), Grid(*size, TILE_PX)
    frames, truths = [], []
    for rgb, truth in make_frames(clip, photograph, size, _FRAMES):
        frames.append(reduce_frame(rgb, layer))
        truths.append(cv2.resize(truth, frames[-1].shape[1::-1], interpolation=cv2.INTER_AREA))
    answers = [model.matte([rgb], [None])[0] for rgb in frames]

    def solve(said: list[Hints]) -> list[Image]:
        found, before = [], None
        for rgb, answer, hints in zip(frames, answers, said, strict=True):
            options = MattingOptions(hints=hints)
            solved = solve_frame(Matting(rgb, grid, options), answer, before)
            before = solved.track
            found.append(solved.solution.matte.alpha >= 128)
        return found[1:]

    for way, draw in _list_ways(size[0] / layer.proxy_width).items():
        said = [draw(truth) for truth in truths]
        rng = np.random.default_rng(0)
        nudged = [_nudge(hints, rng, layer.proxy_width / size[0]) for hints in said]
        always, once = solve(said), solve([said[0], *[Hints()] * (_FRAMES - 1)])
        for told, found in (("once", once), ("elsewhere", solve(nudged))):
            shares = [_overlap(*pair) for pair in zip(found, always, strict=True)]
            print(
                f"{name}, {clip.name}, {way} said {told} by said always: IoU least "
                f"{min(shares):.3f}, mean {np.mean(shares):.3f}",
                flush=True,
            )


def _nudge(hints: Hints, rng: np.random.Generator, scale: float) -> Hints:
    """Return hints said a few pixels elsewhere; each side of a box by itself.

    Args:
        hints: in pixels of the frame, a trimap in those of the proxy.
        rng: says where.
        scale: pixels of the proxy to one of the frame.
    """
    x, y, right, bottom = (int(n) for n in rng.integers(-_AWAY, _AWAY + 1, 4))
    trimap = hints.trimap
    if trimap is not None:
        trimap = np.roll(trimap, (round(y * scale), round(x * scale)), (0, 1))
    return Hints(
        tuple(
            HintBox(box.left + x, box.top + y, box.right + right, box.bottom + bottom)
            for box in hints.boxes
        ),
        tuple(replace(point, x=point.x + x, y=point.y + y) for point in hints.points),
        tuple(replace(line, line=line.line + (x, y)) for line in hints.scribbles),  # noqa: RUF005
        trimap,
    )


def _overlap(a: Image, b: Image) -> float:
    return float((a & b).sum() / max(1, (a | b).sum()))


def _list_ways(scale: float) -> dict[str, Callable[[Image], Hints]]:
    """Return what is said of a frame, by its truth (h, w) on the proxy, in pixels of the frame."""

    def box(truth: Image) -> Hints:
        y, x = (np.flatnonzero((truth >= 128).any(axis=axis)) * scale for axis in (1, 0))
        return Hints(boxes=(HintBox(int(x[0]), int(y[0]), int(x[-1]), int(y[-1])),))

    def point(truth: Image) -> Hints:
        (x, y), _ = _find_middle(truth)
        return Hints(points=(HintPoint(int(x * scale), int(y * scale), True),))

    def scribble(truth: Image) -> Hints:
        (x, y), reach = _find_middle(truth)
        line = np.array([(x - reach / 2, y), (x + reach / 2, y)]) * scale
        return Hints(scribbles=(Scribble(line, 6 * scale, True),))

    def trimap(truth: Image) -> Hints:
        brush = np.ones((31, 31), np.uint8)
        known = np.full(truth.shape, 128, np.uint8)
        known[cv2.erode(truth, brush) > 250] = 255
        known[cv2.dilate(truth, brush) < 5] = 0
        return Hints(trimap=known)

    return {"box": box, "point": point, "scribble": scribble, "trimap": trimap}


def _find_middle(truth: Image) -> tuple[tuple[int, int], float]:
    """Return the pixel x, y of the subject that is farthest from its edge, and how far that is."""
    inside = cv2.distanceTransform((truth >= 250).astype(np.uint8), cv2.DIST_L2, 5)
    y, x = np.unravel_index(int(inside.argmax()), inside.shape)
    return (int(x), int(y)), float(inside.max())

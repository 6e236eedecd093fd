"""Hints said once, on the first frame of a clip, beside the same said of every frame."""

from __future__ import annotations

from collections.abc import Callable
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


def measure_hints(name: str, model: Model, clip: Clip, photograph: Image) -> None:
    """Print how much of each frame's subject both ways share (IoU), by kind of hint.

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

    def solve(say: Callable[[Image], Hints], always: bool) -> list[Image]:
        found, before = [], None
        for number, (rgb, answer) in enumerate(zip(frames, answers, strict=True)):
            said = say(truths[number]) if always or not number else Hints()
            solved = solve_frame(Matting(rgb, grid, MattingOptions(hints=said)), answer, before)
            before = solved.track
            found.append(solved.solution.matte.alpha >= 128)
        return found

    scale = size[0] / layer.proxy_width
    for way, say in _list_ways(scale).items():
        once, always = solve(say, False), solve(say, True)
        shares = [_overlap(a, b) for a, b in zip(once[1:], always[1:], strict=True)]
        print(
            f"{name}, {clip.name}, {way} said once by said always: IoU least {min(shares):.3f}, "
            f"mean {np.mean(shares):.3f}",
            flush=True,
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

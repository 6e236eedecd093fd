"""Where a frame's pixels were in the frame before it, and how far that can be trusted.

Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016)
in both directions; a pixel whose way there and back does not close, or whose colour is not found
again, was hidden before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from .types import Bytes, Float

_SIDE = 640  # longer side of the flow's grid, in cells
_LEAST_SIDE = 16  # DIS searches patches of 8 on half the cells; OpenCV breaks memory with less
_CLOSED = 1.0  # cells by which the way there and back may miss
_SLACK = np.float32(0.05)  # and for each cell of the way
_STILL = 0.12  # cells: a motion that noise alone shows
_ALIKE = 5.0  # levels by which a colour may differ and be the same
_MOST_GRAIN = 10.0  # beyond it what differs is another picture
_GREY_GRAIN = 0.67  # of a grey's grain to that of its colours: the length of the weights
_CUT = 0.3  # a share of pixels found again below which a new scene begins


@dataclass(frozen=True, eq=False)
class Motion:
    """The way from a frame back to the one before it.

    Attributes:
        flow: (h, w, 2) float32: x and y to go, in cells of its own grid.
        forth: (h, w, 2) float32: likewise from the frame before to this one.
        trust: (h, w) float32: 1 where a pixel is found again, 0 where it is new.
        grain: standard deviation of what differs by chance, in levels of grey.
    """

    flow: Float
    forth: Float
    trust: Float
    grain: float = 0.0

    @property
    def is_cut(self) -> bool:
        """Whether so little is found again that another scene has begun."""
        return float(self.trust.mean()) < _CUT

    def bring(self, plane: Float) -> Float:
        """Return a plane (h, w) or (h, w, c) of the frame before as this frame would show it."""
        return _warp(plane, _resize_flow(self.flow, plane.shape[:2]))

    def send(self, places: Float, size: tuple[int, int], reach: int = 0) -> tuple[Float, Float]:
        """Return where pixels of the frame before have gone.

        Args:
            places: (n, 2) x and y on a grid of (height, width) cells.
            size: of that grid.
            reach: cells to each side, where eight others have a say; the median counts.

        Returns:
            Their x and y now (n, 2), and how far they can be trusted (n,), 0..1.
        """
        grid = np.array(self.trust.shape[::-1])
        scale = grid / size[::-1]
        steps = np.unique([-reach, 0, reach])
        around = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
        asked = places[:, None] * scale + around
        x, y = _name_cells(asked, grid)
        ways = self.forth[y, x]
        ways[np.hypot(ways[..., 0], ways[..., 1]) < _STILL] = 0
        landed = asked + ways
        inside = ((landed > -0.5) & (landed < grid - 0.5)).all(axis=-1)
        x, y = _name_cells(landed, grid)
        trust = (self.trust[y, x] * inside).mean(axis=1)
        return places + np.median(ways, axis=1) / scale, trust

    def weigh(self, size: tuple[int, int]) -> Float:
        """Return the trust on a grid of (height, width) cells."""
        if self.trust.shape == size:
            return self.trust
        return np.asarray(cv2.resize(self.trust, size[::-1], interpolation=cv2.INTER_LINEAR))

    def measure_grain(self, width: int) -> float:
        """Return the grain of a colour, 0..1, in a frame of `width` pixels, as if it were white."""
        return float(self.grain / _GREY_GRAIN / 255 * max(1.0, width / self.flow.shape[1]))


def find_motion(before: Bytes, now: Bytes) -> Motion:
    """Return the motion between two frames of one size.

    Args:
        before: (h, w, 3) uint8 sRGB.
        now: the frame after it.
    """
    earlier, later = _reduce(before), _reduce(now)
    if min(later.shape) < _LEAST_SIDE:
        return _compare_in_place(earlier, later)
    search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
    search.setFinestScale(1)
    back = np.asarray(search.calc(later, earlier, None))
    forth = np.asarray(search.calc(earlier, later, None))
    speed = _measure_length(back)
    back[speed < _STILL] = 0
    trust = _fade(_measure_length(back + _warp(forth, back)) / (_CLOSED + _SLACK * speed))
    found = _warp(earlier, back)
    grain = _measure_grain(found, later)
    trust *= _find_again(found, later, grain)
    trust[_is_inside(back) == 0] = 0
    return Motion(back, forth, trust, grain)


def _compare_in_place(before: Bytes, now: Bytes) -> Motion:
    """Return the motion of frames too small to search: none."""
    grain = _measure_grain(before, now)
    still = np.zeros((*now.shape, 2), np.float32)
    return Motion(still, still, _find_again(before, now, grain), grain)


def _find_again(found: Bytes, now: Bytes, grain: float) -> Float:
    """Return 1 where colours are alike, 0 where they differ by more than grain explains."""
    return _fade(_differ(found, now) / np.float32(_ALIKE + min(grain, _MOST_GRAIN)))


def _measure_grain(found: Bytes, now: Bytes) -> float:
    """Return the grain of each of two frames from what they differ by at the median."""
    away = np.asarray(cv2.absdiff(now, found))
    counts = np.bincount(away.ravel(), minlength=256)
    # A median of whole levels would jump; the mean of what lies below it does not. Of a normal
    # distribution that is 0.32 standard deviations, and two frames differ by root two of one.
    middle = int(np.searchsorted(np.cumsum(counts), away.size / 2))
    small = counts[: middle + 1]
    return float(small @ np.arange(middle + 1) / small.sum() / 0.32 / np.sqrt(2))


def _reduce(rgb: Bytes) -> Bytes:
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))
    scale = min(1.0, _SIDE / max(grey.shape))
    size = (max(1, round(grey.shape[1] * scale)), max(1, round(grey.shape[0] * scale)))
    if scale == 1.0:
        return grey
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA))


def _differ(before: Bytes, now: Bytes) -> Float:
    """Return by how many levels two frames differ, grain left out."""
    difference = cv2.blur(cv2.subtract(now, before, dtype=cv2.CV_32F), (3, 3))
    return np.asarray(np.abs(difference))


def _fade(excess: Float) -> Float:
    """Return 1 for an excess of nothing, falling to 0 at 1 and beyond."""
    share = np.minimum(excess, np.float32(1))
    share *= share
    return np.asarray(np.subtract(1, share, out=share))


def _name_cells(places: Float, grid: Float) -> tuple[Bytes, Bytes]:
    """Return the columns and rows of the cells that places (..., 2) lie in, the nearest within."""
    cells = np.clip(np.rint(places), 0, grid - 1).astype(np.intp)
    return cells[..., 0], cells[..., 1]


def _is_inside(flow: Float) -> Bytes:
    """Return 255 where a pixel was within the frame before."""
    high, wide = flow.shape[:2]
    x, y = _find_sources(flow)
    across, down = cv2.inRange(x, -0.5, wide - 0.5), cv2.inRange(y, -0.5, high - 0.5)
    return np.asarray(cv2.min(across, down), np.uint8)


def _resize_flow(flow: Float, size: tuple[int, int]) -> Float:
    if flow.shape[:2] == size:
        return flow
    scale = np.array([size[1] / flow.shape[1], size[0] / flow.shape[0]], np.float32)
    resized = np.asarray(cv2.resize(flow, size[::-1], interpolation=cv2.INTER_LINEAR))
    return np.asarray(resized * scale)


def _find_sources(flow: Float) -> tuple[Float, Float]:
    """Return the columns and rows (h, w) of the frame before that a flow leads to."""
    high, wide = flow.shape[:2]
    x, y = (np.asarray(plane, np.float32) for plane in cv2.split(flow))
    x += np.arange(wide, dtype=np.float32)
    y += np.arange(high, dtype=np.float32)[:, None]
    return x, y


def _measure_length(flow: Float) -> Float:
    return np.asarray(cv2.magnitude(*cv2.split(flow)))


def _warp(plane: Float, flow: Float) -> Float:
    x, y = _find_sources(flow)
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))

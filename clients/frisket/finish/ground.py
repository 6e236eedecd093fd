"""Shadows on the ground, drawn on a small map of the canvas: functions of arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .vips import from_array, load_vips, to_array

Map = npt.NDArray[np.floating[Any]]
_SEEN = 0.5
# How much the ground is foreshortened: seen from about 20 degrees above it.
_FORESHORTENED = 0.35
_LEAST_RISE = 0.06
_SOFTENINGS = (0.06, 0.3, 0.6, 1.0)


@dataclass(frozen=True)
class Ground:
    """The line on which a subject stands, and what of it does.

    Attributes:
        slope, level: the line is y = slope · x + level, in pixels of the map.
        columns: x of the subject's columns.
        lowest: y below the subject's lowest pixel in each of them.
        height: of the subject above the line, in pixels of the map.
    """

    slope: float
    level: float
    columns: Map
    lowest: Map
    height: float

    def at(self, x: Map) -> Map:
        """Return y of the line."""
        return self.slope * x + self.level


def find_ground(alpha: Map) -> Ground:
    """Return what a subject stands on.

    The line is the edge of the lower convex hull below the subject's middle: the bottom of a
    bottle, or what joins two feet.

    Args:
        alpha: (height, width), 0 to 1, with something seen in it.
    """
    seen = alpha >= min(_SEEN, float(alpha.max()))
    columns = np.flatnonzero(seen.any(axis=0))
    lowest = alpha.shape[0] - np.argmax(seen[::-1, columns], axis=0)
    weights = alpha.sum(axis=0)
    middle = float((weights * np.arange(alpha.shape[1])).sum() / weights.sum())
    first, second = _find_edge(columns, lowest, middle)
    slope = (second[1] - first[1]) / (second[0] - first[0]) if second[0] > first[0] else 0.0
    slope = max(-0.5, min(0.5, slope))  # a steeper one is no ground that something stands on
    level = max(float(y - slope * x) for x, y in zip(columns, lowest, strict=True))
    top = int(np.flatnonzero(seen.any(axis=1))[0])
    height = max(1.0, slope * middle + level - top)
    return Ground(slope, level, columns.astype(float), lowest.astype(float), height)


def _find_edge(
    columns: npt.NDArray[Any], lowest: npt.NDArray[Any], middle: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the two corners of the lower hull between which the middle lies."""
    hull: list[tuple[int, int]] = []
    for point in zip(columns.tolist(), lowest.tolist(), strict=True):
        while len(hull) > 1 and _turns_up(hull[-2], hull[-1], point):
            hull.pop()
        hull.append(point)
    for first, second in pairwise(hull):
        if first[0] <= middle <= second[0]:
            return first, second
    return hull[0], hull[0]


def _turns_up(a: tuple[int, int], b: tuple[int, int], c: tuple[int, int]) -> bool:
    """Tell whether b lies on or above the line from a to c; y counts downwards."""
    return (b[1] - a[1]) * (c[0] - a[0]) <= (c[1] - a[1]) * (b[0] - a[0])


def cover_cast(
    alpha: Map, ground: Ground, azimuth: float, height: float, blur: float, fade: float
) -> Map:
    """Return where a shadow falls on the ground, (height, width) of 0 to 1.

    A point h above the ground throws its shadow h / tan(height) away from the light; upwards in
    the picture that is foreshortened.

    Args:
        alpha: of the subject.
        ground: what it stands on.
        azimuth: where the light comes from, in degrees; see `Cast`.
        height: of the light, in degrees.
        blur: of the far end, in pixels of the map.
        fade: how much less of it is left there.
    """
    across, rise = project_light(azimuth, height)
    rows, columns = (np.asarray(one, np.float64) for one in np.indices(alpha.shape))
    # Where the ray to each point of the ground passed the subject's plane.
    h_times = (columns * ground.slope + ground.level - rows) / (rise + across * ground.slope)
    source_x = columns - across * h_times
    source_y = ground.at(source_x) - h_times
    far = np.clip(h_times / ground.height, 0, 1)
    shadow = np.where(h_times >= -1, sample(alpha, source_y, source_x), 0)
    soft = _soften(shadow, far, max(0.6, blur / 2))
    return np.asarray(soft * (1 - fade * far))


def measure_border(cover: Map) -> float:
    """Return the greatest value in the outermost rows and columns of a map."""
    return float(max(cover[[0, -1]].max(), cover[:, [0, -1]].max()))


def project_light(azimuth: float, height: float) -> tuple[float, float]:
    """Return how far a shadow falls to the right and upwards for each pixel of height."""
    length = 1 / math.tan(math.radians(height))
    turn = math.radians(azimuth)
    across = -length * math.sin(turn)
    rise = length * math.cos(turn) * _FORESHORTENED
    if abs(rise) < _LEAST_RISE:
        rise = math.copysign(_LEAST_RISE, rise)
    return across, rise


def _soften(shadow: Map, far: Map, sigma: float) -> Map:
    """Blur more the farther a pixel is: a mix of few blurs, linear in between."""
    blurs = [blur_map(shadow, sigma * step, sigma * step) for step in _SOFTENINGS]
    result = blurs[0]
    for index in range(1, len(blurs)):
        low, high = _SOFTENINGS[index - 1], _SOFTENINGS[index]
        share = np.clip((far - low) / (high - low), 0, 1)
        result = result * (1 - share) + blurs[index] * share
    return result


def cover_contact(alpha: Map, ground: Ground, size: float) -> Map:
    """Return where a subject darkens the ground that it touches, (height, width) of 0 to 1.

    Each column counts the more the nearer its lowest pixel is to the ground; those that touch it
    together are the foot, whose flat outline on the ground is an ellipse.

    Args:
        alpha: of the subject.
        ground: what it stands on.
        size: how far the shadow reaches, in pixels of the map.
    """
    size = max(1.0, size)
    gap = ground.at(ground.columns) - ground.lowest
    near = ground.columns[gap <= size]
    cover = np.zeros(alpha.shape)
    for first, last in _list_runs(near, size):
        _draw_ellipse(cover, first, last, ground, size)
    tight, wide = blur_map(cover, size * 0.35, size * 0.2), blur_map(cover, size * 1.1, size * 0.5)
    return np.asarray(np.clip(0.65 * tight + 0.6 * wide, 0, 1))


def _list_runs(near: Map, gap: float) -> list[tuple[float, float]]:
    """Return the first and last column of each foot; closer ones than `gap` are one."""
    if not len(near):
        return []
    cuts = np.flatnonzero(np.diff(near) > max(1.0, gap)) + 1
    return [(float(run[0]), float(run[-1])) for run in np.split(near, cuts)]


def _draw_ellipse(cover: Map, first: float, last: float, ground: Ground, size: float) -> None:
    """Fill the outline of a foot on the ground."""
    half = max((last - first) / 2, 0.5)
    middle = (first + last) / 2
    deep = max(0.75, min(half * _FORESHORTENED, size * 0.5))
    rows, columns = np.indices(cover.shape)
    y = ground.slope * middle + ground.level - deep * 0.5
    inside = ((columns - middle) / half) ** 2 + ((rows + 0.5 - y) / deep) ** 2
    np.maximum(cover, np.clip((1.15 - inside) * 3, 0, 1), out=cover)


def blur_map(values: Map, across: float, down: float) -> Map:
    """Return a map after a Gaussian with a sigma for each direction; nothing lies around it."""
    pad = math.ceil(3 * max(across, down)) + 1
    image = from_array(np.pad(values, pad).astype(np.float32))
    for sigma, turned in ((across, False), (down, True)):
        mask = load_vips().Image.gaussmat(max(0.2, sigma), 0.01, separable=True, precision="float")
        image = image.conv(mask.rot90() if turned else mask, precision="float")
    return np.asarray(to_array(image)[pad:-pad, pad:-pad, 0], np.float64)


def sample(values: Map, y: Map, x: Map) -> Map:
    """Return values between pixels, linearly; 0 outside."""
    padded = np.pad(values, 1)
    y, x = np.clip(y + 1, 0, values.shape[0] + 0.999), np.clip(x + 1, 0, values.shape[1] + 0.999)
    top, left = y.astype(int), x.astype(int)
    down, right = y - top, x - left
    upper = padded[top, left] * (1 - right) + padded[top, left + 1] * right
    lower = padded[top + 1, left] * (1 - right) + padded[top + 1, left + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)

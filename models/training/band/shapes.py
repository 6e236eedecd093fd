"""What a subject is made of: its body, hair and fur that leave it, holes of lace.

Planes are drawn at twice the scene's side, uint8 0..255, and come down to it by area, so that
the alpha is exact. Every function takes a `numpy.random.Generator`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from data import Image
from numpy.random import Generator
from numpy.typing import NDArray

Plane = NDArray[np.float32]
#: Sub-pixel bits of OpenCV's drawing, and points of a strand.
_BITS, _POINTS = 4, 10
#: Pieces of a strand, from its root on, and their widths as shares of the root's.
_TAPER = ((0, 5, 1.0), (4, 8, 0.75), (7, 10, 0.5))
#: Strands fall into so many layers, each of its own opacity.
_LAYERS = 3


@dataclass(frozen=True)
class Growth:
    """How hair or fur grows: lengths and widths in pixels of the doubled plane."""

    length: float
    width: float
    density: float
    bend: float
    scatter: float


def draw_growth(rng: Generator, fur: bool) -> Growth:
    """Draw what one subject's hair or fur is like."""
    wide = rng.uniform(1, 2.2) if rng.random() < 0.7 else rng.uniform(1.5, 4.5)
    if fur:
        return Growth(rng.uniform(8, 40), wide, rng.uniform(0.15, 0.6), rng.uniform(0, 0.4), 0.3)
    return Growth(rng.uniform(30, 190), wide, rng.uniform(0.03, 0.25), rng.uniform(0, 0.9), 0.25)


def draw_waves(rng: Generator, side: int, cells: int) -> Plane:
    """Draw smooth noise in 0..1: (side, side)."""
    coarse = rng.random((cells + 1, cells + 1)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (side, side), interpolation=cv2.INTER_CUBIC)).clip(0, 1)


def draw_body(rng: Generator, side: int) -> Image:
    """Draw a smooth closed shape somewhere in the frame: (side, side), 0 or 255."""
    turn = np.linspace(0, 2 * np.pi, 400, endpoint=False)
    bulge = np.ones_like(turn)
    for order in range(1, 14):
        bulge += rng.normal() * 0.35 / order**1.2 * np.cos(order * turn + rng.uniform(0, 6.3))
    radius = bulge.clip(0.25, 2) * rng.uniform(0.17, 0.36) * side
    tall, centre = rng.uniform(0.6, 1.6) ** 0.5, rng.uniform(0.35, 0.65, 2) * side
    path = np.stack([radius * tall * np.cos(turn), radius / tall * np.sin(turn)], 1) + centre
    body = np.zeros((side, side), np.uint8)
    cv2.fillPoly(body, [_fix(path)], 255, cv2.LINE_8, _BITS)
    return body


def find_roots(rng: Generator, body: Image, most: int, density: float) -> NDArray[np.float64]:
    """Return points of the outline and the angle that leads away from the body there: (n, 3)."""
    found, _ = cv2.findContours(body, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lines = [line[:, 0] for line in found if len(line) > 60]
    if not lines:
        return np.zeros((0, 3))
    points = np.concatenate(lines)
    drawn = points[rng.integers(len(points), size=min(most, int(len(points) * density)))]
    # In some places there is none, as on a face.
    thick = draw_waves(rng, body.shape[0], 4)[drawn[:, 1], drawn[:, 0]]
    drawn = drawn[(thick > rng.uniform(0.1, 0.6)) | (rng.random(len(drawn)) < 0.1)]
    soft = cv2.GaussianBlur(body.astype(np.float32), (0, 0), 8)
    down, right = (cv2.Sobel(soft, cv2.CV_32F, *axis) for axis in ((0, 1), (1, 0)))
    x, y = drawn.T
    return np.stack([x, y, np.arctan2(-down[y, x], -right[y, x])], 1)


def grow(rng: Generator, roots: NDArray[np.float64], how: Growth, side: int) -> Plane:
    """Return the strands' paths: (n, 10, 2), x and y."""
    count = len(roots)
    field = (draw_waves(rng, side, int(rng.integers(3, 10))) - 0.5) * rng.uniform(0.5, 4)
    at = roots[:, :2].astype(int)
    first = roots[:, 2] + field[at[:, 1], at[:, 0]] + rng.normal(0, how.scatter, count)
    wind, force = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1.2)
    first = np.arctan2(np.sin(first) + force * np.sin(wind), np.cos(first) + force * np.cos(wind))
    curl = rng.normal(0, how.bend, (count, 1)) * np.linspace(0, 1, _POINTS)
    angle = first[:, None] + curl + np.cumsum(rng.normal(0, 0.05, (count, _POINTS)), 1)
    step = how.length * rng.uniform(0.35, 1.2, (count, 1)) / _POINTS
    away = np.stack([np.cos(angle), np.sin(angle)], 2) * step[..., None]
    inside = np.stack([np.cos(first), np.sin(first)], 1) * rng.uniform(0, 8, (count, 1))
    path = (roots[:, :2] - inside)[:, None] + np.cumsum(away, 1)
    return np.asarray(path, np.float32)


def draw_strands(rng: Generator, alpha: Image, colours: Image, paths: Plane, width: float) -> Image:
    """Return alpha with the strands over it; `colours`, of half its side, takes theirs in place."""
    layer = rng.integers(_LAYERS, size=len(paths))
    opacity = (1.0, rng.uniform(0.5, 1), rng.uniform(0.25, 0.8))
    for number in range(_LAYERS):
        plane = np.zeros_like(alpha)
        fixed = [_fix(path) for path in paths[layer == number]]
        for start, end, share in _TAPER:
            thick = max(1, round(width * share * rng.uniform(0.7, 1.3)))
            pieces = [path[start:end] for path in fixed]
            cv2.polylines(plane, pieces, False, 255, thick, cv2.LINE_AA, _BITS)
        alpha = np.maximum(alpha, (plane * opacity[number]).astype(np.uint8))
    _paint(rng, colours, paths, width)
    return alpha


def _paint(rng: Generator, colours: Image, paths: Plane, width: float) -> None:
    """Paint strands with the colours of their roots, lighter and darker."""
    side, vary, before = colours.shape[0], rng.uniform(0, 0.35), colours.copy()
    for path in paths:
        x, y = (path[0] / 2).astype(int).clip(0, side - 1)
        shade = (before[y, x] * (1 + rng.normal(0, vary))).clip(0, 255)
        line = [_fix(path / 2)]
        cv2.polylines(colours, line, False, shade.tolist(), round(width) + 2, cv2.LINE_8, _BITS)


def pierce(rng: Generator, alpha: Image) -> Image:
    """Return alpha with the holes of lace in a part of it."""
    side = alpha.shape[0]
    cut, step = np.zeros_like(alpha), rng.uniform(12, 50)
    radius, turn = step * rng.uniform(0.2, 0.45), rng.uniform(0, np.pi / 2)
    row, col = np.meshgrid(*[np.arange(-side, side, step)] * 2)
    x = side / 2 + row * np.cos(turn) - col * np.sin(turn) + rng.normal(0, 0.15 * step, row.shape)
    y = side / 2 + row * np.sin(turn) + col * np.cos(turn) + rng.normal(0, 0.15 * step, row.shape)
    inside = (x > 0) & (y > 0) & (x < side) & (y < side)
    for point in _fix(np.stack([x[inside], y[inside]], 1)):
        cv2.circle(cut, point.tolist(), round(radius * 16), 255, -1, cv2.LINE_AA, _BITS)
    where = draw_waves(rng, side, 4) > rng.uniform(0.3, 0.6)
    return np.where(where, np.minimum(alpha, 255 - cut), alpha)


def _fix(path: NDArray[np.floating]) -> NDArray[np.int32]:
    return np.rint(path * (1 << _BITS)).astype(np.int32)

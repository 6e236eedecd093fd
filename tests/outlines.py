"""Made mattes with smooth outlines, and what an outline is measured by."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from PIL import Image, ImageDraw

from frisket.paths.cubic import Points
from frisket.paths.values import BezierPath, Subpath

Matte = npt.NDArray[np.uint8]
_FINE = 4  # drawn so many times larger, for soft edges
PRODUCTS = ("bottle", "mug", "ring", "blob")


def draw_product(kind: str, size: int = 256) -> Matte:
    """Return a matte (size, size) of a thing with soft edges."""
    image = Image.new("L", (size * _FINE, size * _FINE))
    pen, unit = ImageDraw.Draw(image), size * _FINE / 100
    if kind == "bottle":
        pen.polygon([(x * unit, y * unit) for x, y in _outline_bottle()], fill=255)
    elif kind == "mug":
        _draw_oval(pen, unit, (52, 30, 90, 76), 255)
        _draw_oval(pen, unit, (58, 37, 83, 68), 0)
        pen.polygon(
            [(x * unit, y * unit) for x, y in ((16, 20), (68, 20), (62, 84), (22, 84))], 255
        )
        _draw_oval(pen, unit, (22, 78, 62, 90), 255)
    elif kind == "ring":
        _draw_oval(pen, unit, (10, 15, 90, 85), 255)
        _draw_oval(pen, unit, (30, 35, 70, 65), 0)
    else:
        angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
        far = 28 + 6 * np.cos(2 * angle + 0.4) + 4 * np.sin(3 * angle) + np.sin(9 * angle)
        pen.polygon([(50 * unit + 1.2 * f * unit * np.cos(a), 50 * unit + f * unit * np.sin(a))
                     for a, f in zip(angle, far, strict=True)], fill=255)  # fmt: skip
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def _draw_oval(
    pen: ImageDraw.ImageDraw, unit: float, box: tuple[int, int, int, int], fill: int
) -> None:
    left, top, right, bottom = (value * unit for value in box)
    pen.ellipse((left, top, right, bottom), fill=fill)


def _outline_bottle() -> list[tuple[float, float]]:
    share = np.linspace(0, 1, 200)
    shoulder = 0.5 - 0.5 * np.cos(np.pi * np.clip((share - 0.25) / 0.2, 0, 1))
    half, down = 6 + 14 * shoulder, 8 + 84 * share
    right = list(zip(50 + half, down, strict=True))
    return right + [(100 - x, y) for x, y in reversed(right)]


def measure_distance(ring: Points, curve: Subpath) -> float:
    """Return the greatest distance between a contour and its curve, either way, in pixels."""
    drawn = curve.flatten()
    one, other = (shapely.linearrings(np.stack([r.real, r.imag], 1)) for r in (ring, drawn))
    there = shapely.distance(shapely.points(ring.real, ring.imag), other).max()
    back = shapely.distance(shapely.points(drawn.real, drawn.imag), one).max()
    return float(max(there, back))


def compare_areas(drawn: npt.NDArray[np.bool_], matte: Matte) -> float:
    """Return the share of two areas that they have in common (IoU)."""
    inside = matte >= 128
    return float((drawn & inside).sum() / (drawn | inside).sum())


def flatten(path: BezierPath) -> list[Points]:
    """Return every curve of a path as a line."""
    return [one.flatten() for one in path.subpaths]

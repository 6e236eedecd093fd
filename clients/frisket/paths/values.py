"""Bézier paths as plain values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.paths.cubic import Points, evaluate

_FINE = 4.0  # points of a piece, times the root of its length: within 0.03 px of a half circle
_MOST = 1024


@dataclass(frozen=True, eq=False)
class Subpath:
    """A closed curve of cubic Béziers.

    Attributes:
        knots: (n, 3) complex numbers x + iy in pixels: for each knot the control point before it,
            the knot itself, and the control point after it.
        linked: (n,) whether the curve runs on in the same direction there.
    """

    knots: Points
    linked: npt.NDArray[np.bool_]

    @property
    def cubics(self) -> Points:
        """The (n, 4) control points of every piece; the last leads back to the first knot."""
        after = np.roll(self.knots, -1, axis=0)
        return np.stack([self.knots[:, 1], self.knots[:, 2], after[:, 0], after[:, 1]], axis=1)

    def flatten(self) -> Points:
        """Return points along the curve, so many that lines between them are as good."""
        return self.flatten_pieces()[0]

    def flatten_pieces(self) -> tuple[Points, npt.NDArray[np.int64]]:
        """Return points along the curve, and the piece that each begins or lies on."""
        cubics = self.cubics
        lengths = np.abs(np.diff(cubics, axis=1)).sum(axis=1)
        counts = np.clip(_FINE * np.sqrt(lengths), 2, _MOST).astype(np.int64)
        owner = np.repeat(np.arange(len(counts)), counts)
        before = np.cumsum(counts) - counts
        t = (np.arange(len(owner)) - before[owner]) / counts[owner]
        return evaluate(cubics[owner], t[:, None])[:, 0], owner

    def move(self, x: float, y: float) -> Subpath:
        """Return the same curve elsewhere."""
        return Subpath(self.knots + complex(x, y), self.linked)


@dataclass(frozen=True, eq=False)
class BezierPath:
    """Closed curves that do not cross: outlines run clockwise, holes counter-clockwise."""

    subpaths: tuple[Subpath, ...]

    @property
    def knot_count(self) -> int:
        """Knots of all of its curves."""
        return sum(len(one.knots) for one in self.subpaths)

    def move(self, x: float, y: float) -> BezierPath:
        """Return the same path elsewhere."""
        return BezierPath(tuple(one.move(x, y) for one in self.subpaths))


def find_area(ring: Points) -> float:
    """Return the area inside a closed line, negative where it runs counter-clockwise (y down)."""
    return float(np.sum(np.conj(ring) * np.roll(ring, -1)).imag / 2)


def join_polygon(ring: Points) -> Subpath:
    """Return a polygon as a curve with a knot at each of its corners."""
    knots = np.stack([ring + (np.roll(ring, 1) - ring) / 3, ring,
                      ring + (np.roll(ring, -1) - ring) / 3], axis=1)  # fmt: skip
    return Subpath(knots, np.zeros(len(ring), np.bool_))

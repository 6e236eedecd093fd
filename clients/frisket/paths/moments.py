"""Area and first moment between any stretch of a contour and its chord, from running sums."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.paths.cubic import Points, Reals

_SHORTEST = 1e-6  # of a chord that is divided by
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Outline:
    """Contours one after another, each twice so that a stretch may pass its beginning.

    Attributes:
        points: (n,) complex numbers x + iy in pixels.
        sums: (n, 3) sums, over the lines up to each point, of area and of its moments in x and y
            about the origin (Green's theorem).
        lengths: (n,) length of the way to each point, in pixels.
    """

    points: Points
    sums: Reals
    lengths: Reals

    def measure(self, first: Indices, last: Indices) -> Reals:
        """Return area and moment (k, 2) between stretches and their chords.

        They are those of `frisket.paths.cubic`, on a chord of length one.
        """
        start, end = self.points[first], self.points[last]
        sums = self.sums[last] - self.sums[first] + _integrate(end, start)
        chord = end - start
        length = np.maximum(np.abs(chord), _SHORTEST)
        area = sums[:, 0]
        arm = (sums[:, 1] + 1j * sums[:, 2] - area * start) * np.conj(chord)
        # The way back along the chord closes the stretch, clockwise seen with y up.
        return -np.stack([area / length**2, arm.real / length**4], axis=1)


def lay_out(contours: list[Points]) -> tuple[Outline, Indices]:
    """Return contours as one outline, and where each begins, with the end of all."""
    doubled = [np.concatenate([ring, ring]) for ring in contours]
    points = np.concatenate(doubled)
    steps = np.cumsum([0, *(len(ring) for ring in contours)])
    before, after = points[:-1], points[1:]
    sums = np.zeros((len(points), 3))
    np.cumsum(_integrate(before, after), axis=0, out=sums[1:])
    lengths = np.concatenate([[0.0], np.cumsum(np.abs(after - before))])
    return Outline(points, sums, lengths), 2 * steps


def _integrate(before: Points, after: Points) -> Reals:
    """Return what straight lines add to area and moments, (k, 3)."""
    x0, y0, x1, y1 = before.real, before.imag, after.real, after.imag
    area = (x0 * y1 - x1 * y0) / 2
    across = (y1 - y0) * (x0 * x0 + x0 * x1 + x1 * x1) / 6
    down = (x0 - x1) * (y0 * y0 + y0 * y1 + y1 * y1) / 6
    return np.stack([area, across, down], axis=1)

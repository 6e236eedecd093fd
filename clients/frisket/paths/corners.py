"""Directions along a contour, and the places where it turns at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from frisket.paths.cubic import Points, Reals
from frisket.paths.moments import Indices, Outline

# Pixels along the contour that a direction is found from; each is tried.
WINDOWS = (2.5, 5.0, 10.0)
_NEAR, _FAR = 4.0, 8.0
_SHARP = np.radians(42)
_GRADUAL = 1.45  # a bend that turns this much more over twice the way is round


def find_directions(outline: Outline, begins: Indices, way: float) -> Points:
    """Return unit directions (n,) from each point to the one `way` pixels further on.

    Args:
        outline: the contours.
        begins: where each begins, as `lay_out` returns.
        way: pixels along the contour; negative looks back, and the directions lead here.
    """
    there = _step(outline, begins, way)
    ahead = (there - outline.points) * np.sign(way)
    directions: Points = ahead / np.maximum(np.abs(ahead), 1e-12)
    return directions


def find_tangents(outline: Outline, begins: Indices, way: float) -> Points:
    """Return unit tangents (n,): the chord between the points `way` pixels before and after."""
    chord = _step(outline, begins, way) - _step(outline, begins, -way)
    directions: Points = chord / np.maximum(np.abs(chord), 1e-12)
    return directions


def find_corners(outline: Outline, begins: Indices) -> npt.NDArray[np.bool_]:
    """Return (n,) which points are corners: a sharp turn that happens at once."""
    near, far = (_find_turn(outline, begins, way) for way in (_NEAR, _FAR))
    sharp = (near > _SHARP) & (far < near * _GRADUAL)
    found = np.zeros(len(near), np.bool_)
    for first, last in pairwise(begins):
        half = (last - first) // 2
        marks = _keep_greatest(
            outline.lengths[first : first + half + 1] - outline.lengths[first],
            np.where(sharp, near, 0)[first : first + half],
        )
        found[first + marks] = found[first + half + marks] = True
    return found


def _find_turn(outline: Outline, begins: Indices, way: float) -> Reals:
    """Return by how much, in radians, the contour turns between before and after a point."""
    after = find_directions(outline, begins, way)
    before = find_directions(outline, begins, -way)
    return np.abs(np.angle(after * np.conj(before)))


def _keep_greatest(lengths: Reals, turns: Reals) -> Indices:
    """Return the places of the greatest turns, none nearer to a greater one than a corner is."""
    kept: list[int] = []
    taken = np.zeros(len(turns), np.bool_)
    whole = lengths[-1]
    candidates = np.flatnonzero(turns)
    for place in candidates[np.argsort(-turns[candidates])]:
        if taken[place]:
            continue
        kept.append(int(place))
        for around in (0.0, -whole, whole):
            here = lengths[place] + around
            low, high = np.searchsorted(lengths[:-1], (here - _NEAR, here + _NEAR))
            taken[low:high] = True
    return np.array(sorted(kept), np.int64)


def _step(outline: Outline, begins: Indices, way: float) -> Points:
    """Return the points (n,) that lie `way` pixels further along each contour."""
    out = np.empty_like(outline.points)
    for first, last in pairwise(begins):
        half = (last - first) // 2
        lengths = outline.lengths[first : first + half + 1] - outline.lengths[first]
        whole = lengths[-1]
        most = min(abs(way), whole / 4)
        places = np.mod(lengths[:-1] + np.copysign(most, way), whole)
        ring = outline.points[first : first + half + 1]
        found = np.interp(places, lengths, ring.real) + 1j * np.interp(places, lengths, ring.imag)
        out[first:last] = np.concatenate([found, found])
    return out

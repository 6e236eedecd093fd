"""Closed lines as areas: what is too small, moved in or out, or crossed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from frisket.paths.cubic import Points, Reals
from frisket.paths.values import Subpath, find_area

if TYPE_CHECKING:
    from shapely import Geometry

_SEGMENTS = 16  # of a quarter of a circle, where a line is moved outwards around a corner
_ROUGH = 0.01  # pixels that a moved line may be simplified by
Lines = npt.NDArray[Any]


def move_rings(rings: Sequence[Points], outwards: float) -> list[Points]:
    """Return the outlines and holes of an area whose edge is moved; corners become round.

    Args:
        rings: closed lines that do not cross, as of `frisket.paths.contours`.
        outwards: pixels; negative moves inwards, and what is thinner vanishes.
    """
    return list_rings(grow_area(build_area(rings), outwards))


def build_area(rings: Sequence[Points]) -> Geometry:
    """Return the area between closed lines that do not cross."""
    import shapely

    area: Geometry = shapely.build_area(shapely.geometrycollections(_to_lines(rings)))
    return area


def grow_area(area: Geometry, outwards: float) -> Geometry:
    """Return an area whose edge is moved outwards by pixels, around corners in arcs."""
    import shapely

    moved = shapely.buffer(area, outwards, quad_segs=_SEGMENTS)
    grown: Geometry = shapely.simplify(moved, _ROUGH)
    return grown


def list_rings(area: Geometry) -> list[Points]:
    """Return the outlines of an area, clockwise with y down, and its holes, the other way."""
    import shapely

    found = []
    for polygon in shapely.get_parts(area):
        if shapely.is_empty(polygon):
            continue
        found.append(_orient(_to_points(shapely.get_exterior_ring(polygon)), clockwise=True))
        holes = (
            shapely.get_interior_ring(polygon, number)
            for number in range(shapely.get_num_interior_rings(polygon))
        )
        found += [_orient(_to_points(hole), clockwise=False) for hole in holes]
    return found


def find_crossed(curves: Sequence[Subpath]) -> list[int]:
    """Return which closed curves cross or touch themselves or another."""
    import shapely

    rings = list_lines(curves)
    crossed = set(np.flatnonzero(~shapely.is_simple(rings)).tolist())
    one, other = shapely.STRtree(rings).query(rings, predicate="intersects")
    crossed.update(one[one != other].tolist())
    return sorted(crossed)


def find_far(curves: Sequence[Subpath], rings: Sequence[Points], tolerance: float) -> list[int]:
    """Return which closed curves lie further from their closed lines than the tolerance."""
    pairs = zip(curves, rings, strict=True)
    return [
        number for number, (curve, ring) in enumerate(pairs) if find_gap(curve, ring) > tolerance
    ]


def find_gap(curve: Subpath, ring: Points) -> float:
    """Return the greatest distance, in pixels, of a closed curve to a closed line."""
    return float(measure_gaps(curve.flatten(), ring).max())


def list_lines(curves: Iterable[Subpath]) -> Lines:
    """Return (n,) closed lines along curves."""
    return np.array(_to_lines([curve.flatten() for curve in curves]))


def measure_gaps(points: Points, ring: Points) -> Reals:
    """Return the distance of each point to a closed line."""
    import shapely

    ends = np.stack([ring, np.roll(ring, -1)], axis=1)
    sides = shapely.linestrings(np.stack([ends.real, ends.imag], axis=-1))
    places = shapely.points(points.real, points.imag)
    found = shapely.STRtree(sides).query_nearest(places, return_distance=True, all_matches=False)
    return np.asarray(found[1])


def _to_lines(rings: Iterable[Points]) -> list[Any]:
    import shapely

    return [shapely.linearrings(np.stack([ring.real, ring.imag], axis=1)) for ring in rings]


def _to_points(ring: Geometry) -> Points:
    import shapely

    points = shapely.get_coordinates(ring)[:-1]
    return np.asarray(points[:, 0] + 1j * points[:, 1])


def _orient(ring: Points, clockwise: bool) -> Points:
    return ring if (find_area(ring) > 0) == clockwise else ring[::-1]

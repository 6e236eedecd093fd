"""From a matte to a Bézier path: contours, specks, inset, fit, and no crossings."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from frisket.documents.core.model import AlphaSource
from frisket.documents.core.outline import OutlineOptions
from frisket.paths.contours import find_contours
from frisket.paths.cubic import Points
from frisket.paths.fit import fit_contours
from frisket.paths.redraw import redraw_crossed
from frisket.paths.rings import find_crossed, find_far, move_rings
from frisket.paths.values import BezierPath, Subpath, find_area, join_polygon

_SAFETY = 0.9  # of the tolerance: what files round, and what is between contour points, is the rest
# Of the tolerance, where curves cross or bulge; 0 is a line through every point.
_FINER = (0.75, 0.4, 0.15, 0.0, 0.0, 0.0)
_COARSER = 2.0
_COARSEST = 16.0
_BATCH = 1 << 18
_LONG = 1 << 16  # points of an outline that takes a second to draw


class NoOutline(Exception):
    """No outline is possible as it was asked; the message is part of a sentence."""


@dataclass(frozen=True)
class Traced:
    """A path, and how it was drawn.

    Attributes:
        path: in pixels of the matte.
        tolerance: greatest distance to the contour that was allowed in the end, in pixels.
    """

    path: BezierPath
    tolerance: float


def trace(alpha: AlphaSource, options: OutlineOptions) -> Traced:
    """Return the outline of a matte as a path.

    Its curves do not cross. They are sorted by their area, the greatest first, outlines clockwise
    and holes counter-clockwise, so that both fill rules give the same.

    Args:
        alpha: the matte.
        options: how it is drawn.

    Raises:
        NoOutline: nothing is as opaque as the level, nothing remains, or even a coarse path would
            have more knots than it may.
    """
    rings = find_rings(alpha, options)
    first, *coarser = list_tolerances(options.tolerance)
    # What is refused in the end is refused at once, where drawing it six times would take long.
    if coarser and _is_long(rings) and not _may_suffice(rings, coarser[-1], options):
        raise NoOutline(_tell_too_many(rings, coarser[-1], options))
    tolerance, path = first, _draw(rings, first, options)
    while path is None:
        if not coarser:
            raise NoOutline(_tell_too_many(rings, tolerance, options))
        tolerance = coarser.pop(0)
        path = _draw(rings, tolerance, options)
    return Traced(path, tolerance)


def list_tolerances(first: float) -> list[float]:
    """Return the tolerances that are tried, each twice the one before."""
    found = [first]
    while found[-1] * _COARSER <= _COARSEST:
        found.append(found[-1] * _COARSER)
    return found


def _draw(rings: list[Points], tolerance: float, options: OutlineOptions) -> BezierPath | None:
    """Return the path, or None where it has more knots than it may."""
    path = BezierPath(tuple(fit_rings(rings, tolerance, options.max_knots)))
    return path if path.knot_count <= options.max_knots else None


def _is_long(rings: list[Points]) -> bool:
    return sum(map(len, rings)) > _LONG


def _may_suffice(rings: list[Points], tolerance: float, options: OutlineOptions) -> bool:
    """Tell whether curves that may cross have few enough knots; those that do not have no fewer."""
    curves = _fit_some(rings, tolerance * _SAFETY, options.max_knots, _LONG // 4)
    return _count_knots(curves) <= options.max_knots


def _tell_too_many(rings: list[Points], tolerance: float, options: OutlineOptions) -> str:
    return (
        f"its outline, of {len(rings)} pieces and holes, needs more than {options.max_knots} knots "
        f"even {tolerance:g} px off; raise --speck or --max-knots, or cut it with a smoother edge "
        "(frisket cut --smooth)"
    )


def _count_knots(curves: list[Subpath]) -> int:
    return sum(len(curve.knots) for curve in curves)


def find_rings(alpha: AlphaSource, options: OutlineOptions) -> list[Points]:
    """Return closed lines around what is opaque, without specks, moved by the inset.

    Raises:
        NoOutline: there are none.
    """
    rings = [ring for ring in find_contours(alpha, options.level) if _is_kept(ring, options.speck)]
    if not rings:
        raise NoOutline(
            f"nothing larger than {options.speck:g} square pixels is as opaque as "
            f"{options.level:.0%}; try a lower --threshold or --speck"
        )
    if options.inset:
        moved = move_rings(rings, -options.inset)
        rings = [ring for ring in moved if _is_kept(ring, options.speck)]
    if not rings:
        raise NoOutline(f"an inset of {options.inset:g} px leaves nothing; give a smaller --inset")
    return sorted(rings, key=find_area_of, reverse=True)


def find_area_of(ring: Points) -> float:
    """Return the area inside a closed line, whatever way it runs."""
    return abs(find_area(ring))


def _is_kept(ring: Points, speck: float) -> bool:
    return len(ring) >= 3 and find_area_of(ring) > speck


def fit_rings(rings: list[Points], tolerance: float, max_knots: float = math.inf) -> list[Subpath]:
    """Return a curve for each closed line, near it all along, none crossing itself or another.

    What has more knots than `max_knots` is returned as it is by then, perhaps without the last
    ones: finer curves have no fewer.
    Where lines lie nearer to one another than the tolerance, the pieces that cross are drawn finer,
    and at last through every point of the contour: contours do not cross.
    """
    near = tolerance * _SAFETY
    curves = _fit_some(rings, near, max_knots)
    rounds = np.zeros(len(rings), np.int64)
    unsure = list(range(len(rings)))
    while _count_knots(curves) <= max_knots:
        far = find_far([curves[one] for one in unsure], [rings[one] for one in unsure], tolerance)
        wrong = {*find_crossed(curves), *(unsure[one] for one in far)}
        unsure = sorted(one for one in wrong if rounds[one] <= len(_FINER))
        if not unsure:
            return curves
        again = {one: near * _FINER[rounds[one]] for one in unsure if rounds[one] < len(_FINER)}
        redraw_crossed(curves, rings, again, tolerance)
        for one in set(unsure) - again.keys():
            curves[one] = join_polygon(rings[one])
        rounds[unsure] += 1
    return curves


def _fit_some(
    rings: list[Points], tolerance: float, enough: float = math.inf, batch: int = _BATCH
) -> list[Subpath]:
    """Fit curves in parts, so that memory follows one of them, about the place of each.

    Args:
        rings: closed lines.
        tolerance: pixels.
        enough: with more knots than these nothing further is fitted.
        batch: points of a part.
    """
    ends = np.cumsum([len(ring) for ring in rings]) // batch
    curves: list[Subpath] = []
    for part in np.unique(ends):
        some = [rings[number] for number in np.flatnonzero(ends == part)]
        # Sums of moments are exact near the origin.
        middle = complex(np.round(some[0].mean()))
        fitted = fit_contours([ring - middle for ring in some], tolerance)
        curves += [curve.move(middle.real, middle.imag) for curve in fitted]
        if _count_knots(curves) > enough:
            break
    return curves

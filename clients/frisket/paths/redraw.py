"""Drawing a closed curve anew where it crosses something, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from frisket.paths.cubic import Points
from frisket.paths.fit import close_curve, draw_lines, refit_stretches
from frisket.paths.moments import Indices
from frisket.paths.rings import Lines, list_lines, measure_gaps
from frisket.paths.values import Subpath

if TYPE_CHECKING:
    from shapely import STRtree

Flags = npt.NDArray[np.bool_]


def redraw_crossed(
    curves: list[Subpath], rings: Sequence[Points], again: Mapping[int, float], tolerance: float
) -> None:
    """Draw pieces anew, in place, that cross something or lie too far from their line.

    Args:
        curves: closed curves.
        rings: the closed line that each follows.
        again: which curves are to be looked at, and the tolerance of their new pieces.
        tolerance: pixels that a curve may lie from its line.
    """
    import shapely

    others = shapely.STRtree(list_lines(curves))
    for one, finer in again.items():
        wrong = find_wrong(curves[one], rings[one], others, one, tolerance)
        curves[one] = redraw(curves[one], rings[one], wrong, finer)


def redraw(curve: Subpath, ring: Points, wrong: Flags, tolerance: float) -> Subpath:
    """Return a closed curve with other pieces in the place of some; the others stay.

    Args:
        curve: its knots lie on points of the ring, in their order.
        ring: the closed line that it follows.
        wrong: (n,) which pieces are drawn anew.
        tolerance: of the new ones, in pixels; 0 draws through every point of the line.
    """
    places = _find_places(curve, ring)
    starts, ends = _join_runs(wrong)
    first, last = places[starts], places[ends % len(places)]
    stretches = first, np.where(last > first, last, last + len(ring))
    middle = complex(np.round(ring.mean()))  # sums of moments are exact near the origin
    centred, pieces = ring - middle, curve.cubics - middle
    if tolerance:
        directions = _find_directions(curve, starts, ends)
        found = refit_stretches(centred, stretches, directions, tolerance)
    else:
        found = [_draw_through(centred, *each) for each in zip(*stretches, strict=True)]
    kept = {int(one): pieces[one : one + 1] for one in np.flatnonzero(~wrong)}
    new = {int(start): some for start, some in zip(starts, found, strict=True)}
    ordered = [one for _, one in sorted({**kept, **new}.items())]
    return close_curve(np.concatenate(ordered)).move(middle.real, middle.imag)


def _join_runs(wrong: Flags) -> tuple[Indices, Indices]:
    """Return the first piece of each run of wrong ones, and the one behind its last."""
    if wrong.all():
        return np.array([0]), np.array([len(wrong)])
    starts = np.flatnonzero(wrong & ~np.roll(wrong, 1))
    behind = np.flatnonzero(~wrong & np.roll(wrong, 1))
    ends = behind[np.searchsorted(behind, starts, side="right") % len(behind)]
    return starts, ends


def _find_places(curve: Subpath, ring: Points) -> Indices:
    """Return (n,) which point of its closed line each knot of a curve lies on."""
    import shapely

    knots = curve.knots[:, 1]
    tree = shapely.STRtree(shapely.points(ring.real, ring.imag))
    found = tree.query_nearest(shapely.points(knots.real, knots.imag), all_matches=False)
    return np.asarray(found[1], np.int64)


def _find_directions(curve: Subpath, starts: Indices, ends: Indices) -> tuple[Points, Points]:
    """Return the directions that stretches leave and arrive in; 0 at a corner, where it is free."""
    knots, linked = curve.knots, curve.linked
    ends = ends % len(linked)
    leaving, arriving = knots[starts, 1] - knots[starts, 0], knots[ends, 2] - knots[ends, 1]
    return _make_unit(leaving, linked[starts]), _make_unit(arriving, linked[ends])


def _make_unit(vectors: Points, linked: Flags) -> Points:
    lengths = np.abs(vectors)
    sure = linked & (lengths > 1e-9)
    return np.where(sure, vectors / np.where(sure, lengths, 1), 0)


def _draw_through(ring: Points, first: int, last: int) -> Points:
    """Return lines through every point of a stretch, as cubics (n, 4)."""
    points = ring[np.arange(first, last + 1) % len(ring)]
    return draw_lines(points[:-1], points[1:])


def find_wrong(curve: Subpath, ring: Points, others: STRtree, own: int, tolerance: float) -> Flags:
    """Return (n,) which pieces of a closed curve cross something, or lie too far from their line.

    All of them where it is not seen which.

    Args:
        curve: it.
        ring: its closed line.
        others: the closed lines along all curves.
        own: which of them is this curve's.
        tolerance: pixels that a curve may lie from its line.
    """
    points, owner = curve.flatten_pieces()
    count = len(curve.knots)
    wrong = np.zeros(count, np.bool_)
    wrong[owner[measure_gaps(points, ring) > tolerance]] = True
    lines = _split_lines(points, owner, count)
    wrong |= _find_crossed(lines)
    touching, other = others.query(lines, predicate="intersects")
    wrong[touching[other != own]] = True
    return wrong if wrong.any() else ~wrong


def _split_lines(points: Points, owner: Indices, count: int) -> Lines:
    """Return a line for each piece, from its first point to that of the next."""
    import shapely

    first = np.searchsorted(owner, np.arange(count))
    behind = np.append(first[1:], len(points))
    whole = np.insert(points, behind, points[np.roll(first, -1)])
    owners = np.insert(owner, behind, np.arange(count))
    lines: Lines = shapely.linestrings(np.stack([whole.real, whole.imag], axis=-1), indices=owners)
    return lines


def _find_crossed(lines: Lines) -> Flags:
    """Return which lines cross themselves or one another; each begins where the last one ends."""
    import shapely

    crossed: Flags = ~shapely.is_simple(lines)
    one, other = shapely.STRtree(lines).query(lines, predicate="intersects")
    one, other = one[one < other], other[one < other]
    # Those that follow one another meet in their knot; the last and the first do so, too.
    knots = (other - one == 1).astype(int) + ((one == 0) & (other == len(lines) - 1))
    met = shapely.get_num_coordinates(shapely.intersection(lines[one], lines[other]))
    crossed[one[met > knots]] = crossed[other[met > knots]] = True
    return crossed

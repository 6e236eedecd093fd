"""Fits Bézier curves to contours: as few pieces as a tolerance allows.

Each section between two corners is walked from its beginning. From every knot the longest stretch
is looked for, by doubling and halving, that one cubic follows within the tolerance. The cubic keeps
the stretch's area and first moment (`frisket.paths.cubic`) and the direction that the piece before
it ends in. All sections of all contours are walked at once, so that the work is done by arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from frisket.paths.corners import WINDOWS, find_corners, find_directions, find_tangents
from frisket.paths.cubic import Points, Reals, differentiate, evaluate, solve_arms
from frisket.paths.moments import Indices, Outline, lay_out
from frisket.paths.values import Subpath

_SAMPLES = 36
_SPARSE = 4  # every so many of them are enough to choose between cubics
_PARTS = 16
_NOTHING = 1e-9
_STEEPEST = np.radians(100)
_FIRST_REACH = 16
_BATCH = 1 << 13


def fit_contours(contours: list[Points], tolerance: float) -> list[Subpath]:
    """Return a closed curve for each contour, nowhere farther from it than the tolerance.

    Args:
        contours: closed lines of at least three points each.
        tolerance: pixels, above 0.
    """
    outline, begins = lay_out(contours)
    fitter = _Fitter(outline, begins, tolerance)
    return fitter.fit()


def refit_stretches(
    ring: Points,
    ends: tuple[Indices, Indices],
    directions: tuple[Points, Points],
    tolerance: float,
) -> list[Points]:
    """Return the cubics (n, 4) that follow each stretch of a closed line.

    Args:
        ring: the line.
        ends: the first and the last point of each stretch; the last is greater, and counts on
            where it passes the line's beginning.
        directions: unit directions that each stretch leaves its first and arrives at its last
            point in; 0 where it is free.
        tolerance: pixels, above 0.
    """
    outline, begins = lay_out([ring])
    found = _Fitter(outline, begins, tolerance).follow(*ends, *directions)
    return [np.array(pieces) for pieces in found]


@dataclass
class _Walk:
    """Sections that are walked at once: heads, ends, and the directions that heads look in."""

    head: Indices
    end: Indices
    direction: Points
    reach: Indices


class _Fitter:
    """The contours, what was found of them, and the pieces so far."""

    def __init__(self, outline: Outline, begins: Indices, tolerance: float) -> None:
        self._outline, self._begins, self._tolerance = outline, begins, tolerance
        self._corners = find_corners(outline, begins)
        self._tangents = np.stack([find_tangents(outline, begins, one) for one in WINDOWS])
        self._ahead = np.stack([find_directions(outline, begins, one) for one in WINDOWS])
        self._behind = np.stack([find_directions(outline, begins, -one) for one in WINDOWS])
        self._pieces: dict[int, list[tuple[int, Points]]] = {}

    def fit(self) -> list[Subpath]:
        starts, ends, owners = self._split()
        leaving = self._look_ahead(starts)
        closing = np.where(self._corners[starts], 0, leaving)
        return self._gather(self.follow(starts, ends, leaving, closing), owners)

    def follow(
        self, starts: Indices, ends: Indices, leaving: Points, closing: Points
    ) -> list[list[Points]]:
        """Return the pieces of each stretch; see `refit_stretches`."""
        ahead = np.where(leaving == 0, self._look_ahead(starts), leaving)
        walk = _Walk(starts.copy(), ends, ahead, np.full(len(starts), _FIRST_REACH))
        found: list[list[Points]] = [[] for _ in starts]
        going = np.arange(len(starts))
        while len(going):
            going = self._advance(walk, going, closing, found)
        return found

    def _split(self) -> tuple[Indices, Indices, Indices]:
        """Return the sections: first and last point of each, and whose contour it is."""
        starts, ends, owners = [], [], []
        pairs = zip(self._begins[:-1], self._begins[1:], strict=True)
        for owner, (first, last) in enumerate(pairs):
            half = (last - first) // 2
            corners = first + np.flatnonzero(self._corners[first : first + half])
            if not len(corners):
                corners = np.array([first + self._find_calm(int(first), int(half))])
            starts.append(corners)
            ends.append(np.append(corners[1:], corners[0] + half))
            owners.append(np.full(len(corners), owner))
        return np.concatenate(starts), np.concatenate(ends), np.concatenate(owners)

    def _find_calm(self, first: int, half: int) -> int:
        """Return where a contour without corners turns least: a good place for a first knot."""
        ring = slice(first, first + half)
        turn = np.abs(np.angle(self._ahead[-1, ring] * np.conj(self._behind[-1, ring])))
        return int(np.argmin(turn))

    def _look_ahead(self, starts: Indices) -> Points:
        middle = len(WINDOWS) // 2
        sharp = self._corners[starts]
        found: Points = np.where(sharp, self._ahead[middle, starts], self._tangents[middle, starts])
        return found

    def _advance(
        self, walk: _Walk, going: Indices, closing: Points, found: list[list[Points]]
    ) -> Indices:
        """Put the longest piece at the head of every section, and return those that go on."""
        for part in np.array_split(going, max(1, -(-len(going) // _BATCH))):
            last, cubics = self._reach(walk, part, closing)
            self._shorten(walk, part, closing, last, cubics)
            for section, cubic in zip(part, cubics, strict=True):
                found[section].append(cubic)
            walk.reach[part] = np.maximum(2, last - walk.head[part])
            walk.head[part] = last
            leaving = cubics[:, 3] - cubics[:, 2]
            walk.direction[part] = leaving / np.maximum(np.abs(leaving), 1e-12)
        return going[walk.head[going] < walk.end[going]]

    def _reach(self, walk: _Walk, part: Indices, closing: Points) -> tuple[Indices, Points]:
        """Return how far one piece goes from each head, and that piece."""
        head, end = walk.head[part], walk.end[part]
        low = head + 1  # a straight line, which follows every contour
        best = np.stack([self._draw_line(head, low)[:, k] for k in range(4)], axis=1)
        high = end + 1
        probe = np.minimum(head + walk.reach[part], end)
        open_ = np.arange(len(part))
        while len(open_):
            cubics, good = self._try(walk, part[open_], head[open_], probe[open_], closing)
            fine = open_[good]
            low[fine], best[fine] = probe[fine], cubics[good]
            bad = open_[~good]
            high[bad] = probe[bad]
            open_ = open_[high[open_] - low[open_] > 1]
            doubled = np.minimum(head + 2 * (low - head), end)
            probe = np.where(high > end, doubled, (low + high) // 2)
        return low, best

    def _shorten(
        self, walk: _Walk, part: Indices, closing: Points, last: Indices, cubics: Points
    ) -> None:
        """Shorten, in place, the pieces that leave a point between the samples too far away."""
        far = np.arange(len(part))
        head = walk.head[part]
        while len(far):
            far = far[self._find_farthest(head[far], last[far], cubics[far]) > self._tolerance]
            far = far[last[far] > head[far] + 1]
            if not len(far):
                return
            last[far] = head[far] + np.maximum(1, (last[far] - head[far]) * 7 // 8)
            cubics[far] = self._try(walk, part[far], head[far], last[far], closing)[0]
            lines = far[last[far] == head[far] + 1]
            cubics[lines] = self._draw_line(head[lines], last[lines])

    def _find_farthest(self, first: Indices, last: Indices, cubics: Points) -> Reals:
        """Return the distance of the farthest point of each stretch to its piece."""
        farthest = np.zeros(len(first))
        counts = np.maximum(1, last - first - 1)
        sizes = np.ceil(np.log2(counts)).astype(int)
        for size in np.unique(sizes):
            rows = np.flatnonzero(sizes == size)
            for some in np.array_split(rows, max(1, (len(rows) << size) >> 16)):
                offsets = np.minimum(np.arange(1 << size) + 1, counts[some, None])
                samples = self._outline.points[first[some, None] + offsets]
                farthest[some] = find_distance(cubics[some], samples).max(axis=-1)
        return farthest

    def _draw_line(self, first: Indices, last: Indices) -> Points:
        return draw_lines(self._outline.points[first], self._outline.points[last])

    def _try(
        self, walk: _Walk, part: Indices, first: Indices, last: Indices, closing: Points
    ) -> tuple[Points, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]:
        """Return the best cubic for each stretch, and whether it is good enough."""
        best = self._draw_line(first, last)
        least = np.full(len(part), np.inf)
        samples = _sample(self._outline, first, last, _SAMPLES)
        for leave, arrive in self._choose_directions(walk, part, first, last, closing):
            cubics, distance = self._solve((first, last), (leave, arrive), samples[:, ::_SPARSE])
            better = distance < least
            best[better], least[better] = cubics[better], distance[better]
        near = np.flatnonzero(least <= self._tolerance)
        least[near] = find_distance(best[near], samples[near]).max(axis=-1)
        return best, least <= self._tolerance

    def _choose_directions(
        self, walk: _Walk, part: Indices, first: Indices, last: Indices, closing: Points
    ) -> Iterator[tuple[Points, Points]]:
        """Yield the directions to leave the first and arrive at the last point of stretches in."""
        closes = (last == walk.end[part]) & (closing[part] != 0)
        fresh = self._corners[first]
        for window in range(len(WINDOWS)):
            arrive = np.where(
                self._corners[last], self._behind[window, last], self._tangents[window, last]
            )
            arrive = np.where(closes, closing[part], arrive)
            yield np.where(fresh, self._ahead[window, first], walk.direction[part]), arrive

    def _solve(
        self, ends: tuple[Indices, Indices], directions: tuple[Points, Points], samples: Points
    ) -> tuple[Points, Reals]:
        """Return the nearest cubic with these directions, area and moment, and its distance."""
        start, end = (self._outline.points[one] for one in ends)
        chord = end - start
        safe = np.where(np.abs(chord) > _NOTHING, chord, 1.0)
        angles = np.stack([np.angle(directions[0] / safe), -np.angle(directions[1] / safe)], axis=1)
        arms = solve_arms(angles, self._outline.measure(*ends))
        turned = arms * safe[:, None, None]
        p1 = start[:, None] + turned[..., 0] * np.exp(1j * angles[:, :1])
        p2 = end[:, None] - turned[..., 1] * np.exp(-1j * angles[:, 1:])
        outer = [np.broadcast_to(one[:, None], p1.shape) for one in (start, end)]
        cubics = np.stack([outer[0], p1, p2, outer[1]], axis=-1)
        distance = find_distance(cubics, samples[:, None]).max(axis=-1)
        distance[(np.abs(angles) > _STEEPEST).any(axis=1) | (np.abs(chord) <= _NOTHING)] = np.inf
        choice, rows = distance.argmin(axis=1), np.arange(len(start))
        return cubics[rows, choice], distance[rows, choice]

    def _gather(self, found: list[list[Points]], owners: Indices) -> list[Subpath]:
        """Return the pieces of each contour's sections as one closed curve."""
        curves: list[list[Points]] = [[] for _ in range(len(self._begins) - 1)]
        for owner, pieces in zip(owners, found, strict=True):
            curves[owner].extend(pieces)
        return [close_curve(np.array(pieces)) for pieces in curves]


def draw_lines(start: Points, end: Points) -> Points:
    """Return straight lines between points (n,), as cubics (n, 4)."""
    return np.stack([start, start + (end - start) / 3, end - (end - start) / 3, end], axis=1)


def close_curve(cubics: Points) -> Subpath:
    """Return pieces that follow one another as a closed curve."""
    before = np.roll(cubics[:, 2], 1)
    knots = np.stack([before, cubics[:, 0], cubics[:, 1]], axis=1)
    turn = np.angle((knots[:, 2] - knots[:, 1]) * np.conj(knots[:, 1] - knots[:, 0]))
    return Subpath(knots, np.abs(turn) < 1e-3)


def _sample(outline: Outline, first: Indices, last: Indices, count: int) -> Points:
    """Return points (n, count) along stretches, ends left out, at even numbers of points."""
    share = (np.arange(count) + 1) / (count + 1)
    place = first[:, None] + (last - first)[:, None] * share
    below = place.astype(np.int64)
    rest = place - below
    return outline.points[below] * (1 - rest) + outline.points[below + 1] * rest


def find_distance(cubics: Points, samples: Points) -> Reals:
    """Return the distance of samples (..., k), in their order, to the cubics (..., 4) beside them.

    Each sample is first held against the place at its share of the way, then against the foot of
    the perpendicular, by Newton's method.
    """
    t = np.linspace(0, 1, _PARTS + 1)
    line = evaluate(cubics, np.broadcast_to(t, (*cubics.shape[:-1], t.size)))
    way = np.cumsum(np.abs(np.diff(line)), axis=-1)
    steps = np.abs(np.diff(np.concatenate([cubics[..., :1], np.broadcast_to(
        samples, (*cubics.shape[:-1], samples.shape[-1]))], axis=-1)))  # fmt: skip
    walked = np.cumsum(steps, axis=-1)
    whole = walked[..., -1:] + np.abs(cubics[..., 3:] - samples[..., -1:])
    share = walked / np.maximum(whole, 1e-12)
    at = _invert(way / np.maximum(way[..., -1:], 1e-12), share)
    for _ in range(2):
        at = _approach(cubics, samples, at)
    return np.abs(evaluate(cubics, at) - samples)


def _invert(way: Reals, share: Reals) -> Reals:
    """Return the parameters at shares of the way along curves."""
    index = (share[..., :, None] > way[..., None, :]).sum(axis=-1)
    index = np.minimum(index, way.shape[-1] - 1)
    upper = np.take_along_axis(way, index, axis=-1)
    lower = np.where(index > 0, np.take_along_axis(way, np.maximum(index - 1, 0), axis=-1), 0)
    part = (share - lower) / np.maximum(upper - lower, 1e-12)
    at: Reals = (index + np.clip(part, 0, 1)) / way.shape[-1]
    return at


def _approach(cubics: Points, samples: Points, at: Reals) -> Reals:
    """Return parameters nearer to the feet of the perpendiculars."""
    gap = evaluate(cubics, at) - samples
    first, second = differentiate(cubics, at)
    slope = (gap * np.conj(first)).real
    bend = np.abs(first) ** 2 + (gap * np.conj(second)).real
    step = slope / np.where(bend > 1e-9, bend, np.maximum(np.abs(first) ** 2, 1e-9))
    return np.clip(at - step, 0, 1)

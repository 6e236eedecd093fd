"""Cubic Béziers with a given area and first moment, many at once.

The method is Raph Levien's ("Fitting cubic Bézier curves", 2021): with the directions at both ends
given, a cubic has two free numbers, the lengths of its arms. The area under the curve and the first
moment of that area along the chord are two equations for them. The formulas here are derived anew.

On the unit chord let P0 = (0, 0), P1 = (a·c0, a·s0), P2 = (1 - b·c1, b·s1), P3 = (1, 0), where c
and s are cosine and sine of the angles that the curve leaves the chord by and comes back to it by.
With the Bernstein polynomials B, area and moment are sums over the control points:

    A = -½ ∫ (x·y' - y·x') dt = Σ x_i·y_j · ½ ∫ (B_i'·B_j - B_i·B_j') dt
    M = -½ ∫ x²·y' dt         = Σ x_i·x_j·y_k · -½ ∫ B_i·B_j·B_k' dt

Both are linear in y, so that with ∫ t^p (1 - t)^q dt = p!·q! / (p + q + 1)! they become

    A = 3/20 · (2·a·s0 + 2·b·s1 - a·b·sin(θ0 + θ1))
    M = 1/280 · (34·a·s0 + 50·b·s1 + 15·a²·s0·c0 - 15·b²·s1·c1
        - a·b·(33·s0·c1 + 9·c0·s1) - 9·a²·b·sin(θ0 + θ1)·c0 + 9·a·b²·sin(θ0 + θ1)·c1)

From the first, b = (20·A/3 - 2·a·s0) / (2·s1 - a·sin(θ0 + θ1)). With it the second, times the
denominator squared, is a polynomial of degree four in a.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Reals = npt.NDArray[np.float64]
Points = npt.NDArray[np.complex128]

_LONGEST = 1.25  # arms, in chords; longer ones make loops
_GRID = np.linspace(0.0, _LONGEST, 49)[1:]
_ROOTS = 3
_HALVINGS = 12
_THIRD = 1 / 3
_TOUCH = 1 / 64  # of what the neighbours miss


def measure(arms: Reals, angles: Reals) -> Reals:
    """Return area and first moment of cubics on the unit chord.

    Args:
        arms: (..., 2), lengths a and b of the arms in chords.
        angles: (..., 2), θ0 and θ1 in radians.

    Returns:
        (..., 2): A and M of the module's formulas.
    """
    a, b = arms[..., 0], arms[..., 1]
    (c0, c1), (s0, s1) = _split(np.cos(angles)), _split(np.sin(angles))
    both = s0 * c1 + c0 * s1
    area = 0.15 * (2 * a * s0 + 2 * b * s1 - a * b * both)
    moment = (
        34 * a * s0 + 50 * b * s1 + 15 * a * a * s0 * c0 - 15 * b * b * s1 * c1
        - a * b * (33 * s0 * c1 + 9 * c0 * s1) + 9 * a * b * both * (b * c1 - a * c0)
    ) / 280  # fmt: skip
    return np.stack([area, moment], axis=-1)


def solve_arms(angles: Reals, wanted: Reals) -> Reals:
    """Return the arms of the cubics that have an area and a moment.

    Args:
        angles: (n, 2), θ0 and θ1 in radians.
        wanted: (n, 2), A and M on the unit chord.

    Returns:
        (n, 3, 2): up to three solutions with arms of 0 to 1.25 chords. Those that are missing are
        the first one again, or thirds of a chord where there is none.
    """
    places = _place_nodes(angles, wanted)
    miss = _miss(places, angles[:, None], wanted[:, None])
    turns = np.signbit(miss[:, 1:]) != np.signbit(miss[:, :-1])
    # Two roots may be one, or so near that the parabola's turn is not between them.
    turns[:, :-1] |= abs(miss[:, 1:-1]) < _TOUCH * np.minimum(abs(miss[:, :-2]), abs(miss[:, 2:]))
    order = np.argsort(~turns, axis=1, kind="stable")[:, :_ROOTS]
    found, low, high = (
        np.take_along_axis(each, order, axis=1) for each in (turns, places[:, :-1], places[:, 1:])
    )
    a = _bisect(low, high, angles[:, None], wanted[:, None])
    b = _find_other(a, angles[:, None], wanted[:, None])
    arms = np.stack([a, b], axis=-1)
    good = np.asarray(found & np.isfinite(b) & (b > 0) & (b <= _LONGEST))
    first = np.take_along_axis(arms, good.argmax(axis=1)[:, None, None], axis=1)
    first = np.where(np.asarray(good.any(axis=1))[:, None, None], first, _THIRD)
    return np.where(good[..., None], arms, first)


def _split(pair: Reals) -> tuple[Reals, Reals]:
    return pair[..., 0], pair[..., 1]


def _place_nodes(angles: Reals, wanted: Reals) -> Reals:
    """Return places of a, (n, k), that two roots lie on different sides of, however near they are.

    Between two roots the miss comes near zero and turns back. A node of the grid that is nearer to
    zero than both its neighbours moves to where the parabola through the three turns.
    """
    grid = np.broadcast_to(_GRID, (len(angles), _GRID.size))
    miss = _miss(grid, angles[:, None], wanted[:, None])
    left, here, right = miss[:, :-2], miss[:, 1:-1], miss[:, 2:]
    bend = left - 2 * here + right
    turns_back = (here * left > 0) & (here * right > 0) & (here * bend > 0)
    nearest = turns_back & (abs(here) <= abs(left)) & (abs(here) <= abs(right))
    with np.errstate(divide="ignore", invalid="ignore"):
        aside = (left - right) / bend / 2 * (_GRID[1] - _GRID[0])
    moved: Reals = grid.copy()
    moved[:, 1:-1] += np.where(nearest, aside, 0)
    return moved


def _find_other(a: Reals, angles: Reals, wanted: Reals) -> Reals:
    """Return b of a, by the area."""
    s0, s1 = _split(np.sin(angles))
    below = 2 * s1 - a * np.sin(angles.sum(-1))
    with np.errstate(divide="ignore", invalid="ignore"):
        other: Reals = (wanted[..., 0] * 20 / 3 - 2 * a * s0) / below
    return other


def _miss(a: Reals, angles: Reals, wanted: Reals) -> Reals:
    """Return by how much the moment is missed, times the square of b's denominator."""
    s0, s1 = _split(np.sin(angles))
    c0, c1 = _split(np.cos(angles))
    both = s0 * c1 + c0 * s1
    under = 2 * s1 - a * both
    over = wanted[..., 0] * 20 / 3 - 2 * a * s0
    plain = 34 * a * s0 + 15 * a * a * s0 * c0 - 280 * wanted[..., 1]
    once = 50 * s1 - a * (33 * s0 * c1 + 9 * c0 * s1) - 9 * a * a * both * c0
    twice = 9 * a * both * c1 - 15 * s1 * c1
    missed: Reals = plain * under * under + once * over * under + twice * over * over
    return missed


def _bisect(low: Reals, high: Reals, angles: Reals, wanted: Reals) -> Reals:
    """Return where the moment is met between two places that differ in sign."""
    below = np.signbit(_miss(low, angles, wanted))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        same = np.signbit(_miss(middle, angles, wanted)) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return (low + high) / 2


def evaluate(cubics: Points, t: Reals) -> Points:
    """Return points of cubics.

    Args:
        cubics: (..., 4) control points as complex numbers x + iy.
        t: (..., k), 0 to 1.

    Returns:
        (..., k).
    """
    s = 1 - t
    p0, p1, p2, p3 = (cubics[..., i, None] for i in range(4))
    points: Points = s * s * s * p0 + 3 * s * s * t * p1 + 3 * s * t * t * p2 + t * t * t * p3
    return points


def differentiate(cubics: Points, t: Reals) -> tuple[Points, Points]:
    """Return the first and second derivatives, each (..., k), of cubics at t, as in `evaluate`."""
    s = 1 - t
    d0, d1, d2 = (3 * (cubics[..., i + 1, None] - cubics[..., i, None]) for i in range(3))
    first: Points = s * s * d0 + 2 * s * t * d1 + t * t * d2
    second: Points = 2 * s * (d1 - d0) + 2 * t * (d2 - d1)
    return first, second

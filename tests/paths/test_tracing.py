"""Contours and curves: near the matte, few knots, closed, the right way round, never crossing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from outlines import PRODUCTS, draw_product, flatten, measure_distance
from PIL import Image, ImageDraw

from frisket.documents import ArrayAlpha
from frisket.documents.core.outline import OutlineOptions
from frisket.paths.contours import find_contours
from frisket.paths.cubic import differentiate, evaluate, measure, solve_arms
from frisket.paths.fit import fit_contours
from frisket.paths.rings import find_crossed
from frisket.paths.trace import NoOutline, find_rings, fit_rings, trace
from frisket.paths.values import BezierPath, find_area

NOISE = st.integers(0, 2**32 - 1)


def draw_noise(seed: int, size: int = 40, smooth: int = 5) -> np.ndarray:
    """Return blobs of random places and softness, some thinner than a pixel."""
    values = np.random.default_rng(seed).normal(size=(size, size))
    kernel = np.hanning(smooth + 2)
    for axis in (0, 1):
        values = np.apply_along_axis(np.convolve, axis, values, kernel, "same")
    return np.clip(128 + 90 * values / values.std(), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("kind", PRODUCTS)
def test_a_path_is_near_the_contour_and_has_few_knots(kind: str) -> None:
    matte = ArrayAlpha(draw_product(kind))
    rings = find_rings(matte, OutlineOptions())
    curves = fit_rings(rings, 0.5)
    far = [measure_distance(*pair) for pair in zip(rings, curves, strict=True)]
    assert max(far) <= 0.5
    assert BezierPath(tuple(curves)).knot_count <= 40
    for ring, curve in zip(rings, curves, strict=True):
        assert find_area(curve.flatten()) == pytest.approx(find_area(ring), rel=2e-3)


@settings(max_examples=12, deadline=None)
@given(seed=NOISE, tolerance=st.sampled_from([0.3, 0.5, 2.0]))
def test_curves_are_closed_within_the_tolerance_and_never_cross(
    seed: int, tolerance: float
) -> None:
    alpha = ArrayAlpha(draw_noise(seed))
    rings = find_rings(alpha, OutlineOptions(speck=1))
    curves = fit_rings(rings, tolerance)
    assert find_crossed(curves) == []
    for ring, curve in zip(rings, curves, strict=True):
        cubics = curve.cubics
        assert np.array_equal(np.roll(cubics[:, 3], 1), cubics[:, 0])
        assert measure_distance(ring, curve) <= tolerance
        assert (find_area(curve.flatten()) > 0) == (find_area(ring) > 0)


def draw_hair(seed: int, size: int, strands: int) -> np.ndarray:
    """Return a disc with wavy strands, one or two pixels wide, that lie over one another."""
    random, scale = np.random.default_rng(seed), 4
    image = Image.new("L", (size * scale, size * scale))
    pen, middle = ImageDraw.Draw(image), size * scale / 2
    pen.ellipse((middle * 0.55, middle * 0.55, middle * 1.45, middle * 1.45), fill=255)
    for angle in random.uniform(0, 2 * np.pi, strands):
        turns = angle + np.cumsum(random.normal(0, 0.09, 60))
        steps = np.cumsum(np.exp(1j * turns)) * size * 0.004 * scale
        points = middle * (1 + 1j) + np.exp(1j * angle) * middle * 0.4 + steps
        pen.line(list(zip(points.real, points.imag, strict=True)), fill=255, width=5)
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


@pytest.mark.parametrize("seed", [0, 4])
def test_a_curve_that_crosses_is_drawn_anew_there_and_stays_a_curve(seed: int) -> None:
    rings = find_rings(ArrayAlpha(draw_hair(seed, 300, 90)), OutlineOptions())
    curves = fit_rings(rings, 4.0)
    assert find_crossed(curves) == []
    for ring, curve in zip(rings, curves, strict=True):
        assert measure_distance(ring, curve) <= 4.0
    assert len(curves[0].knots) < len(rings[0]) / 10


@settings(max_examples=30, deadline=None)
@given(seed=NOISE, share=st.floats(0.05, 1))
def test_contours_close_and_both_fill_rules_agree_with_the_matte(seed: int, share: float) -> None:
    values = draw_noise(seed)
    rings = list(find_contours(ArrayAlpha(values), share))
    middles = (np.arange(40) + 0.5)[None, :] + 1j * (np.arange(40) + 0.5)[:, None]
    winding = sum(np.rint(wind(ring, middles)) for ring in rings) if rings else np.zeros((40, 40))
    assert np.array_equal(winding == 1, values >= share * 255)
    assert set(np.unique(winding)) <= {0, 1}


def wind(ring: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Return how often a closed line runs clockwise around points."""
    after = np.roll(ring, -1)
    turn = np.zeros(points.shape)
    for one, other in zip(ring, after, strict=True):
        turn += np.angle((other - points) / (one - points))
    return turn / (2 * np.pi)


@pytest.mark.parametrize("tile", [16, 37])
def test_contours_are_the_same_for_any_tiles(tile: int, monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = ArrayAlpha(draw_noise(7, 120))
    whole = {normalise(ring) for ring in find_contours(alpha)}
    monkeypatch.setattr("frisket.paths.contours._TILE", tile)
    assert {normalise(ring) for ring in find_contours(alpha)} == whole


def normalise(ring: np.ndarray) -> tuple[complex, ...]:
    points = np.round(ring, 6)
    return tuple(np.roll(points, -int(np.lexsort((points.imag, points.real))[0])))


@settings(max_examples=50, deadline=None)
@example(arms=(0.1015625, 0.125), angles=(0.46875, 0.05078125))  # two roots, near each other
@example(arms=(0.25945065, 0.22621962), angles=(0.17314144, 0.57454919))  # two roots are one
@given(
    arms=st.tuples(st.floats(0.1, 0.9), st.floats(0.1, 0.9)),
    angles=st.tuples(st.floats(0.05, 1.2), st.floats(0.05, 1.2)),
)
def test_area_and_moment_are_those_of_the_curve_and_are_kept(
    arms: tuple[float, float], angles: tuple[float, float]
) -> None:
    lengths, turns = np.array([arms]), np.array([angles])
    # Where a·sin(θ0 + θ1) is 2·sin(θ1), every b has the same area.
    assume(abs(2 * np.sin(angles[1]) - arms[0] * np.sin(sum(angles))) > 1 / 64)
    p1 = lengths[:, 0] * np.exp(1j * turns[:, 0])
    p2 = 1 - lengths[:, 1] * np.exp(-1j * turns[:, 1])
    cubic = np.stack([0 * p1, p1, p2, 0 * p1 + 1], axis=1)
    # Gauss's rule is exact for these polynomials.
    nodes, weights = np.polynomial.legendre.leggauss(8)
    t = (nodes[None] + 1) / 2
    z, slope = evaluate(cubic, t), differentiate(cubic, t)[0]
    area = -((z.real * slope.imag - z.imag * slope.real) / 2 @ weights / 2)
    moment = -(z.real**2 * slope.imag / 2 @ weights / 2)
    assert measure(lengths, turns) == pytest.approx(np.stack([area, moment], axis=1), abs=1e-12)
    found = solve_arms(turns, measure(lengths, turns))[0, :3]
    kept = measure(found, np.broadcast_to(turns, found.shape))
    assert np.abs(kept - measure(lengths, turns)).sum(axis=1).min() < 1e-3


def test_specks_are_left_out_and_holes_stay() -> None:
    values = draw_product("ring", 128).copy()
    values[2:4, 2:4] = 255
    values[24:26, 64:66] = 0
    path = trace(ArrayAlpha(values), OutlineOptions(speck=16)).path
    assert len(path.subpaths) == 2
    outer, hole = flatten(path)
    assert find_area(outer) > 0 > find_area(hole)
    assert len(trace(ArrayAlpha(values), OutlineOptions(speck=1)).path.subpaths) == 4


def test_an_inset_moves_the_outline_inwards() -> None:
    alpha = ArrayAlpha(draw_product("ring", 200))
    plain, inset = (trace(alpha, OutlineOptions(inset=one)).path for one in (0, 5))
    outer, hole = (flatten(one) for one in (plain, inset))
    assert outer[0].real.max() - hole[0].real.max() == pytest.approx(5, abs=0.6)
    assert hole[1].real.max() - outer[1].real.max() == pytest.approx(5, abs=0.6)


def test_more_knots_than_allowed_make_it_coarser() -> None:
    alpha = ArrayAlpha(draw_noise(3, 120, 12))
    free = trace(alpha, OutlineOptions())
    tight = trace(alpha, OutlineOptions(max_knots=free.path.knot_count * 3 // 4))
    assert tight.path.knot_count <= free.path.knot_count * 3 // 4
    assert tight.tolerance > 0.5 == free.tolerance


@pytest.mark.parametrize(
    ("values", "options", "said"),
    [
        (np.zeros((9, 9), np.uint8), OutlineOptions(), "as opaque as 50%"),
        (np.full((9, 9), 100, np.uint8), OutlineOptions(), "try a lower --threshold"),
        (np.full((9, 9), 255, np.uint8), OutlineOptions(inset=9), "inset of 9 px leaves nothing"),
        (draw_noise(1, 60, 3), OutlineOptions(max_knots=9, speck=0), "raise --speck"),
        (draw_noise(2, 200, 2), OutlineOptions(max_knots=99), "more than 99 knots even 16 px off"),
    ],
)
def test_what_has_no_outline_is_refused(
    values: np.ndarray, options: OutlineOptions, said: str
) -> None:
    with pytest.raises(NoOutline, match=said):
        trace(ArrayAlpha(values), options)


def test_straight_edges_and_corners_are_kept() -> None:
    values = np.zeros((60, 80), np.uint8)
    values[10:50, 20:70] = 255
    [curve] = fit_contours(list(find_contours(ArrayAlpha(values))), 0.45)
    assert len(curve.knots) == 4
    corners = np.array([20 + 10j, 70 + 10j, 70 + 50j, 20 + 50j])
    assert np.abs(curve.knots[:, 1][:, None] - corners).min(axis=0).max() < 0.75

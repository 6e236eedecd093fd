"""Frames that follow one another: steadied within the band, and again with the same bytes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import H, W, coarse, picture

from frisket.matting import Matting, MattingOptions
from frisket.matting.engine import Quality, refine
from frisket.matting.engine.motion import find_motion
from frisket.matting.engine.temporal import Track
from frisket.matting.engine.types import HintBox, HintPoint, Hints, Scribble
from frisket.matting.frames import SolvedFrame, solve_frame
from frisket.models import Coarse
from frisket.protocol.grid import Grid

GRID = Grid(W * 2, H * 2, 64)


def grainy(rgb: np.ndarray, seed: int, grain: float = 3.0) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, grain, rgb.shape)
    return np.rint(np.clip(rgb + noise, 0, 255)).astype(np.uint8)


def shift(plane: np.ndarray, x: int) -> np.ndarray:
    return np.roll(plane, x, axis=1)


def solve_all(
    frames: Sequence[tuple[np.ndarray, np.ndarray]], quality: Quality = Quality.STANDARD
) -> list[SolvedFrame]:
    """Solve frames (proxy, coarse alpha), each after the one before."""
    solved: list[SolvedFrame] = []
    for rgb, alpha in frames:
        before = solved[-1].track if solved else None
        matting = Matting(rgb, GRID, MattingOptions(quality=quality))
        solved.append(solve_frame(matting, Coarse(alpha), before))
    return solved


def show(frame: SolvedFrame, rgb: np.ndarray) -> np.ndarray:
    """The alpha (h, w) of a frame at twice its proxy's size, 0..1."""
    layer = rgb.repeat(2, axis=0).repeat(2, axis=1)
    return refine(frame.solution.matte, 0, 0, layer).astype(np.float32) / 255


def flicker(alphas: Sequence[np.ndarray]) -> float:
    return float(np.mean([np.abs(b - a).mean() for a, b in itertools.pairwise(alphas)]))


def test_a_still_scene_flickers_less_than_half_as_much_as_frame_by_frame() -> None:
    shown = [grainy(picture(), seed) for seed in range(8)]
    alone = [show(solve_all([(rgb, coarse())])[0], rgb) for rgb in shown]
    solved = solve_all([(rgb, coarse()) for rgb in shown])
    together = [show(frame, rgb) for frame, rgb in zip(solved, shown, strict=True)]
    assert flicker(together[2:]) < 0.5 * flicker(alone[2:])
    assert flicker(together[2:]) < 1 / 255


def test_a_model_that_wavers_is_averaged() -> None:
    pairs = [(picture(), np.roll(coarse(), step % 2 * 3, axis=0)) for step in range(8)]
    solved = [show(frame, picture()) for frame in solve_all(pairs)]
    alone = [show(solve_all([pair])[0], picture()) for pair in pairs]
    assert flicker(solved[2:]) < 0.6 * flicker(alone[2:])


def test_a_moving_subject_is_not_smeared() -> None:
    wide = np.ascontiguousarray(picture())
    pairs = [(shift(wide, 3 * step), shift(coarse(), 3 * step)) for step in range(6)]
    steady = show(solve_all(pairs)[-1], pairs[-1][0])
    alone = show(solve_all(pairs[-1:])[0], pairs[-1][0])
    assert np.abs(steady - alone).mean() < 0.01


def test_the_first_frame_is_what_a_picture_alone_would_be() -> None:
    [frame] = solve_all([(picture(), coarse())])
    alone = Matting(picture(), GRID).solve(Coarse(coarse()))
    assert frame.is_new
    for name in ("a", "b", "known", "alpha"):
        left, right = getattr(frame.solution.matte, name), getattr(alone.matte, name)
        assert np.array_equal(left, right), name


def test_a_scene_cut_forgets_what_was_before() -> None:
    other = np.random.default_rng(9).integers(0, 255, (H, W, 3), np.uint8)
    first, cut = solve_all([(picture(), coarse()), (other, coarse())])
    [alone] = solve_all([(other, coarse())])
    assert first.is_new and cut.is_new
    assert np.array_equal(cut.solution.matte.b, alone.solution.matte.b)


def test_a_recurrent_model_is_not_averaged_again() -> None:
    """Its coarse alpha, which comes with a state, is solved as it is; the band is steadied."""
    wavering = [np.roll(coarse(), step % 2 * 3, axis=0) for step in range(3)]
    before, found = None, []
    for alpha in wavering:
        answer = Coarse(alpha, state=())
        solved = solve_frame(Matting(picture(), GRID), answer, before)
        before = solved.track
        found.append(solved.solution.coarse.alpha)
    for alpha, kept in zip(wavering, found, strict=True):
        np.testing.assert_array_equal(kept, alpha)
    averaged = solve_all([(picture(), alpha) for alpha in wavering])[-1].solution.coarse.alpha
    assert not np.array_equal(averaged, wavering[-1])


@pytest.mark.parametrize("quality", [Quality.DRAFT, Quality.STANDARD, Quality.HIGH])
def test_alpha_outside_the_band_stays_nothing_or_all(quality: Quality) -> None:
    pairs = [(grainy(picture(), seed), coarse()) for seed in range(3)]
    matte = solve_all(pairs, quality)[-1].solution.matte
    outside = matte.known != 128
    assert not matte.a[outside].any()
    assert np.array_equal(matte.b[outside], matte.known[outside] / np.float32(255))


@settings(max_examples=10, deadline=None)
@given(start=st.integers(0, 5), seed=st.integers(0, 100), x=st.integers(-4, 4))
def test_frames_since_a_restart_decide_every_byte(start: int, seed: int, x: int) -> None:
    pairs = [
        (grainy(shift(picture(), x * step), seed + step), shift(coarse(), x * step))
        for step in range(start + 2)
    ]
    once, again = solve_all(pairs[start:])[-1], solve_all(pairs[start:])[-1]
    for name in ("a", "b", "known"):
        left, right = getattr(once.solution.matte, name), getattr(again.solution.matte, name)
        assert np.array_equal(left, right), name


@settings(max_examples=30, deadline=None)
@given(
    high=st.integers(1, 40),
    wide=st.integers(1, 40),
    seed=st.integers(0, 1000),
    same=st.booleans(),
)
def test_motion_of_any_frames_is_finite_and_trust_a_share(
    high: int, wide: int, seed: int, same: bool
) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 256, (2, high, wide, 3), np.uint8)
    motion = find_motion(first, first if same else second)
    assert np.isfinite(motion.flow).all()
    assert motion.trust.min() >= 0 and motion.trust.max() <= 1
    assert not (same and motion.is_cut)


@pytest.mark.parametrize("long", [12, 40, 200, 400, 640, 1920])
@pytest.mark.parametrize("short", range(1, 19))
def test_narrow_frames_have_a_motion(short: int, long: int) -> None:
    rng = np.random.default_rng(short)
    wide = rng.integers(0, 256, (short, long, 3), dtype=np.uint8)
    for frame in (wide, np.ascontiguousarray(wide.swapaxes(0, 1))):
        motion = find_motion(frame, np.roll(frame, 2, axis=1))
        assert np.isfinite(motion.flow).all() and np.isfinite(motion.trust).all()


def test_motion_is_found_where_a_picture_moves() -> None:
    still = np.random.default_rng(4).integers(0, 256, (30, 40, 3), np.uint8)
    large = still.repeat(4, axis=0).repeat(4, axis=1)
    motion = find_motion(large, shift(large, 3))
    middle = motion.flow[20:-20, 20:-20]
    assert np.abs(np.median(middle[..., 0]) + 3) < 0.25
    assert np.abs(np.median(middle[..., 1])) < 0.25


def test_a_track_grows_no_longer_than_its_frame() -> None:
    solved = solve_all([(grainy(picture(), seed), coarse()) for seed in range(4)])
    sizes = [_measure(frame.track) for frame in solved]
    assert len(set(sizes)) == 1


def _measure(track: Track) -> int:
    return sum(plane.nbytes for plane in (track.rgb, track.coarse, track.seen, track.a))


def two_discs(step: int) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """A picture with two discs that move, a model's answer that finds both, the right one's place.

    The model wavers, as models do, and the background has a texture.
    """
    y, x = np.mgrid[:120, :200]
    left, right = (50 + step, 60), (140 - step // 2, 60 + step // 2)
    rng = np.random.default_rng(1)
    rgb = np.kron(rng.integers(60, 120, (30, 50, 3)), np.ones((4, 4, 1)))
    spots = np.kron(rng.integers(-20, 20, (30, 50, 3)), np.ones((4, 4, 1)))
    for (a, b), colour in ((left, (230, 190, 60)), (right, (60, 210, 220))):
        inside = np.hypot(x - a, y - b) < 24
        rgb[inside] = (np.asarray(colour) + np.roll(spots, (b, a), (0, 1)))[inside]
    found = np.hypot(x - left[0], y - left[1]) < 24 + step % 2
    found |= np.hypot(x - right[0], y - right[1]) < 24 - step % 3
    return np.clip(rgb, 0, 255).astype(np.uint8), found.astype(np.uint8) * 255, right


def say_no_disc(way: str, x: int, y: int) -> Hints:
    """What says that the disc at x, y is not the subject."""
    if way == "point":
        return Hints(points=(HintPoint(x, y, False),))
    if way == "scribble":
        return Hints(scribbles=(Scribble([(x - 12, y), (x + 12, y)], 5, False),))
    if way == "box":  # around the other disc
        step = 2 * (y - 60)
        return Hints(boxes=(HintBox(24 + step, 34, 77 + step, 87),))
    rows, columns = np.mgrid[:120, :200]
    inside = np.hypot(columns - x, rows - y) < 28
    return Hints(trimap=np.where(inside, 0, 128).astype(np.uint8))


def solve_discs(
    steps: int, hinted: Callable[[int], bool], way: str = "point", found_from: int = 0
) -> list[np.ndarray]:
    """The subject (h, w) bool of every frame; the right disc is said to be none where `hinted`.

    The model finds that disc from the frame `found_from` on.
    """
    before, found = None, []
    for step in range(steps):
        rgb, answer, (x, y) = two_discs(step)
        if step < found_from:
            answer[:, x - 30 :] = 0
        said = say_no_disc(way, x, y) if hinted(step) else Hints()
        matting = Matting(rgb, Grid(200, 120, 64), MattingOptions(hints=said))
        solved = solve_frame(matting, Coarse(answer), before)
        before = solved.track
        found.append(refine(solved.solution.matte, 0, 0, rgb) >= 128)
    return found


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("way", ["point", "scribble", "trimap", "box"])
def test_a_hint_on_a_key_frame_holds_for_the_frames_after_it(way: str) -> None:
    once = solve_discs(26, lambda step: step == 0, way)
    always = solve_discs(26, lambda step: True, way)
    never = solve_discs(26, lambda step: False)
    assert min(map(overlap, once, always)) >= 0.95
    assert max(map(overlap, never, always)) < 0.7, "without hints both discs are found"


@pytest.mark.parametrize("way", ["point", "scribble", "trimap", "box"])
def test_a_hint_that_changed_nothing_on_its_frame_holds_when_the_model_errs_later(way: str) -> None:
    once = solve_discs(26, lambda step: step == 0, way, found_from=12)
    always = solve_discs(26, lambda step: True, way, found_from=12)
    never = solve_discs(26, lambda step: False, found_from=12)
    assert min(map(overlap, once, always)) >= 0.95
    assert overlap(never[-1], always[-1]) < 0.7


def test_what_a_prompted_model_was_told_is_seen_at_once() -> None:
    rgb, both, (x, y) = two_discs(0)
    left = both.copy()
    left[:, x - 30 :] = 0
    grid = Grid(200, 120, 64)
    track = None
    for _ in range(4):
        track = solve_frame(Matting(rgb, grid), Coarse(both), track).track
    options = MattingOptions(hints=Hints(points=(HintPoint(50, 60),)))
    told = solve_frame(Matting(rgb, grid, options), Coarse(left, prompted=True), track)
    assert refine(told.solution.matte, 0, 0, rgb)[y, x] < 10


def test_a_later_hint_and_a_cut_end_what_was_said() -> None:
    rgb, answer, (x, y) = two_discs(0)
    grid = Grid(200, 120, 64)
    said, unsaid = (
        MattingOptions(hints=Hints(points=(HintPoint(x, y, positive),)))
        for positive in (False, True)
    )
    first = solve_frame(Matting(rgb, grid, said), Coarse(answer))
    again = solve_frame(Matting(rgb, grid, unsaid), Coarse(answer), first.track)
    shown = [refine(one.solution.matte, 0, 0, rgb)[y, x] for one in (first, again)]
    assert shown[0] < 10 and shown[1] > 245
    other = np.random.default_rng(9).integers(0, 255, rgb.shape, np.uint8)
    cut = solve_frame(Matting(other, grid), Coarse(answer), first.track)
    assert cut.is_new and cut.track.said.empty

"""What was said of a frame goes where the picture goes, and ends where that cannot be seen."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matting_kit import coarse, picture

from frisket.matting.engine.motion import Motion, find_motion
from frisket.matting.engine.moving import fill_lost, keep_said, move_box, move_hints
from frisket.matting.engine.types import HintBox, HintPoint, Hints, Scribble

HIGH, WIDE = 90, 130
SHIFTS = st.integers(-9, 9)
SUBJECT = coarse().astype(np.float32)


def shift_all(x: float, y: float, trust: np.ndarray | None = None) -> Motion:
    """A motion by which all goes x to the right and y down."""
    forth = np.broadcast_to(np.array([x, y], np.float32), (HIGH, WIDE, 2))
    return Motion(-forth, forth, np.ones((HIGH, WIDE), np.float32) if trust is None else trust)


def say_all() -> Hints:
    trimap = np.full((HIGH, WIDE), 128, np.uint8)
    trimap[30:60, 45:85] = 255
    trimap[:15], trimap[75:], trimap[:, :30], trimap[:, 100:] = 0, 0, 0, 0
    return Hints(
        boxes=(HintBox(35, 15, 95, 75),),
        points=(HintPoint(60, 40), HintPoint(20, 70, False)),
        scribbles=(Scribble([(50, 30), (80, 60), (80, 70)], 3),),
        trimap=trimap,
        prior=coarse(),
    )


@given(SHIFTS, SHIFTS)
def test_a_shift_moves_every_hint_by_itself(x: int, y: int) -> None:
    said = keep_said(say_all())
    moved = move_hints(said, shift_all(x, y), SUBJECT)
    [box], [was] = moved.boxes, said.boxes
    assert np.allclose(
        (box.left - was.left, box.top - was.top, box.right - was.right, box.bottom - was.bottom),
        (x, y, x, y),
    )
    assert [(p.x, p.y, p.positive) for p in moved.points] == [
        (p.x + x, p.y + y, p.positive) for p in said.points
    ]
    assert np.allclose(moved.scribbles[0].line - said.scribbles[0].line, (x, y))
    inner = slice(10, -10), slice(10, -10)
    for plane, before in ((moved.trimap, said.trimap), (moved.prior, said.prior)):
        assert plane is not None and before is not None
        assert np.array_equal(plane[inner], np.roll(before, (y, x), (0, 1))[inner])


def test_what_is_not_found_again_ends() -> None:
    nowhere = shift_all(2, 0, np.zeros((HIGH, WIDE), np.float32))
    moved = move_hints(keep_said(say_all()), nowhere, SUBJECT)
    assert not (moved.boxes or moved.points or moved.scribbles)
    assert moved.trimap is not None and not np.isin(moved.trimap, (0, 255)).any()


def test_what_leaves_the_frame_ends() -> None:
    said = keep_said(Hints(points=(HintPoint(125, 40),), scribbles=(Scribble([(126, 20)]),)))
    moved = move_hints(said, shift_all(8, 0), SUBJECT)
    assert moved.empty


def test_a_scribble_whose_middle_is_hidden_goes_on_in_two_parts() -> None:
    trust = np.ones((HIGH, WIDE), np.float32)
    trust[:, 55:75] = 0
    said = keep_said(Hints(scribbles=(Scribble([(30, 45), (100, 45)], 3, False),)))
    moved = move_hints(said, shift_all(1, 0, trust), SUBJECT).scribbles
    left, right = (line.line[:, 0] for line in moved)
    assert left.max() < 60 and right.min() > 70
    assert not any(line.positive for line in moved)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.9, 1.12), SHIFTS, SHIFTS)
def test_a_box_grows_and_moves_with_its_subject_alone(scale: float, x: int, y: int) -> None:
    """The background stands still."""
    rows, columns = np.indices((HIGH, WIDE), np.float32)
    away = np.stack([columns, rows], axis=-1) * (scale - 1)
    away += np.array([x - (scale - 1) * WIDE / 2, y - (scale - 1) * HIGH / 2], np.float32)
    forth = np.where(SUBJECT[..., None] >= 128, away, 0).astype(np.float32)
    motion = Motion(-forth, forth, np.ones((HIGH, WIDE), np.float32))
    middle, reach = np.array([WIDE, HIGH]) / 2, 28
    box = move_box(HintBox(*(middle - reach), *(middle + reach)), motion, SUBJECT)
    assert box is not None
    gone = middle + np.array([x, y])
    wanted = [*(gone - reach * scale), *(gone + reach * scale)]
    assert np.allclose((box.left, box.top, box.right, box.bottom), wanted, atol=0.6)


def test_a_box_follows_what_is_in_it_where_the_model_finds_nothing() -> None:
    box = move_box(HintBox(35, 15, 95, 75), shift_all(3, 0), np.zeros_like(SUBJECT))
    assert box is not None and np.isclose(box.left, 38) and np.isclose(box.right, 98)


def test_the_open_seam_goes_with_the_subject_over_a_background_that_stands() -> None:
    trimap = np.zeros((HIGH, WIDE), np.uint8)
    trimap[20:70, 36:94], trimap[30:60, 45:85] = 128, 255
    said = keep_said(Hints(trimap=trimap))
    for step in range(8):
        flow = np.zeros((HIGH, WIDE, 2), np.float32)
        flow[30:60, 45 + 2 * (step + 1) : 85 + 2 * (step + 1), 0] = -2
        trust = np.ones((HIGH, WIDE), np.float32)
        trust[30:60, 45 + 2 * step : 47 + 2 * step] = 0  # uncovered
        said = move_hints(said, Motion(flow, -flow, trust), SUBJECT)
    assert said.trimap is not None
    row = said.trimap[45]
    assert (row[62:100] == 255).all()
    assert (row[102:109] == 128).all(), "open before the subject, where it was closed"
    assert (row[36:45] == 0).all(), "closed behind it, where it was open"


def test_what_is_new_amid_one_label_has_that_label() -> None:
    trimap = np.zeros((HIGH, WIDE), np.uint8)
    trimap[:, 60:] = 255
    trust = np.ones((HIGH, WIDE), np.float32)
    trust[40:43, 20:23] = trust[40:43, 100:103] = trust[40:43, 58:62] = 0
    moved = move_hints(keep_said(Hints(trimap=trimap)), shift_all(0, 0, trust), SUBJECT).trimap
    assert moved is not None
    assert (moved[40:43, 20:23] == 0).all() and (moved[40:43, 100:103] == 255).all()
    assert not np.isin(moved[40:43, 60:62], (0, 255)).any(), "between two labels nothing is known"


def test_where_a_trimap_is_lost_the_model_decides() -> None:
    trust = np.ones((HIGH, WIDE), np.float32)
    trust[:, 70:] = 0
    said = keep_said(Hints(trimap=np.full((HIGH, WIDE), 255, np.uint8)))
    moved = fill_lost(move_hints(said, shift_all(0, 0, trust), SUBJECT), coarse())
    assert moved.trimap is not None
    assert (moved.trimap[:, :70] == 255).all()
    assert moved.trimap[5, 120] == 0 and moved.trimap[45, 75] == 255


def test_a_hint_does_not_creep_in_a_scene_that_stands_still() -> None:
    said = keep_said(say_all())
    moved = said
    for step in range(10):
        noise = np.random.default_rng(step).normal(0, 3, (2, HIGH, WIDE, 3))
        frames = (np.clip(picture() + one, 0, 255).astype(np.uint8) for one in noise)
        moved = move_hints(moved, find_motion(*frames), SUBJECT)
    assert abs(moved.boxes[0].left - said.boxes[0].left) < 1
    assert abs(moved.points[0].x - said.points[0].x) < 0.5
    assert len(moved.scribbles) == 1


def test_what_is_kept_of_scribbles_is_bounded() -> None:
    zigzag = np.array([(step % 2 * 2000, step % 50) for step in range(4096)])
    kept = keep_said(Hints(scribbles=(Scribble(zigzag), Scribble([(1, 1)]))))
    assert sum(len(line.line) for line in kept.scribbles) < 4 * 4096

"""Several looks at a picture: what becomes of a prompt, and how answers are joined."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.models import (
    Box,
    Coarse,
    Frame,
    Point,
    Prompt,
    Registry,
    Stroke,
    crop_picture,
    crop_prompt,
    frame_subject,
    join_looks,
    mirror_picture,
    mirror_prompt,
)

WIDTH = 640


@dataclass(frozen=True)
class LaterBox(Box):
    """A box as it may be one day."""

    weight: float = 1.0


@dataclass(frozen=True)
class LaterPoint(Point):
    label: str = ""


@dataclass(frozen=True, eq=False)
class LaterStroke(Stroke):
    radius: float = 0.0


@dataclass(frozen=True)
class LaterPrompt(Prompt):
    text: str = ""


SAMPLES: dict[str, Any] = {
    "bool": False,
    "float": 3.0,
    "str": "said",
    "tuple[str, ...]": ("cat",),
    "State | None": (np.ones(1, np.float32),),
}


def fill(kind: type, **given: object) -> Any:
    """Every field of a dataclass at a value that is not its default."""
    rest = {f.name: SAMPLES[str(f.type)] for f in fields(kind) if f.name not in given}
    return kind(**given, **rest)


def full_prompt(box: type, point: type, stroke: type, prompt: type) -> Any:
    parts = {
        "boxes": (fill(box, left=10.0, right=60.0),),
        "points": (fill(point, x=7.0),),
        "strokes": (fill(stroke, line=((1.0, 2.0), (30.0, 4.0))),),
    }
    return fill(prompt, **parts)


@pytest.mark.parametrize(
    "kinds", [(Box, Point, Stroke, Prompt), (LaterBox, LaterPoint, LaterStroke, LaterPrompt)]
)
def test_every_field_survives_the_mirror(kinds: tuple[type, type, type, type]) -> None:
    told = full_prompt(*kinds)
    once = mirror_prompt(told, WIDTH)
    assert once is not None and once != told
    assert [type(part) for part in (*once.boxes, *once.points, *once.strokes)] == list(kinds[:3])
    assert mirror_prompt(once, WIDTH) == told


def test_no_prompt_stays_none() -> None:
    assert mirror_prompt(None, WIDTH) is None


@given(st.integers(1, 40), st.data())
def test_a_mirrored_point_is_the_same_pixel(width: int, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, width - 1))
    picture = np.zeros((1, width, 3), np.uint8)
    picture[0, x] = 255
    flipped = mirror_prompt(Prompt((Box(x, 0, x + 1, 1),), (Point(x, 0),)), width)
    assert flipped is not None
    box, point = flipped.boxes[0], flipped.points[0]
    there = mirror_picture(picture)[0, :, 0]
    assert there[int(point.x)] == 255
    assert there[int(box.left) : int(box.right)].tolist() == [255]


def test_looks_that_agree_are_the_answer(registry: Registry, subject: np.ndarray) -> None:
    model = registry.open("fake")
    plain, mirror = model.matte([subject])[0], model.matte([mirror_picture(subject)])[0]
    frame = frame_subject(plain)
    assert frame is not None
    close = replace(plain, alpha=crop_picture(plain.alpha, frame))
    assert np.array_equal(join_looks(plain, mirror, close, frame).alpha, plain.alpha)


def coarse_of(alpha: np.ndarray) -> Coarse:
    return Coarse(alpha, cell_px=2.0)


def draw(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    alpha = np.zeros((200, 300), np.uint8)
    for top, bottom, left, right in boxes:
        alpha[top:bottom, left:right] = 255
    return alpha


def join(plain: np.ndarray, turned: np.ndarray, near: np.ndarray) -> np.ndarray:
    frame = frame_subject(coarse_of(plain))
    assert frame is not None
    mirror, close = coarse_of(mirror_picture(turned)), coarse_of(crop_picture(near, frame))
    return join_looks(coarse_of(plain), mirror, close, frame).alpha


def test_two_looks_move_an_outline_and_one_does_not() -> None:
    plain, wider = draw((60, 140, 40, 100)), draw((60, 140, 40, 104))
    assert np.array_equal(join(plain, wider, wider), wider)
    assert np.array_equal(join(plain, wider, plain), plain)
    assert np.array_equal(join(plain, plain, wider), plain)


def test_other_looks_bring_in_nothing_far_from_the_first() -> None:
    plain = draw((40, 160, 40, 140))
    more = draw((40, 160, 40, 144), (90, 110, 240, 270))
    joined = join(plain, more, more)
    assert not joined[:, 200:].any()
    assert np.array_equal(joined[:, :100], plain[:, :100])


def test_a_look_at_another_subject_is_left_out() -> None:
    plain, other = draw((60, 140, 40, 100)), draw((60, 140, 40, 140))
    assert np.array_equal(join(plain, other, other), plain)


def test_a_subject_that_only_the_mirror_image_shows_stands() -> None:
    nothing, something = draw(), draw((60, 140, 40, 100))
    plain = Coarse(nothing, empty=True)
    joined = join_looks(plain, coarse_of(mirror_picture(something)))
    assert np.array_equal(joined.alpha, something) and not joined.empty
    assert frame_subject(plain) is None


@given(st.integers(0, 59), st.integers(0, 39), st.integers(1, 60), st.integers(1, 40))
def test_a_prompt_in_a_part_names_the_same_pixels(x: int, y: int, right: int, bottom: int) -> None:
    """What a part does not show is left out, the rest is where it was."""
    frame = Frame(10, 5, 50, 35)
    prompt = Prompt((Box(x, y, x + right, y + bottom),), (Point(x, y),), (), (Stroke(((x, y),)),))
    told = crop_prompt(prompt, frame)
    picture = np.zeros((80, 120), np.uint8)
    picture[y : y + bottom, x : x + right] = 1
    picture[y, x] = 2
    part = crop_picture(picture, frame)
    assert told is not None
    assert [part[int(p.y), int(p.x)] for p in told.points] == [2] * bool((part == 2).any())
    assert [s.line.tolist() for s in told.strokes] == [[[p.x, p.y]] for p in told.points]
    boxed = np.zeros(part.shape, bool)
    for box in told.boxes:
        boxed[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = True
    assert np.array_equal(boxed, part > 0)

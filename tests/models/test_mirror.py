"""Two looks at a picture: what a prompt carries survives the mirror, and how answers are joined."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.models import (
    Box,
    Coarse,
    Point,
    Prompt,
    Registry,
    Stroke,
    average_mirrored,
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


@dataclass(frozen=True)
class LaterStroke(Stroke):
    radius: float = 0.0


@dataclass(frozen=True)
class LaterPrompt(Prompt):
    text: str = ""


SAMPLES: dict[str, Any] = {"bool": False, "float": 3.0, "str": "said", "tuple[str, ...]": ("cat",)}


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


def test_averaging_mirror_images(registry: Registry, subject: np.ndarray) -> None:
    model = registry.open("fake")
    plain, mirror = model.matte([subject])[0], model.matte([mirror_picture(subject)])[0]
    assert np.array_equal(average_mirrored(plain, mirror).alpha, plain.alpha)


def coarse_of(alpha: np.ndarray) -> Coarse:
    return Coarse(alpha, cell_px=2.0)


def test_the_mirror_image_counts_along_outlines_only() -> None:
    """It may move an edge, not bring in a second thing far from the first."""
    plain, other = np.zeros((200, 300), np.uint8), np.zeros((200, 300), np.uint8)
    plain[60:140, 40:100] = 255
    other[60:140, 40:104] = 255
    other[90:110, 240:280] = 255
    mixed = average_mirrored(coarse_of(plain), coarse_of(mirror_picture(other))).alpha
    assert np.all(mixed[65:135, 100:104] == 128)
    assert not mixed[:, 200:].any()
    assert np.array_equal(mixed[:, :100], plain[:, :100])

"""What a model is asked about a picture, and what becomes of its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from frisket.matting.engine import Hints, Quality
from frisket.matting.engine.types import Bytes
from frisket.matting.errors import UnknownClass
from frisket.models import (
    Box,
    Coarse,
    ModelInfo,
    Point,
    Prompt,
    Stroke,
    crop_picture,
    crop_prompt,
    frame_subject,
    join_looks,
    mirror_picture,
    mirror_prompt,
)

_SEVERAL = (Quality.HIGH, Quality.BEST)


@dataclass(frozen=True)
class Picture:
    """What a model is asked about: sRGB (h, w, 3) uint8, and a prompt if any."""

    rgb: Bytes
    prompt: Prompt | None = None


def list_views(picture: Picture, quality: Quality) -> tuple[Picture, ...]:
    """Return what a model looks at first: the picture, and from `high` on its mirror image."""
    if quality not in _SEVERAL:
        return (picture,)
    prompt = mirror_prompt(picture.prompt, picture.rgb.shape[1])
    return picture, Picture(mirror_picture(picture.rgb), prompt)


def list_closer_views(picture: Picture, answers: Sequence[Coarse]) -> tuple[Picture, ...]:
    """Return what a model looks at next, knowing its answers to `list_views`.

    That is the part around the subject, where it looked at more than the picture alone.
    """
    frame = frame_subject(answers[0]) if len(answers) > 1 else None
    if frame is None:
        return ()
    return (Picture(crop_picture(picture.rgb, frame), crop_prompt(picture.prompt, frame)),)


def combine_answers(answers: Sequence[Coarse]) -> Coarse:
    """Return one coarse alpha from a model's answers to `list_views` and `list_closer_views`."""
    plain, *others = answers
    if not others:
        # A class alone would keep the model's whole answer in memory.
        return replace(plain, layers={})
    mirror, close = others[0], others[1] if len(others) > 1 else None
    return join_looks(plain, mirror, close, frame_subject(plain))


def make_prompt(hints: Hints, classes: Sequence[str] = ()) -> Prompt | None:
    """Return what a model needs of the hints, and of the classes asked for."""
    if not (hints.boxes or hints.points or hints.scribbles or classes):
        return None
    return Prompt(
        classes=tuple(classes),
        boxes=tuple(Box(box.left, box.top, box.right, box.bottom) for box in hints.boxes),
        points=tuple(Point(point.x, point.y, point.positive) for point in hints.points),
        strokes=tuple(Stroke(line.line, line.positive) for line in hints.scribbles),
    )


def check_classes(classes: Sequence[str], info: ModelInfo) -> None:
    """Refuse classes that a model does not have.

    Raises:
        UnknownClass: it lists those that exist.
    """
    known = info.cuttable
    for name in classes:
        if name not in known:
            have = f"it has {', '.join(known)}" if known else "it has no classes"
            raise UnknownClass(f"The model {info.name} knows no class '{name}': {have}.")

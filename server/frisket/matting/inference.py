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
    average_mirrored,
    mirror_picture,
    mirror_prompt,
)

_TWICE = (Quality.HIGH, Quality.BEST)


@dataclass(frozen=True)
class Picture:
    """What a model is asked about: sRGB (h, w, 3) uint8, and a prompt if any."""

    rgb: Bytes
    prompt: Prompt | None = None


def list_views(picture: Picture, quality: Quality) -> tuple[Picture, ...]:
    """Return what a model looks at: the picture, and from `high` on its mirror image too."""
    if quality not in _TWICE:
        return (picture,)
    prompt = mirror_prompt(picture.prompt, picture.rgb.shape[1])
    return picture, Picture(mirror_picture(picture.rgb), prompt)


def combine_answers(answers: Sequence[Coarse]) -> Coarse:
    """Return one coarse alpha from a model's answers to `list_views`."""
    coarse = average_mirrored(answers[0], answers[1]) if len(answers) == 2 else answers[0]
    # A class alone would keep the model's whole answer in memory.
    return replace(coarse, layers={})


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

"""Several looks at a picture with the same weights: one steadier answer along outlines.

A look is the picture itself, its mirror image, or the part of it around the subject. Of three
answers the middle one is taken, pixel by pixel: no look alone can move an outline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from .core.types import Array, Box, Coarse, Float, Mask, Picture, Point, Prompt

#: How far from what the first answer leaves open the others count, in the model's own pixels.
#: Nearer, hair gains less; everywhere, another look may add or drop whole things.
_REACH = 8
_SURE = (5, 250)
#: Looks whose soft intersection over union is less see another subject than the first.
_ALIKE = 0.85
#: Around the subject, as a share of its size: a model is to see what lies behind it.
_MARGIN = 0.15


@dataclass(frozen=True)
class Frame:
    """A part of a picture, in its pixels; right and bottom are one past the last."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def place(self) -> tuple[slice, slice]:
        """Its rows and columns, to index an array with."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def mirror_picture(image: Picture) -> Picture:
    """Return the picture flipped left to right."""
    return np.ascontiguousarray(image[:, ::-1])


def mirror_prompt(prompt: Prompt | None, width: int) -> Prompt | None:
    """Return the prompt for the mirror image of a picture ``width`` pixels wide.

    Only places change; whatever else a prompt or a part of it carries stays.
    """
    if prompt is None:
        return None
    return replace(
        prompt,
        boxes=tuple(replace(b, left=width - b.right, right=width - b.left) for b in prompt.boxes),
        points=tuple(replace(p, x=width - 1 - p.x) for p in prompt.points),
        strokes=tuple(replace(s, line=_mirror_line(s.line, width)) for s in prompt.strokes),
    )


def _mirror_line(line: Array, width: int) -> Array:
    return np.column_stack([width - 1 - line[:, 0], line[:, 1]])


def crop_picture(image: Picture, frame: Frame) -> Picture:
    """Return the part of a picture that a frame shows."""
    return np.ascontiguousarray(image[frame.place])


def crop_prompt(prompt: Prompt | None, frame: Frame) -> Prompt | None:
    """Return the prompt for a part of the picture: what lies outside it is left out."""
    if prompt is None:
        return None
    lines = (replace(s, line=_crop_line(s.line, frame)) for s in prompt.strokes)
    return replace(
        prompt,
        boxes=tuple(box for one in prompt.boxes if (box := _crop_box(one, frame))),
        points=tuple(
            replace(p, x=p.x - frame.left, y=p.y - frame.top)
            for p in prompt.points
            if _shows(frame, p)
        ),
        strokes=tuple(one for one in lines if len(one.line)),
    )


def _shows(frame: Frame, point: Point) -> bool:
    return frame.left <= point.x < frame.right and frame.top <= point.y < frame.bottom


def _crop_line(line: Array, frame: Frame) -> Array:
    inside = (line >= (frame.left, frame.top)) & (line < (frame.right, frame.bottom))
    return np.asarray(line[inside.all(axis=1)] - (frame.left, frame.top))


def _crop_box(box: Box, frame: Frame) -> Box | None:
    left, top = max(box.left, frame.left), max(box.top, frame.top)
    right, bottom = min(box.right, frame.right), min(box.bottom, frame.bottom)
    if left >= right or top >= bottom:
        return None
    return replace(
        box,
        left=left - frame.left,
        top=top - frame.top,
        right=right - frame.left,
        bottom=bottom - frame.top,
    )


def frame_subject(coarse: Coarse) -> Frame | None:
    """Return where a picture is worth a closer look: around the subject, if there is one."""
    rows, columns = (np.flatnonzero((coarse.alpha >= 128).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return None
    height, width = coarse.alpha.shape
    top, bottom = _widen(int(rows[0]), int(rows[-1]) + 1, height)
    left, right = _widen(int(columns[0]), int(columns[-1]) + 1, width)
    return Frame(left, top, right, bottom)


def _widen(first: int, end: int, size: int) -> tuple[int, int]:
    margin = int((end - first) * _MARGIN) + 4
    return max(0, first - margin), min(size, end + margin)


def join_looks(
    plain: Coarse, mirror: Coarse, close: Coarse | None = None, frame: Frame | None = None
) -> Coarse:
    """Return the middle one of a model's answers, pixel by pixel along outlines.

    Elsewhere the first answer stands: what belongs to the subject is not decided by a vote. It
    also stands where another look does not see the same subject.

    Args:
        plain: for the picture.
        mirror: for ``mirror_picture(picture)``, not flipped back.
        close: for ``crop_picture(picture, frame)``; None where nobody looked closer.
        frame: of ``close``.

    Returns:
        Without layers. Where only the mirror image showed a subject, that one's answer.
    """
    plain, turned = replace(plain, layers={}), mirror_picture(mirror.alpha)
    if plain.empty and not mirror.empty:
        return replace(mirror, alpha=turned, layers={})
    if mirror.empty or close is None or close.empty or frame is None:
        return plain
    near = plain.alpha.copy()
    near[frame.place] = close.alpha
    if min(_compare(plain.alpha, turned), _compare(plain.alpha, near)) < _ALIKE:
        return plain
    alpha = _take_middle([plain.alpha, turned, near], plain.cell_px)
    return replace(
        plain, alpha=alpha, confidence=(plain.confidence + mirror.confidence + close.confidence) / 3
    )


def _compare(one: Mask, other: Mask) -> float:
    """Return the soft intersection over union of two alphas, 0..1."""
    union = int(np.maximum(one, other).sum(dtype=np.int64))
    return float(np.minimum(one, other).sum(dtype=np.int64)) / max(union, 1)


def _take_middle(answers: Sequence[Mask], cell: float) -> Mask:
    first, second, third = answers
    low, high = np.minimum(first, second), np.maximum(first, second)
    middle = np.maximum(low, np.minimum(high, third)).astype(np.float32)
    share = _find_outlines(first, cell)
    return np.asarray(np.rint(first + share * (middle - first)), np.uint8)


def _find_outlines(alpha: Mask, cell: float) -> Float:
    """Return (h, w) float32: 1 near anything between 0 and 255, fading to 0 beyond the reach."""
    height, width = alpha.shape
    size = (max(1, round(width / cell)), max(1, round(height / cell)))
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    outline = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) >= 128
    open_ = outline | ((small > _SURE[0]) & (small < _SURE[1]))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _REACH + 1, 2 * _REACH + 1))
    near = cv2.dilate(open_.astype(np.float32), disc)
    return np.asarray(cv2.resize(near, (width, height), interpolation=cv2.INTER_LINEAR))

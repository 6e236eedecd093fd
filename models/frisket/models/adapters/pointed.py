"""The weight-free cut where the user pointed: a box or points decide what is searched.

The same two tools as without hints, but the background is what lies outside the box or
near negative points, the foreground what lies nearer, in geodesic distance, to positive
ones; the surest tenth is held fixed so that GrabCut cannot lose the subject.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.types import Float, Mask, Picture, Prompt
from .contrast import (
    grab,
    mark_border,
    measure_geodesic,
    measure_steps,
    measure_unlike,
    reduce_picture,
)
from .marks import Marks, draw_marks

Bool = NDArray[np.bool_]

SIDE = 240
_TINY = 96
_MARGIN = 0.6  # of the box's own size, looked at around it
_PROBABLE = 0.75  # share of the searched region that starts as foreground
_CORE = 0.10  # share that is held as foreground


def choose_window(prompt: Prompt, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of what is looked at, in pixels of the picture."""
    high, wide = size
    if not prompt.boxes:
        return 0, 0, wide, high
    left, top = min(b.left for b in prompt.boxes), min(b.top for b in prompt.boxes)
    right, bottom = max(b.right for b in prompt.boxes), max(b.bottom for b in prompt.boxes)
    dx, dy = _MARGIN * (right - left) + 8, _MARGIN * (bottom - top) + 8
    reach = [*(p.x for p in prompt.points), left - dx, right + dx]
    fall = [*(p.y for p in prompt.points), top - dy, bottom + dy]
    return (
        int(max(0, min(reach))),
        int(max(0, min(fall))),
        int(min(wide, max(reach) + 1)),
        int(min(high, max(fall) + 1)),
    )


def _normalise(values: Float, inside: Bool) -> Float:
    low, high = np.percentile(values[inside], (2, 98))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-6), 0, 1), np.float32)


def _measure_place(inside: Bool) -> Float:
    y, x = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    rows, cols = np.nonzero(inside)
    v = (y - rows.mean()) / max(1.73 * rows.std(), 1)
    u = (x - cols.mean()) / max(1.73 * cols.std(), 1)
    return np.asarray(np.clip(1 - (u * u + v * v) / 2, 0, 1), np.float32)


def measure_likeness(small: Picture, told: Marks) -> Float:
    """Return (h, w) float32, 0..1: how likely each pixel is the subject, by colour and place."""
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    outside = told.outside | told.no
    if outside.mean() < 0.03:
        outside |= mark_border(outside.shape, 1)
    outside &= ~told.yes
    inside = ~outside
    if not outside.any() or not inside.any():
        return inside.astype(np.float32)
    cost = measure_steps(lab)
    far = measure_geodesic(cost, outside)
    apart = measure_unlike(lab, outside)
    contrast = 0.5 * _normalise(far, inside) + 0.5 * _normalise(apart, inside)
    if told.yes.any():
        near = measure_geodesic(cost, told.yes)
        place = far / np.maximum(far + near, 1e-6)
    else:
        place = _measure_place(inside)
    score = 0.5 * contrast + 0.5 * place
    score[outside] = 0
    return np.asarray(score, np.float32)


def _label(score: Float, told: Marks) -> Mask:
    region = ~told.outside
    held = score[region]
    probable = np.quantile(held, 1 - _PROBABLE) if told.boxed else 0.4
    labels = np.where(score >= probable, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    if told.boxed and not told.yes.any():
        labels[score >= np.quantile(held, 1 - _CORE)] = cv2.GC_FGD
    labels[told.outside | told.no] = cv2.GC_BGD
    labels[told.yes] = cv2.GC_FGD
    return labels


def clean(inside: Bool) -> Bool:
    """Drop specks below a tenth of the largest piece, and fill small holes."""
    count, names = cv2.connectedComponents(inside.astype(np.uint8))
    if count > 2:
        sizes = np.bincount(names.ravel())
        sizes[0] = 0
        inside = (sizes >= 0.1 * sizes.max())[names] & inside
    count, names = cv2.connectedComponents((~inside).astype(np.uint8))
    sizes = np.bincount(names.ravel(), minlength=count)
    edge = np.concatenate([names[0], names[-1], names[:, 0], names[:, -1]])
    small = sizes < 0.05 * inside.sum()
    small[np.unique(edge)] = False
    return np.asarray(inside | small[names])


def cut(image: Picture, prompt: Prompt) -> NDArray[np.uint8]:
    """Return (h, w) of the picture, 0..255: what the prompt points at.

    Raises:
        BadPrompt: a box or point lies outside the picture.
    """
    size = (image.shape[0], image.shape[1])
    left, top, right, bottom = choose_window(prompt, size)
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    small = reduce_picture(crop, SIDE)
    whole = (crop.shape[0], crop.shape[1])
    told = draw_marks(prompt, size, (small.shape[0], small.shape[1]), (left, top), whole)
    tiny = reduce_picture(crop, _TINY)
    tiny_told = draw_marks(prompt, size, (tiny.shape[0], tiny.shape[1]), (left, top), whole)
    score = cv2.resize(measure_likeness(tiny, tiny_told), small.shape[1::-1])
    inside = told.keep(clean(grab(small, _label(score, told), 2)))
    soft = cv2.GaussianBlur(inside.astype(np.uint8) * 255, (0, 0), 0.8)
    alpha = np.zeros(size, np.uint8)
    alpha[top:bottom, left:right] = cv2.resize(soft, (right - left, bottom - top))
    return alpha

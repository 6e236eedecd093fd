"""What was said of a frame, moved along with the picture to the frame after it.

Points, scribbles and boxes go where the pixels around them or in them went; a trimap and a prior
are brought as the picture is. What is not found again is not guessed: that part of a hint ends.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from .band import find_band
from .motion import Motion
from .types import Bytes, Float, HintBox, HintPoint, Hints, Scribble

_TRUSTED = 0.5  # trust from which on something is found again
_FEWEST = 0.25  # share of a box's pixels that must be found again
_FOUND = 0.1  # share of a box that is subject, from which on the subject alone leads it
_AROUND = 4  # cells around a place that lead it
_LOST = 64  # of a trimap: what was said there is not found again
_MOST_PLACES = 8192  # of a box, and that scribbles are given
_STEP = 8.0  # pixels between two places of a scribble that moves
_AMID = 0.02  # of the longer side: only one label lies so near to what is amid it
_SURROUNDINGS = 0.2  # of the longer side: what is open so near to the subject goes with it
_SEAM = 4  # pixels of the band where a trimap says nothing any more
_COVERED = 0.5  # share of a pixel from which on a label holds there


def keep_said(hints: Hints) -> Hints:
    """Return what a frame's hints leave to the frame after it.

    Scribbles are given a place every few pixels, so that each can go its own way.
    """
    trimap = hints.trimap
    if trimap is not None:
        trimap = np.where((trimap == 0) | (trimap == 255), trimap, 128).astype(np.uint8)
    return replace(hints, scribbles=_divide_lines(hints.scribbles), trimap=trimap)


def _divide_lines(lines: tuple[Scribble, ...]) -> tuple[Scribble, ...]:
    alongs = [_measure_along(line) for line in lines]
    step = max(_STEP, sum(float(along[-1]) for along in alongs) / _MOST_PLACES)
    return tuple(_divide_line(line, along, step) for line, along in zip(lines, alongs, strict=True))


def _measure_along(line: Scribble) -> Float:
    """Return how far along a line each of its places (n,) lies."""
    ways = np.diff(line.line.astype(np.float64), axis=0)
    return np.cumsum([0.0, *np.hypot(ways[:, 0], ways[:, 1])])


def _divide_line(line: Scribble, along: Float, step: float) -> Scribble:
    marks = np.union1d(along, np.arange(0, along[-1], step))
    x, y = (np.interp(marks, along, line.line[:, axis]) for axis in (0, 1))
    return replace(line, line=np.stack([x, y], axis=1))


def move_hints(said: Hints, motion: Motion, subject: Float) -> Hints:
    """Return what was said of a frame as it holds of the frame after it.

    Args:
        said: in pixels of the proxy.
        motion: between the two frames.
        subject: (h, w) the coarse alpha of the frame before, 0..255, on its proxy.
    """
    size = (subject.shape[0], subject.shape[1])
    boxes = (move_box(box, motion, subject) for box in said.boxes)
    return Hints(
        tuple(box for box in boxes if box is not None),
        move_points(said.points, motion, size),
        move_scribbles(said.scribbles, motion, size),
        None if said.trimap is None else move_trimap(said.trimap, motion),
        None if said.prior is None else _move_prior(said.prior, motion),
    )


def fill_lost(said: Hints, coarse: Bytes) -> Hints:
    """Return what holds of a frame; where a trimap says nothing any more, the model's answer does.

    Args:
        said: moved to the frame.
        coarse: (h, w) uint8: the model's answer about it.
    """
    if said.trimap is None:
        return said
    trimap = np.where(said.trimap == _LOST, find_band(coarse, _SEAM), said.trimap)
    return replace(said, trimap=trimap)


def move_points(
    points: tuple[HintPoint, ...], motion: Motion, size: tuple[int, int]
) -> tuple[HintPoint, ...]:
    """Return points where the pixels around them went, without those that are not found again.

    Args:
        points: in pixels of the proxy.
        motion: from their frame to the next.
        size: (height, width) of the proxy.
    """
    places = np.array([(point.x, point.y) for point in points], np.float64).reshape(-1, 2)
    gone, found = _follow(places, motion, size)
    moved = zip(points, gone.tolist(), found, strict=True)
    return tuple(replace(point, x=x, y=y) for point, (x, y), is_found in moved if is_found)


def move_scribbles(
    lines: tuple[Scribble, ...], motion: Motion, size: tuple[int, int]
) -> tuple[Scribble, ...]:
    """Return the parts of scribbles that are found again; see `move_points`."""
    if not lines:
        return ()
    ends = np.cumsum([len(line.line) for line in lines])
    gone, found = _follow(np.concatenate([line.line for line in lines]), motion, size)
    parts = zip(lines, np.split(gone, ends[:-1]), np.split(found, ends[:-1]), strict=True)
    return tuple(
        replace(line, line=run) for line, path, kept in parts for run in _list_runs(path, kept)
    )


def _list_runs(path: Float, kept: Bytes) -> list[Float]:
    """Return the parts of a path (n, 2) whose places are kept (n,)."""
    turns = np.flatnonzero(np.diff(kept)) + 1
    first = 0 if kept[0] else 1
    return np.split(path, turns)[first::2]


def _follow(places: Float, motion: Motion, size: tuple[int, int]) -> tuple[Float, Bytes]:
    """Return where places (n, 2) go, and which of them are found again within the frame."""
    gone, trust = motion.send(places, size, _AROUND)
    inside = ((gone >= 0) & (gone < size[::-1])).all(axis=1)
    return gone, inside & (trust > _TRUSTED)


def move_box(box: HintBox, motion: Motion, subject: Float) -> HintBox | None:
    """Return a box moved and scaled as its subject was; None where that is not found again.

    Args:
        box: in pixels of the proxy.
        motion: from its frame to the next.
        subject: (h, w) the coarse alpha of its frame, 0..255.
    """
    high, wide = subject.shape
    places = _list_places(box, subject)
    gone, trust = motion.send(places, (high, wide))
    kept = trust > _TRUSTED
    if kept.sum() <= _FEWEST * len(places):
        return None
    scale, (right, down) = _fit_similarity(places[kept], gone[kept])
    left, right = scale * box.left + right, scale * box.right + right
    top, bottom = scale * box.top + down, scale * box.bottom + down
    is_in_sight = left < wide - 1 and right > 1 and top < high - 1 and bottom > 1
    is_in_sight &= right - left >= 1 and bottom - top >= 1
    return HintBox(left, top, right, bottom) if is_in_sight else None


def _list_places(box: HintBox, subject: Float) -> Float:
    """Return the pixels (n, 2) that lead a box: its subject, or all where hardly any is found.

    Only the ellipse that fits into the box counts: its corners seldom hold the subject.
    """
    rows, columns = np.indices(subject.shape, np.float32)
    across = (columns - (box.left + box.right) / 2) / (box.right - box.left)
    down = (rows - (box.top + box.bottom) / 2) / (box.bottom - box.top)
    around = across * across + down * down <= 0.25
    inside = around & (subject >= 128)
    chosen = inside if inside.sum() > _FOUND * around.sum() else around
    places = np.argwhere(chosen)[:, ::-1]
    return places[:: len(places) // _MOST_PLACES + 1].astype(np.float64)


def _fit_similarity(before: Float, after: Float) -> tuple[float, tuple[float, float]]:
    """Return the scale and the shift (x, y) that places (n, 2) have gone by, without a turn.

    Each axis is Tukey's resistant line, through the medians of its outer thirds, so that neither
    the rim nor what passes before the subject leads; both have one slope, which drifts less.
    """
    spans = np.sum([_measure_spans(before[:, axis], after[:, axis]) for axis in (0, 1)], axis=0)
    scale = float(spans[1] / spans[0]) if min(spans) > 0 else 1.0
    x, y = np.median(after - scale * before, axis=0)
    return scale, (float(x), float(y))


def _measure_spans(before: Float, after: Float) -> tuple[float, float]:
    """Return how far the medians of the outer thirds (n,) are apart, before and after."""
    low, high = np.quantile(before, (1 / 3, 2 / 3))
    near, far = before <= low, before >= high
    return (
        float(np.median(before[far]) - np.median(before[near])),
        float(np.median(after[far]) - np.median(after[near])),
    )


def move_trimap(trimap: Bytes, motion: Motion) -> Bytes:
    """Return a trimap (h, w) as the next frame shows it; what is not found again is lost.

    Labels go as their pixels do. What is open around the subject goes with the subject instead:
    it would stay behind with the background, and be closed where the subject moves to.
    """
    size = (trimap.shape[0], trimap.shape[1])
    out = _carry_labels(trimap, motion)
    out[motion.weigh(size) <= _TRUSTED] = _LOST
    lead, near = _lead_surroundings(_fit(out == 255, motion.trust.shape), motion)
    led = _carry_labels(trimap, replace(motion, flow=lead))
    around = _fit(near, size) & (out != 255) & (led != 255)
    return _label_amid(np.where(around, led, out).astype(np.uint8))


def _label_amid(trimap: Bytes) -> Bytes:
    """Return a trimap where what is lost amid one label has that label.

    Little of a flat wall is found again with certainty; without this a shot would lose it all.
    """
    lost, reach = trimap == _LOST, max(2, round(_AMID * max(trimap.shape)))
    brush, out = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8), np.array(trimap)
    for label in (0, 255):
        near, other = (
            cv2.dilate(mask.astype(np.uint8), brush) > 0
            for mask in (trimap == label, (trimap != label) & ~lost)
        )
        out[lost & near & ~other] = label
    return out


def _carry_labels(trimap: Bytes, motion: Motion) -> Bytes:
    """Return labels where they cover half of a pixel: they neither grow nor shrink as they move."""
    out = np.full(trimap.shape, 128, np.uint8)
    for label in (0, _LOST, 255):
        out[motion.bring((trimap == label).astype(np.float32)) >= _COVERED] = label
    return out


def _lead_surroundings(subject: Bytes, motion: Motion) -> tuple[Float, Bytes]:
    """Return a flow that takes all from where the nearest subject was, and what is near any.

    Args:
        subject: (h, w) bool on the grid of the flow.
        motion: whose trust chooses the pixels that lead.
    """
    leads = subject & (motion.trust > _TRUSTED)
    if not leads.any():
        return motion.flow, np.zeros(leads.shape, np.bool_)
    away, names = cv2.distanceTransformWithLabels(
        (~leads).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    ways = np.zeros((int(names.max()) + 1, 2), np.float32)
    ways[names[leads]] = motion.flow[leads]
    return ways[names], away <= _SURROUNDINGS * max(leads.shape)


def _fit(mask: Bytes, size: tuple[int, int]) -> Bytes:
    """Return a mask (h, w) bool on a grid of (height, width) cells."""
    if mask.shape == size:
        return mask
    plane = mask.astype(np.uint8)
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_NEAREST) > 0)


def _move_prior(prior: Bytes, motion: Motion) -> Bytes:
    """Return a selection as the next frame shows it: what hid a part of it may go by again."""
    return np.asarray(np.rint(motion.bring(prior.astype(np.float32))), np.uint8)

"""What the user says, turned into a coarse alpha and into pixels that are known.

Works with every model, on a reduced proxy. Within a box GrabCut (Rother et al., SIGGRAPH
2004) starts from the model's answer; points and scribbles that contradict the model move
its outline to the nearest edges of colour by a watershed, as far as their error reaches.
Later hints win over earlier ones; points and scribbles over boxes, a trimap over everything.
"""

from __future__ import annotations

import threading
from typing import Any

import cv2
import numpy as np

from ..errors import BadInput
from .band import dilate_disc
from .types import Bytes, Hints

_SIDE = 320
_SEEDS = 64
_REACH = 3  # how far a correction goes, in depths of the error that the hint lies in
_PART = 0.25  # of the touched pieces' area: what is smaller belongs to them
_FOUND = 0.05  # share of a box that the model must have found to be believed there
_NEAR = 6  # difference between neighbours, per channel, that still hangs together
# OpenCV takes None here; its stubs do not know.
_NONE: Any = None
_LOCK = threading.Lock()  # OpenCV's random numbers are the process's own


def check(hints: Hints, shape: tuple[int, int]) -> None:
    """Check that every hint fits a proxy of ``shape`` (height, width).

    Raises:
        BadInput: it names the hint that does not.
    """
    high, wide = shape
    for name, plane in (("trimap", hints.trimap), ("prior", hints.prior)):
        if plane is not None and (plane.shape != shape or plane.dtype != np.uint8):
            found = "x".join(str(n) for n in plane.shape[::-1])
            raise BadInput(f"The {name} is {found} {plane.dtype}, the proxy {wide}x{high} uint8.")
    for point in hints.points:
        if not (0 <= point.x < wide and 0 <= point.y < high):
            raise BadInput(f"The point {point.x:g},{point.y:g} lies outside the layer.")
    for box in hints.boxes:
        if box.right <= box.left or box.bottom <= box.top:
            raise BadInput(f"The box at {box.left:g},{box.top:g} has no area.")
        if box.right <= 0 or box.bottom <= 0 or box.left >= wide or box.top >= high:
            raise BadInput(f"The box at {box.left:g},{box.top:g} lies outside the layer.")


def hint_trimap(hints: Hints, shape: tuple[int, int], grid: tuple[int, int]) -> Bytes:
    """Return what is certain by hints alone, on a grid: 0, 255, and 128 for nothing said.

    Args:
        hints: in pixels of the proxy.
        shape: (height, width) of the proxy.
        grid: (height, width) of the answer.
    """
    out = np.full(grid, 128, np.uint8)
    scale = (grid[1] / shape[1], grid[0] / shape[0])
    if hints.boxes:
        out[:] = 0
        for box in hints.boxes:
            top, left = round(max(0, box.top) * scale[1]), round(max(0, box.left) * scale[0])
            bottom = max(top + 1, round(box.bottom * scale[1]))
            right = max(left + 1, round(box.right * scale[0]))
            out[top:bottom, left:right] = 128
    for line in hints.scribbles:
        path = line.line.astype(np.float64) * scale
        brush = max(1, round(2 * line.radius * scale[0]))
        value = 255 if line.positive else 0
        cv2.polylines(out, [np.rint(path).astype(np.int32)], False, value, brush)
        cv2.circle(out, tuple(int(v) for v in np.rint(path[0])), max(1, brush // 2), value, -1)
    for point in hints.points:
        at = (int(point.x * scale[0]), int(point.y * scale[1]))
        cv2.circle(out, at, max(1, max(grid) // 160), 255 if point.positive else 0, -1)
    return _apply_trimap(out, hints.trimap, grid)


def _apply_trimap(out: Bytes, trimap: Bytes | None, grid: tuple[int, int]) -> Bytes:
    if trimap is None:
        return out
    small = cv2.resize(trimap, grid[::-1], interpolation=cv2.INTER_AREA)
    out[small <= 2] = 0
    out[small >= 253] = 255
    return out


def apply_hints(rgb: Bytes, coarse: Bytes, hints: Hints, prompted: bool = False) -> Bytes:
    """Return the coarse alpha as the hints would have it.

    Args:
        rgb: (h, w, 3) the proxy.
        coarse: (h, w) the model's answer.
        hints: in pixels of the proxy.
        prompted: the model has already obeyed boxes, points and scribbles itself.

    Returns:
        (h, w) uint8.

    Raises:
        BadInput: a hint does not fit the proxy.
    """
    shape = (coarse.shape[0], coarse.shape[1])
    check(hints, shape)
    alpha = coarse if hints.prior is None else _apply_prior(coarse, hints.prior)
    if not prompted and (hints.scribbles or hints.points or hints.boxes):
        alpha = _spread_hints(rgb, alpha, hints)
    certain = hint_trimap(hints, shape, shape)
    if hints.trimap is not None and not alpha.any():
        alpha = _split_by_distance(certain)
    return np.where(certain == 128, alpha, certain).astype(np.uint8)


def _apply_prior(coarse: Bytes, prior: Bytes) -> Bytes:
    """Let a selection say where the subject is; the model, where they agree, how it ends."""
    a, b = coarse >= 128, prior >= 128
    union = int((a | b).sum())
    if not b.any():
        return coarse
    if union == 0 or int((a & b).sum()) < 0.5 * union:
        return prior
    reach = max(2, round(0.02 * max(coarse.shape)))
    near = dilate_disc(b.astype(np.uint8), reach) > 0
    deep = dilate_disc((~b).astype(np.uint8), reach) == 0
    return np.where(deep, np.maximum(coarse, prior), np.where(near, coarse, 0)).astype(np.uint8)


def _split_by_distance(certain: Bytes) -> Bytes:
    """Return alpha by the distances to foreground and background, for want of a model's."""
    to_fore = cv2.distanceTransform((certain != 255).astype(np.uint8), cv2.DIST_L2, 5)
    to_back = cv2.distanceTransform((certain != 0).astype(np.uint8), cv2.DIST_L2, 5)
    share = to_back / np.maximum(to_back + to_fore, 1e-6)
    return np.asarray(np.rint(np.clip(share, 0, 1) * 255), np.uint8)


def _spread_hints(rgb: Bytes, coarse: Bytes, hints: Hints) -> Bytes:
    shape = (coarse.shape[0], coarse.shape[1])
    scale = min(1.0, _SIDE / max(shape))
    grid = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    small = cv2.resize(rgb, grid[::-1], interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(coarse, grid[::-1], interpolation=cv2.INTER_AREA)
    certain = hint_trimap(hints, shape, grid)
    if hints.boxes:
        inside = _keep_asked(_run_grabcut(small, alpha, certain), alpha >= 128, certain)
    else:
        inside = _move_outline(small, alpha >= 128, certain)
    inside = _keep_touched(inside, certain)
    if np.array_equal(inside, alpha >= 128):
        return coarse
    soft = cv2.GaussianBlur(inside.astype(np.uint8) * 255, (0, 0), 0.8)
    fresh = cv2.resize(soft, shape[::-1], interpolation=cv2.INTER_LINEAR)
    # Where hints and model agree, the model's own edge is the better one.
    agree = cv2.GaussianBlur((inside == (alpha >= 128)).astype(np.float32), (0, 0), 2) > 0.97
    keep = cv2.resize(agree.astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    return np.asarray(np.where(keep, coarse, fresh), np.uint8)


def _keep_asked(inside: Bytes, model: Bytes, certain: Bytes) -> Bytes:
    """Keep only those of GrabCut's changes to the model's answer that a hint asked for."""
    searched = certain != 0
    if float((model & searched).sum()) < _FOUND * max(1, searched.sum()):
        return inside
    _, names = cv2.connectedComponents((inside != model).astype(np.uint8))
    asked = np.unique(names[(certain == 255) & ~model & inside])
    change = np.isin(names, asked[asked > 0])
    out = np.where(change, inside, model)
    return np.asarray(np.where(certain == 128, out, certain == 255))


def _move_outline(small: Bytes, model: Bytes, certain: Bytes) -> Bytes:
    """Move the model's outline by points and scribbles to the nearest edges of colour.

    A watershed (Meyer, 1992) between what was said and what the model says beyond its reach.
    """
    wrong = ((certain == 255) & ~model) | ((certain == 0) & model)
    open_ = _find_reach(wrong, model)
    names = np.where(open_, 0, 1 + model).astype(np.int32)
    names[certain == 0], names[certain == 255] = 1, 2
    if not open_.any() or not (names == 1).any() or not (names == 2).any():
        return np.asarray(np.where(certain == 128, model, certain == 255))
    # OpenCV leaves a line of -1 between the basins, and the frame.
    parted = cv2.watershed(
        np.pad(small, ((1, 1), (1, 1), (0, 0)), mode="edge"), np.pad(names, 1, mode="edge")
    )[1:-1, 1:-1]
    return np.asarray(np.where(parted == -1, model, parted == 2))


def _find_reach(wrong: Bytes, model: Bytes) -> Bytes:
    """Return where a correction may act: around the hints that contradict the model.

    A hint lies as deep in an error as it is far from where the model agrees with it. One in
    a sliver along the edge must not cost the subject; one amid a whole object takes it all.
    """
    near = np.zeros(model.shape, np.uint8)
    for label in (False, True):
        told = wrong & (model != label)
        depth = cv2.distanceTransform((model != label).astype(np.uint8), cv2.DIST_L2, 5)
        depth = np.minimum(depth, max(model.shape))  # without a bound where nothing agrees
        rows, cols = np.nonzero(told)
        pick = np.linspace(0, len(rows) - 1, min(len(rows), _SEEDS)).astype(int)
        for x, y in zip(cols[pick].tolist(), rows[pick].tolist(), strict=True):
            cv2.circle(near, (x, y), round(_REACH * depth[y, x]), 1, -1)
    return np.asarray(near > 0)


def _run_grabcut(small: Bytes, alpha: Bytes, certain: Bytes) -> Bytes:
    """Run GrabCut within boxes, from the model's answer and what was said."""
    searched, found = certain != 0, alpha >= 128
    labels = np.where(found, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    if float((found & searched).sum()) < _FOUND * max(1, int(searched.sum())):
        labels[searched] = cv2.GC_PR_FGD  # the model saw nothing there: take the box at its word
    labels[searched & (alpha >= 250)] = cv2.GC_FGD
    labels[_flood_alike(small, (certain == 255) & ~found)] = cv2.GC_PR_FGD
    labels[certain == 0] = cv2.GC_BGD
    labels[certain == 255] = cv2.GC_FGD
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.sum() < 4 or (~inside).sum() < 4:
        return np.asarray(inside)
    models = np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64)
    with _LOCK:
        cv2.setRNGSeed(7)
        cv2.grabCut(small, labels, _NONE, models[0], models[1], 2, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


def _flood_alike(small: Bytes, seeds: Bytes) -> Bytes:
    """Return what hangs together with the seeds and has nearly their colour."""
    mask = np.zeros((seeds.shape[0] + 2, seeds.shape[1] + 2), np.uint8)
    rows, cols = np.nonzero(seeds)
    pick = np.linspace(0, len(rows) - 1, min(len(rows), _SEEDS)).astype(int)
    flags = 4 | (1 << 8) | cv2.FLOODFILL_MASK_ONLY
    for x, y in zip(cols[pick].tolist(), rows[pick].tolist(), strict=True):
        cv2.floodFill(small, mask, (x, y), 0, (_NEAR,) * 3, (_NEAR,) * 3, flags)
    return np.asarray(mask[1:-1, 1:-1] > 0)


def _keep_touched(inside: Bytes, certain: Bytes) -> Bytes:
    """Keep the pieces that positive points or scribbles touch, and small ones."""
    if not (certain == 255).any():
        return inside
    count, names = cv2.connectedComponents(inside.astype(np.uint8))
    area = np.bincount(names.ravel(), minlength=count)
    wanted = np.zeros(count, np.bool_)
    wanted[np.unique(names[(certain == 255) & inside])] = True
    wanted |= area < _PART * area[wanted].sum()
    wanted[0] = False
    return np.asarray(wanted[names])

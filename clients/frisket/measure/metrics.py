"""How far an alpha is from the truth, as the matting literature measures it.

SAD, MSE, gradient and connectivity follow Rhemann et al., "A perceptually motivated
online benchmark for image matting" (CVPR 2009): SAD, gradient and connectivity in
thousands, gradient with Gaussian derivatives of sigma 1.4, connectivity with steps of
0.1 and theta 0.15. MAE and max F (beta squared 0.3, Achanta et al., CVPR 2009) are those
of salient object detection; the boundary F is that of Martin et al., PAMI 2004, with a
tolerance. NumPy only.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[Any]
"""float32 or float64 values, 0..1."""
Bool = NDArray[np.bool_]

_SIGMA = 1.4
_STEP = 0.1
_THETA = 0.15
_BETA2 = 0.3


@dataclass(frozen=True)
class Scores:
    """One picture's errors; see the module for their sources.

    Attributes:
        sad: sum of absolute differences, in thousands.
        mse: mean squared difference.
        gradient: sum of squared differences of gradient magnitude, in thousands.
        connectivity: in thousands.
        iou: intersection over union at one half.
        boundary_f: F of the outlines at one half, within 0.75 % of the diagonal.
        mae: mean absolute difference.
        max_f: the greatest F over 255 thresholds.
    """

    sad: float
    mse: float
    gradient: float
    connectivity: float
    iou: float
    boundary_f: float
    mae: float
    max_f: float

    def as_dict(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


def unit(alpha: NDArray[Any]) -> Float:
    """Return an alpha of 8 or 16 bits, or one that is float already, as 0..1."""
    if alpha.dtype.kind == "f":
        return alpha
    return np.asarray(alpha.astype(np.float32) / np.float32(np.iinfo(alpha.dtype).max))


def score(
    alpha: NDArray[Any], truth: NDArray[Any], region: Bool | None = None, fast: bool = False
) -> Scores:
    """Compare an alpha with the truth.

    Args:
        alpha: (h, w), 0..255, 0..65535 or 0..1.
        truth: the same size, the same ranges.
        region: where SAD, MSE, gradient and connectivity count; None means everywhere.
        fast: leave connectivity and boundary F out (they become NaN).

    Raises:
        ValueError: the sizes differ.
    """
    if alpha.shape != truth.shape:
        raise ValueError(f"The alpha is {alpha.shape}, the truth {truth.shape}; they must agree.")
    a, t = unit(alpha), unit(truth)
    where = np.ones(a.shape, bool) if region is None else region
    away = np.abs(a - t)
    return Scores(
        sad=float(away[where].sum(dtype=np.float64) / 1000),
        mse=float(np.square(away[where], dtype=np.float64).mean()) if where.any() else 0.0,
        gradient=gradient(a, t, where),
        connectivity=math.nan if fast else connectivity(a, t, where),
        iou=iou(a, t),
        boundary_f=math.nan if fast else boundary_f(a, t),
        mae=float(away.mean(dtype=np.float64)),
        max_f=max_f(a, t),
    )


def _kernels() -> tuple[list[float], list[float]]:
    half = math.ceil(_SIGMA * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * _SIGMA * 0.01)))
    at = range(-half, half + 1)
    smooth = [math.exp(-(u * u) / (2 * _SIGMA**2)) / (_SIGMA * math.sqrt(2 * math.pi)) for u in at]
    slope = [-u * g / _SIGMA**2 for u, g in zip(at, smooth, strict=True)]
    size = math.sqrt(sum(g * g for g in smooth)) * math.sqrt(sum(d * d for d in slope))
    return [g / size for g in smooth], slope


def _along(values: Float, kernel: list[float], axis: int) -> Float:
    """Convolve along an axis, the border repeated."""
    half = len(kernel) // 2
    pad = [(half, half) if i == axis else (0, 0) for i in range(2)]
    wide = np.pad(values, pad, mode="edge")
    count = values.shape[axis]
    total = np.zeros_like(values)
    for i, weight in enumerate(kernel):
        part = wide[i : i + count] if axis == 0 else wide[:, i : i + count]
        total += values.dtype.type(weight) * part
    return total


def _steepness(values: Float) -> Float:
    smooth, slope = _kernels()
    x = _along(_along(values, smooth, 0), slope, 1)
    y = _along(_along(values, smooth, 1), slope, 0)
    return np.asarray(np.sqrt(x * x + y * y))


def gradient(alpha: Float, truth: Float, where: Bool) -> float:
    """Gradient error, in thousands."""
    away = _steepness(alpha) - _steepness(truth)
    return float(np.square(away[where], dtype=np.float64).sum() / 1000)


def connectivity(alpha: Float, truth: Float, where: Bool) -> float:
    """Return the connectivity error, in thousands: what is not joined to the common whole."""
    level = np.full(alpha.shape, -1.0, np.float32)
    steps = np.arange(0, 1 + _STEP, _STEP)
    for i in range(1, len(steps)):
        both = (alpha >= steps[i]) & (truth >= steps[i])
        lost = (level == -1) & ~largest_piece(both)
        level[lost] = steps[i - 1]
    level[level == -1] = 1
    return float(
        np.abs(_measure_joining(alpha, level) - _measure_joining(truth, level))[where].sum() / 1000
    )


def _measure_joining(values: Float, level: Float) -> Float:
    away = values - level
    return np.asarray(1 - away * (away >= _THETA))


def largest_piece(mask: Bool) -> Bool:
    """Return the largest 4-connected piece of a mask."""
    first, last, row = _row_runs(mask)
    if first.size == 0:
        return np.zeros_like(mask)
    names = _name_runs(first, last, row, mask.shape[0])
    sizes = np.bincount(names, weights=last - first)
    keep = names == int(sizes.argmax())
    edges = np.zeros((mask.shape[0], mask.shape[1] + 1), np.int8)
    edges[row[keep], first[keep]] = 1
    edges[row[keep], last[keep]] -= 1
    return np.asarray(edges.cumsum(axis=1, dtype=np.int8)[:, :-1] > 0)


def _row_runs(mask: Bool) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """First column, one past the last, and row of each run of a mask."""
    edges = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, first = np.nonzero(edges == 1)
    _, last = np.nonzero(edges == -1)
    return first, last, row


def _name_runs(
    first: NDArray[Any], last: NDArray[Any], row: NDArray[Any], rows: int
) -> NDArray[Any]:
    """Return a name per run; runs that touch across neighbouring rows share it."""
    wide = int(last.max()) + 2
    begin, end = row * wide + first, row * wide + last
    low = np.searchsorted(end, begin - wide, side="right")
    high = np.searchsorted(begin, end - wide, side="left")
    count = np.maximum(high - low, 0)
    child = np.repeat(np.arange(len(first)), count)
    offset = np.arange(len(child)) - np.repeat(count.cumsum() - count, count)
    parent = np.repeat(low, count) + offset
    names = np.arange(len(first))
    while True:
        least = np.minimum(names[child], names[parent])
        fresh = names.copy()
        np.minimum.at(fresh, names[child], least)
        np.minimum.at(fresh, names[parent], least)
        np.minimum.at(fresh, child, least)
        np.minimum.at(fresh, parent, least)
        fresh = fresh[fresh]
        if np.array_equal(fresh, names):
            return names
        names = fresh


def iou(alpha: Float, truth: Float) -> float:
    """Intersection over union at one half; two empty masks agree."""
    a, t = alpha >= 0.5, truth >= 0.5
    union = int((a | t).sum())
    return float((a & t).sum() / union) if union else 1.0


def max_f(alpha: Float, truth: Float) -> float:
    """Return the greatest F measure over 255 thresholds, beta squared 0.3."""
    inside = truth >= 0.5
    level = np.clip((alpha * 255).astype(np.int64), 0, 255)
    hits = np.bincount(level[inside], minlength=256)[::-1].cumsum()
    marked = np.bincount(level.ravel(), minlength=256)[::-1].cumsum()
    if not inside.any():
        return 1.0 if marked[0] == 0 else 0.0
    precision, recall = hits / np.maximum(marked, 1), hits / inside.sum()
    below = np.maximum(_BETA2 * precision + recall, 1e-12)
    return float(((1 + _BETA2) * precision * recall / below)[:255].max())


def boundary_f(alpha: Float, truth: Float) -> float:
    """F of the outlines at one half, within 0.75 % of the diagonal."""
    a, t = _outline(alpha >= 0.5), _outline(truth >= 0.5)
    if not a.any() and not t.any():
        return 1.0
    reach = max(1, round(0.0075 * math.hypot(*alpha.shape)))
    precision = float(_near(t, reach)[a].mean()) if a.any() else 0.0
    recall = float(_near(a, reach)[t].mean()) if t.any() else 0.0
    return 2 * precision * recall / max(precision + recall, 1e-12)


def _outline(mask: Bool) -> Bool:
    wide = np.pad(mask, 1, mode="edge")
    inner = wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]
    return np.asarray(mask & ~inner)


def _near(mask: Bool, reach: int) -> Bool:
    """Dilated by a square of the given reach."""
    for axis in (0, 1):
        wide = np.pad(mask, [(reach + 1, reach) if i == axis else (0, 0) for i in range(2)])
        sums = wide.cumsum(axis=axis, dtype=np.int32)
        count, size = mask.shape[axis], 2 * reach + 1
        late, early = np.arange(size, size + count), np.arange(count)
        mask = np.asarray(np.take(sums, late, axis) > np.take(sums, early, axis))
    return mask

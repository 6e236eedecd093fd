"""Scores of an alpha against a mask; both H×W, 0..1 and 0 or 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
#: Weight of precision in the F measure, as in the literature on salient objects.
BETA2 = 0.3


@dataclass(frozen=True)
class Score:
    """Mean absolute error, intersection over union at 0.5, F measure at 256 thresholds."""

    mae: float
    iou: float
    curve: NDArray[np.float64]


def measure_iou(alpha: Plane, mask: NDArray[np.bool_]) -> float:
    """Return intersection over union at threshold 0.5; 1 where both are empty."""
    found = alpha >= 0.5
    union = np.count_nonzero(found | mask)
    return np.count_nonzero(found & mask) / union if union else 1.0


def measure_f_curve(alpha: Plane, mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the F measure at the thresholds 0..255 of the 8-bit alpha."""
    level = np.rint(alpha * 255).astype(np.int64)
    both = np.bincount(level[mask], minlength=256)[::-1].cumsum()[::-1]
    found = np.bincount(level.ravel(), minlength=256)[::-1].cumsum()[::-1]
    precision = both / np.maximum(found, 1)
    recall = both / max(1, np.count_nonzero(mask))
    return (1 + BETA2) * precision * recall / np.maximum(BETA2 * precision + recall, 1e-9)


def score(alpha: Plane, mask: Plane) -> Score:
    """Compare one alpha with one mask of the same size."""
    truth = mask >= 0.5
    return Score(
        float(np.abs(alpha - truth).mean()),
        measure_iou(alpha, truth),
        measure_f_curve(alpha, truth),
    )


def summarise(scores: list[Score]) -> dict[str, float]:
    """Return means over images; maxF is the best threshold of the mean curve."""
    return {
        "images": len(scores),
        "mae": float(np.mean([s.mae for s in scores])),
        "iou": float(np.mean([s.iou for s in scores])),
        "maxf": float(np.mean([s.curve for s in scores], axis=0).max()),
    }

"""How good a matte probably is, without knowing the truth, and whether a person should look.

Scores and evidence come from how undecided the coarse alpha is, by c (1 - c): as a share of the
subject, and along its outline. The scores' rates were fitted so that the semantic score's mean is
the mean intersection over union with the truth. The probability that it is below 0.8 is a
logistic regression of the evidence with weights of each model's own; docs/research/matting.md
has the figures, `benchmarks/assessment.py` fits them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from frisket.models import UNFITTED, Doubt, Weights

from .types import Bytes, Float, LinearMatte

_SIDE = 256
_SQUARE = np.ones((3, 3), np.uint8)
_SEMANTIC_RATE = 3.0
_EDGE_RATE = 0.3
#: What is added before a logarithm is taken: below it, less is no better.
_LEAST = np.array([0.002, 0.05, 0.003, 0.003])
#: Alpha between these is grey; a patch of grey is this many cells of 256 wide, an outline is not.
_GREY = (0.15, 0.85)
_PATCH = np.ones((9, 9), np.uint8)
_UNSURE = "The model is unsure of this picture."
_APART = "Another model sees another subject."


@dataclass(frozen=True)
class Subject:
    """The subject's bounding box, in pixels of the layer."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Evidence:
    """What can be seen of a coarse alpha.

    Attributes:
        undecided: alpha (1 - alpha) summed, as a share of the subject.
        outline: the same, for each cell of the outline.
        patches: the middles of grey patches wider than an outline, as a share of the subject.
        apart: one minus the soft intersection over union with another model's answer; None
            when no other was asked.
    """

    undecided: float
    outline: float
    patches: float
    apart: float | None = None

    @property
    def logs(self) -> Float:
        """The logarithms that `Weights` weighs: undecided, outline, patches, apart."""
        seen = np.array([self.undecided, self.outline, self.patches, self.apart or 0.0])
        return np.asarray(np.log(seen + _LEAST))


@dataclass(frozen=True)
class Assessment:
    """What the engine believes of its own work.

    Attributes:
        edge, semantic: 0..1, larger is better.
        overall: 0.6 * semantic + 0.4 * edge.
        needs_review: a person should look at it.
        reasons: why, each in plain words.
        subject: where it is; None when none was found.
        covered_share: sum of alpha as a share of the layer's area, 0..1.
        doubt: 0..1, the probability that the subject is wrong (an overlap below 0.8).
    """

    edge: float
    semantic: float
    overall: float
    needs_review: bool
    reasons: tuple[str, ...]
    subject: Subject | None
    covered_share: float
    doubt: float = 1.0


def _find_subject(matte: LinearMatte) -> Subject | None:
    inside = matte.alpha >= 26
    if not inside.any():
        return None
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    sy, sx = matte.layer_height / inside.shape[0], matte.layer_width / inside.shape[1]
    left, top = int(cols[0] * sx), int(rows[0] * sy)
    right = min(matte.layer_width, int(np.ceil((cols[-1] + 1) * sx)))
    bottom = min(matte.layer_height, int(np.ceil((rows[-1] + 1) * sy)))
    return Subject(left, top, right - left, bottom - top)


def assess(
    coarse: Bytes,
    matte: LinearMatte,
    confidence: float = 1.0,
    doubt: Doubt = UNFITTED,
    second: Bytes | None = None,
) -> Assessment:
    """Return how good a matte probably is.

    Args:
        coarse: (h, w) uint8, the model's answer.
        matte: what was solved from it.
        confidence: 0..1, how far answers of this model are to be believed at all.
        doubt: how this model is doubted.
        second: (h, w) uint8, the answer of `doubt.second`; None when it was not asked.
    """
    subject = _find_subject(matte)
    covered = float(matte.alpha.mean() / 255)
    if subject is None:
        return Assessment(0, 0, 0, True, ("No subject was found.",), None, covered)
    alpha = _shrink(coarse)
    seen = _look(alpha, second)
    semantic = confidence * float(np.exp(-_SEMANTIC_RATE * seen.undecided))
    edge = float(np.exp(-_EDGE_RATE * seen.outline))
    overall = 0.6 * semantic + 0.4 * edge
    probability, reason = judge(seen, doubt, confidence)
    reasons = (*reason, *_find_reasons(alpha, matte))
    return Assessment(
        edge, semantic, overall, bool(reasons), reasons, subject, covered, probability
    )


def find_evidence(coarse: Bytes, second: Bytes | None = None) -> Evidence:
    """Return what can be seen of a coarse alpha (h, w) uint8, beside another model's."""
    return _look(_shrink(coarse), second)


def _look(alpha: Float, second: Bytes | None) -> Evidence:
    whole, undecided = max(float(alpha.sum()), 1.0), float((alpha * (1 - alpha)).sum())
    inside = (alpha > 0.5).astype(np.uint8)
    outline = int(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, _SQUARE).sum()) + 1
    grey = ((alpha > _GREY[0]) & (alpha < _GREY[1])).astype(np.uint8)
    patches = int(cv2.erode(grey, _PATCH).sum())
    apart = None if second is None else 1 - _compare(alpha, _shrink(second))
    return Evidence(undecided / whole, undecided / outline, patches / whole, apart)


def judge(seen: Evidence, doubt: Doubt, confidence: float = 1.0) -> tuple[float, tuple[str, ...]]:
    """Return the probability that a subject is wrong, and the reason where it is too high."""
    trust = 1.0 if doubt.fitted else confidence
    alone = 1 - trust * (1 - _weigh(seen, doubt.alone))
    together = doubt.together if seen.apart is not None else None
    probability = alone if together is None else _weigh(seen, together)
    if probability < doubt.flag_from:
        return probability, ()
    return probability, (_UNSURE if alone >= doubt.flag_from else _APART,)


def _weigh(seen: Evidence, weights: Weights) -> float:
    each = (weights.undecided, weights.outline, weights.patches, weights.apart)
    odds = weights.offset + float(seen.logs @ np.array(each))
    return float(1 / (1 + np.exp(-odds)))


def _shrink(alpha: Bytes) -> Float:
    small = cv2.resize(alpha, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    return np.asarray(small.astype(np.float32) / np.float32(255))


def _compare(one: Float, other: Float) -> float:
    """Return the soft intersection over union of two alphas, 0..1."""
    return float(np.minimum(one, other).sum()) / max(float(np.maximum(one, other).sum()), 1.0)


def _find_reasons(alpha: Float, matte: LinearMatte) -> tuple[str, ...]:
    found, inside = [], (alpha > 0.5).astype(np.uint8)
    rim = np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]])
    if rim.mean() > 0.5:
        found.append("The subject touches most of the border.")
    count, names = cv2.connectedComponents(inside)
    sizes = np.bincount(names.ravel(), minlength=count)[1:]
    several = int((sizes > 0.3 * sizes.max()).sum()) if sizes.size else 0
    if several > 2:
        found.append(f"There seem to be {several} subjects.")
    if (matte.known == 128).mean() > 0.6:
        found.append("The edge is undecided in most of the picture.")
    return tuple(found)

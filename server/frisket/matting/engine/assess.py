"""How good a matte probably is, without knowing the truth.

Both scores come from how undecided the coarse alpha is, by c (1 - c): as a share of the
subject for the semantic score, along its outline for the edge score; the semantic score is
times the model's confidence in its own kind of answer. The two rates were fitted so that the
semantic score's mean is the mean intersection over union with the truth, and the threshold so
that the flag finds mattes below 0.8 of it; docs/research/matting.md has the figures and the
command.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .types import Bytes, LinearMatte

_SIDE = 256
_SQUARE = np.ones((3, 3), np.uint8)
_SEMANTIC_RATE = 3.0
_EDGE_RATE = 0.3
_REVIEW_BELOW = 0.86


@dataclass(frozen=True)
class Subject:
    """The subject's bounding box, in pixels of the layer."""

    x: int
    y: int
    width: int
    height: int


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
    """

    edge: float
    semantic: float
    overall: float
    needs_review: bool
    reasons: tuple[str, ...]
    subject: Subject | None
    covered_share: float


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


def assess(coarse: Bytes, matte: LinearMatte, confidence: float = 1.0) -> Assessment:
    """Return how good a matte probably is.

    Args:
        coarse: (h, w) uint8, the model's answer.
        matte: what was solved from it.
        confidence: 0..1, how far answers of this model are to be believed at all.
    """
    subject = _find_subject(matte)
    covered = float(matte.alpha.mean() / 255)
    if subject is None:
        return Assessment(0, 0, 0, True, ("No subject was found.",), None, covered)
    small = cv2.resize(coarse, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    share = small.astype(np.float32) / np.float32(255)
    undecided = float((share * (1 - share)).sum())
    inside = (share > 0.5).astype(np.uint8)
    outline = int(cv2.morphologyEx(inside, cv2.MORPH_GRADIENT, _SQUARE).sum()) + 1
    doubt = _SEMANTIC_RATE * undecided / max(float(share.sum()), 1.0)
    semantic = confidence * float(np.exp(-doubt))
    edge = float(np.exp(-_EDGE_RATE * undecided / outline))
    overall = 0.6 * semantic + 0.4 * edge
    reasons = _find_reasons(overall, inside, matte)
    return Assessment(edge, semantic, overall, bool(reasons), reasons, subject, covered)


def _find_reasons(overall: float, inside: Bytes, matte: LinearMatte) -> tuple[str, ...]:
    found = []
    if overall < _REVIEW_BELOW:
        found.append("The model is unsure of this picture.")
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

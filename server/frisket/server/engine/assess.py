"""How good a matte probably is, without knowing the truth."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .types import Bytes, LinearMatte


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


def _subject(matte: LinearMatte) -> Subject | None:
    inside = matte.alpha >= 26
    if not inside.any():
        return None
    rows, cols = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    sy, sx = matte.layer_height / inside.shape[0], matte.layer_width / inside.shape[1]
    left, top = int(cols[0] * sx), int(rows[0] * sy)
    right = min(matte.layer_width, int(np.ceil((cols[-1] + 1) * sx)))
    bottom = min(matte.layer_height, int(np.ceil((rows[-1] + 1) * sy)))
    return Subject(left, top, right - left, bottom - top)


def assess(rgb: Bytes, coarse: Bytes, matte: LinearMatte) -> Assessment:
    """Score a matte.

    Args:
        rgb: (h, w, 3) uint8 sRGB, the proxy.
        coarse: (h, w) uint8, the model's answer.
        matte: what was solved from them.
    """
    subject = _subject(matte)
    covered = float(matte.alpha.mean() / 255)
    if subject is None:
        return Assessment(0, 0, 0, True, ("No subject was found.",), None, covered)
    small = cv2.resize(coarse, (256, 256), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    unsure = float((small * (1 - small)).sum() / max(small.sum(), 1e-6))
    semantic = float(np.clip(1 - 4 * unsure, 0, 1))
    share = float((matte.known == 128).mean()) / max(covered, 1e-6)
    edge = float(np.clip(1 - share / 2, 0, 1))
    overall = 0.6 * semantic + 0.4 * edge
    review = overall < 0.5
    reasons = ("The model is unsure of this picture.",) if review else ()
    return Assessment(edge, semantic, overall, review, reasons, subject, covered)

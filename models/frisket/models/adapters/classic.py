"""A model without weights: what differs from the border and hangs together is the subject.

Contrast to the border is a geodesic distance in colour (Wei et al., "Geodesic saliency
using background priors", ECCV 2012) times the Mahalanobis distance to the border's own
colours; GrabCut (Rother et al., SIGGRAPH 2004) turns it into an outline. Both run on a
reduced picture, and give the same bytes every time.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..core.spec import Spec
from ..core.types import Coarse, Float, Mask, ModelInfo, Picture, Prompt
from .answers import answer_nothing
from .contrast import (
    grab,
    mark_border,
    measure_geodesic,
    measure_steps,
    measure_unlike,
    reduce_picture,
)
from .opened import OpenedModel
from .pointed import cut

GEODESIC_SIDE = 96
NOTE = "The outline comes from contrast alone; a learned model finds more."
_PLAIN = "The picture is plain: no subject was found."
#: Its mean overlap with hand-made masks, alone and with a box: contrast never knows that it errs.
_ALONE, _HINTED = 0.6, 0.8
_FAINT = 4.0  # spread of Lab, in its own units, below which there is nothing to see
# GrabCut draws from OpenCV's process-wide random numbers; seeding must not interleave.
_LOCK = threading.Lock()


def _normalise(values: Float) -> Float:
    low, high = np.percentile(values, (2, 98))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-6), 0, 1), np.float32)


def measure_saliency(image: Picture) -> Float:
    """Return (h, w) float32, 0..1: how much a pixel stands out from the border."""
    small = reduce_picture(image, GEODESIC_SIDE)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    edge = mark_border(lab.shape[:2], 2)
    far = measure_geodesic(measure_steps(lab), edge)
    y, x = np.mgrid[: lab.shape[0], : lab.shape[1]].astype(np.float32)
    v, u = y / max(lab.shape[0] - 1, 1) - 0.5, x / max(lab.shape[1] - 1, 1) - 0.5
    centred = np.exp(-(u * u + v * v) / 0.18)
    contrast = 0.6 * _normalise(far) + 0.4 * _normalise(measure_unlike(lab, edge))
    score = contrast * (0.5 + 0.5 * centred)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(_normalise(score.astype(np.float32)), size), np.float32)


def _label(score: Float) -> Mask:
    """Return GrabCut's four labels from saliency."""
    grey = np.asarray(score * 255, np.uint8)
    threshold = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0] / 255
    labels = np.where(score > threshold, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[mark_border(score.shape, 1) & (score < threshold)] = cv2.GC_BGD
    return labels


def _keep_largest(inside: NDArray[np.bool_], score: Float) -> NDArray[np.bool_]:
    """Drop pieces that are both small and little salient."""
    count, names = cv2.connectedComponents(inside.astype(np.uint8))
    if count <= 2:
        return inside
    weight = np.bincount(names.ravel(), score.ravel().astype(np.float64), count)
    weight[0] = 0
    return np.asarray((weight >= 0.15 * weight.max())[names] & inside)


class ClassicModel(OpenedModel):
    """The model that is always there."""

    def __init__(self, spec: Spec, info: ModelInfo) -> None:
        super().__init__(info)
        self._side = spec.input.size[0]

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one coarse alpha per picture; boxes and points are obeyed."""
        pairs = zip(images, prompts, strict=True)
        return [find_subject(image, self._side, prompt) for image, prompt in pairs]


def find_subject(image: Picture, side: int, prompt: Prompt | None = None) -> Coarse:
    """Return what stands out from the border, or what a prompt points at.

    Args:
        image: (h, w, 3) uint8 sRGB.
        side: the longer side, in pixels, at which it is looked at.
        prompt: boxes and points; None, or one without them, means the whole picture.

    Raises:
        BadPrompt: a box or point lies outside the picture.
    """
    size = (image.shape[0], image.shape[1])
    small = reduce_picture(image, side)
    cell = max(1.0, max(size) / side)
    hints = None if prompt is None or prompt.empty else prompt
    if min(small.shape[:2]) < 8 or (_is_plain(small) and not hints):
        return answer_nothing(size, cell, 0.0, _PLAIN)
    alpha = _draw(image, small, hints)
    return Coarse(alpha, not alpha.any(), {}, NOTE, cell, _HINTED if hints else _ALONE)


def _draw(image: Picture, small: Picture, hints: Prompt | None) -> Mask:
    with _LOCK:
        cv2.setRNGSeed(7)
        if hints is not None:
            return cut(image, hints)
        score = measure_saliency(small)
        inside = _keep_largest(grab(small, _label(score), 4), score)
    soft = cv2.GaussianBlur(inside.astype(np.uint8) * 255, (0, 0), 0.8)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))


def _is_plain(image: Picture) -> bool:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    smooth = cv2.GaussianBlur(lab, (0, 0), 2)
    return float(smooth.std(axis=(0, 1)).max()) < _FAINT

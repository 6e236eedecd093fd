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

from ..known import CLASSIC, CLASSIC_SIDE
from ..types import Coarse, Float, Mask, ModelInfo, Picture, Prompt
from .contrast import border, geodesic, grab, reduced, steps, unlike
from .pointed import cut

SIDE = CLASSIC_SIDE
GEODESIC_SIDE = 96
NOTE = "The outline comes from contrast alone; a learned model finds more."
#: Its mean overlap with hand-made masks, alone and with a box: contrast never knows that it errs.
_ALONE, _HINTED = 0.6, 0.8
_FAINT = 4.0  # spread of Lab, in its own units, below which there is nothing to see
# GrabCut draws from OpenCV's process-wide random numbers; seeding must not interleave.
_LOCK = threading.Lock()


def _unit(values: Float) -> Float:
    low, high = np.percentile(values, (2, 98))
    return np.asarray(np.clip((values - low) / max(high - low, 1e-6), 0, 1), np.float32)


def saliency(image: Picture) -> Float:
    """(h, w) float32, 0..1: how much a pixel stands out from the border."""
    small = reduced(image, GEODESIC_SIDE)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    edge = border(lab.shape[:2], 2)
    far = geodesic(steps(lab), edge)
    y, x = np.mgrid[: lab.shape[0], : lab.shape[1]].astype(np.float32)
    v, u = y / max(lab.shape[0] - 1, 1) - 0.5, x / max(lab.shape[1] - 1, 1) - 0.5
    centred = np.exp(-(u * u + v * v) / 0.18)
    score = (0.6 * _unit(far) + 0.4 * _unit(unlike(lab, edge))) * (0.5 + 0.5 * centred)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(_unit(score.astype(np.float32)), size), np.float32)


def _labels(score: Float) -> Mask:
    """GrabCut's four labels from saliency."""
    grey = np.asarray(score * 255, np.uint8)
    threshold = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)[0] / 255
    labels = np.where(score > threshold, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[border(score.shape, 1) & (score < threshold)] = cv2.GC_BGD
    return labels


def _largest(inside: NDArray[np.bool_], score: Float) -> NDArray[np.bool_]:
    """Drop pieces that are both small and little salient."""
    count, names = cv2.connectedComponents(inside.astype(np.uint8))
    if count <= 2:
        return inside
    weight = np.bincount(names.ravel(), score.ravel().astype(np.float64), count)
    weight[0] = 0
    return np.asarray((weight >= 0.15 * weight.max())[names] & inside)


class ClassicModel:
    """The model that is always there."""

    def __init__(self, info: ModelInfo = CLASSIC) -> None:
        self.info = info
        self.device = "cpu"

    def close(self) -> None:
        """Nothing is held."""

    def matte(
        self, images: Sequence[Picture], prompts: Sequence[Prompt | None] | None = None
    ) -> list[Coarse]:
        """One coarse alpha per picture; boxes and points are obeyed."""
        told = prompts or [None] * len(images)
        return [self._one(image, prompt) for image, prompt in zip(images, told, strict=True)]

    def _one(self, image: Picture, prompt: Prompt | None) -> Coarse:
        size = (image.shape[0], image.shape[1])
        small = reduced(image, SIDE)
        cell = max(1.0, max(size) / SIDE)
        hinted = prompt is not None and not prompt.empty
        if min(small.shape[:2]) < 8 or (_plain(small) and not hinted):
            return Coarse(
                np.zeros(size, np.uint8),
                empty=True,
                note="The picture is plain: no subject was found.",
                cell_px=cell,
                confidence=0.0,
            )
        alpha = self._drawn(image, small, prompt if hinted else None)
        return Coarse(alpha, not alpha.any(), {}, NOTE, cell, _HINTED if hinted else _ALONE)

    def _drawn(self, image: Picture, small: Picture, prompt: Prompt | None) -> Mask:
        with _LOCK:
            cv2.setRNGSeed(7)
            if prompt is not None:
                return cut(image, prompt)
            score = saliency(small)
            inside = _largest(grab(small, _labels(score), 4), score)
        soft = cv2.GaussianBlur(inside.astype(np.uint8) * 255, (0, 0), 0.8)
        size = (image.shape[1], image.shape[0])
        return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR))


def _plain(image: Picture) -> bool:
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    smooth = cv2.GaussianBlur(lab, (0, 0), 2)
    return float(smooth.std(axis=(0, 1)).max()) < _FAINT

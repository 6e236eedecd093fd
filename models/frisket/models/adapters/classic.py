"""A model without weights: what differs from the border and hangs together is the subject.

Contrast to the border is a geodesic distance in colour (Wei et al., "Geodesic saliency
using background priors", ECCV 2012) times the Mahalanobis distance to the border's own
colours; GrabCut (Rother et al., SIGGRAPH 2004) turns it into an outline. Both run on a
reduced picture, and give the same bytes every time.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..known import CLASSIC, CLASSIC_SIDE
from ..types import Coarse, Float, Mask, ModelInfo, Picture, Prompt
from .pointed import cut

SIDE = CLASSIC_SIDE
GEODESIC_SIDE = 96
NOTE = "The outline comes from contrast alone; a learned model finds more."
#: Its mean overlap with hand-made masks, alone and with a box: contrast never knows that it errs.
_ALONE, _HINTED = 0.6, 0.8
_FAINT = 4.0  # spread of Lab, in its own units, below which there is nothing to see
# OpenCV takes None here; its stubs do not know.
_NONE: Any = None
# GrabCut draws from OpenCV's process-wide random numbers; seeding must not interleave.
_LOCK = threading.Lock()


def reduced(image: Picture, side: int) -> Picture:
    """The picture with its longer side at most ``side``."""
    high, wide = image.shape[:2]
    scale = side / max(high, wide)
    if scale >= 1:
        return image
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def geodesic(cost: Float, seeds: NDArray[np.bool_], rounds: int = 200) -> Float:
    """Shortest path over (h, w) step costs from any seed, by relaxing in four directions.

    Each round relaxes whole rows and columns in both directions at once; a path with
    more turns than rounds is cut short, which does not happen on pictures this small.
    """
    far = np.where(seeds, 0.0, 1e9).astype(np.float32)
    for _ in range(rounds):
        before = far.copy()
        for axis in (0, 1):
            for flip in (False, True):
                far = _swept(far, cost, axis, flip)
        if np.array_equal(before, far):
            break
    return far


def _swept(far: Float, cost: Float, axis: int, flip: bool) -> Float:
    """One pass along an axis: min over i<=j of far[i] + cost[i+1..j], by running sums."""
    d, c = (np.flip(far, axis), np.flip(cost, axis)) if flip else (far, cost)
    total = np.cumsum(c, axis=axis, dtype=np.float64)
    best = np.minimum.accumulate(d - total, axis=axis) + total
    best = np.asarray(best, np.float32)
    return np.flip(best, axis) if flip else best


def border(shape: tuple[int, ...], width: int) -> NDArray[np.bool_]:
    """True within ``width`` pixels of the edge."""
    mask = np.ones(shape, bool)
    mask[width:-width, width:-width] = False
    return mask


def steps(lab: Float) -> Float:
    """Cost of stepping on a pixel: its local contrast, less what noise makes."""
    dx = cv2.Sobel(lab, cv2.CV_32F, 1, 0, ksize=3) / 8
    dy = cv2.Sobel(lab, cv2.CV_32F, 0, 1, ksize=3) / 8
    size = np.sqrt((dx**2 + dy**2).sum(axis=2))
    return np.asarray(np.maximum(size - np.median(size), 0) + 0.02, np.float32)


def unlike(lab: Float, border: NDArray[np.bool_]) -> Float:
    """Distance of each pixel's colour from the nearest of the border's few colours."""
    pixels = np.ascontiguousarray(lab[border].reshape(-1, 3), np.float32)
    count = min(5, len(pixels))
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 10, 0.5)
    _, _, centres = cv2.kmeans(pixels, count, _NONE, stop, 1, cv2.KMEANS_PP_CENTERS)
    away = np.linalg.norm(lab[:, :, None] - centres[None, None], axis=3)
    return np.asarray(away.min(axis=2), np.float32)


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


def grab(image: Picture, labels: Mask, rounds: int) -> NDArray[np.bool_]:
    """GrabCut from given labels; True is foreground. ``labels`` is used up."""
    inside = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    if inside.sum() < 16 or (~inside).sum() < 16:
        return np.asarray(inside)
    models = np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64)
    cv2.grabCut(image, labels, _NONE, models[0], models[1], rounds, cv2.GC_INIT_WITH_MASK)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD))


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

"""Batches by step, from scenes on disk: step n of seed s is the same batch in every run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from augment import change_colour, damage
from data import Image
from numpy.random import Generator
from numpy.typing import NDArray
from torch import Tensor

from band.answers import HELD, UNTOLD
from band.features import Plane, make_features
from band.network import BACKGROUND, OPEN, SUBJECT

Batch = tuple[Tensor, Tensor, Tensor, Tensor]
#: Class of what nobody knows; the loss leaves it out.
IGNORED = 255
#: Alpha up to this is background, and from 255 less this on subject: less is noise.
EXACT = 2
#: Chances of the answers: U²-Net-p's, the embedded model's, what is left is their mean.
FIRST, SECOND = 0.45, 0.4
#: Pixels further from all that is open or misjudged count this much.
_FAR, _NEAR_PX = 0.1, 12


@dataclass(frozen=True)
class Plan:
    """How long, how large, how fast."""

    steps: int
    batch: int
    rate: float
    crop: int
    seed: int


@dataclass(frozen=True)
class Sample:
    """Features (S, S, 8), and of squares of 2 x 2 pixels: classes, alpha 0..255 and weights."""

    features: Plane
    classes: NDArray[np.uint8]
    alpha: Image
    weights: Plane


def list_scenes(folder: Path, held: int = HELD) -> tuple[list[Path], list[Path]]:
    """Return scenes to learn from and, every so many, to be scored on."""
    found = sorted(folder.glob("*.npy"))
    kept = [path for path in found if int(path.stem) % held]
    return kept, [path for path in found if not int(path.stem) % held]


def classify(alpha: Image) -> NDArray[np.uint8]:
    """Return the class of every square of 2 x 2 pixels: (h/2, w/2) of alpha (h, w)."""
    h, w = alpha.shape
    squares = alpha.reshape(h // 2, 2, w // 2, 2)
    least, most = squares.min((1, 3)), squares.max((1, 3))
    classes = np.where(most <= EXACT, BACKGROUND, np.where(least >= 255 - EXACT, SUBJECT, OPEN))
    untold = (squares == UNTOLD).any((1, 3))
    return np.where(untold, IGNORED, classes).astype(np.uint8)


def weigh(classes: NDArray[np.uint8], coarse: Image) -> Plane:
    """Return how much every square counts: little where all is plain and far from an edge."""
    h, w = classes.shape
    small = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_AREA)
    known = np.where(classes == SUBJECT, 255, 0)
    wrong = np.abs(small.astype(np.int16) - known) > 25
    hard = ((classes == OPEN) | (wrong & (classes != IGNORED))).astype(np.uint8)
    near = cv2.dilate(hard, np.ones((2 * _NEAR_PX + 1,) * 2, np.uint8)) > 0
    return np.where(classes == IGNORED, 0, np.where(near, 1, _FAR)).astype(np.float32)


def choose_answer(rng: Generator, first: Image, second: Image) -> Image:
    """Return one of two answers or their mean, sometimes shifted as a look from elsewhere is."""
    drawn = rng.random()
    if drawn < FIRST + SECOND:
        answer = first if drawn < FIRST else second
    else:
        answer = cv2.addWeighted(first, 0.5, second, 0.5, 0)
    if rng.random() < 0.2:
        answer = cv2.GaussianBlur(answer, (0, 0), rng.uniform(0.5, 2))
    return np.asarray(answer, np.uint8)


def draw_sample(rng: Generator, planes: Image, crop: int) -> Sample:
    """Draw a part of a scene (S, S, 6), turned or mirrored."""
    answer = choose_answer(rng, planes[..., 4], planes[..., 5])
    y, x = centre_crop(rng, planes[..., 3], crop)
    box = np.s_[y : y + crop, x : x + crop]
    rgb = planes[box][..., :3]
    if rng.random() < 0.5:
        rgb = damage(rng, change_colour(rng, np.ascontiguousarray(rgb)))
    features = make_features(np.ascontiguousarray(rgb), np.ascontiguousarray(answer[box]))
    alpha = np.ascontiguousarray(planes[box][..., 3])
    classes = classify(alpha)
    weights = weigh(classes, np.ascontiguousarray(answer[box]))
    share = cv2.resize(alpha, classes.shape[::-1], interpolation=cv2.INTER_AREA)
    turns, mirrored = int(rng.integers(4)), rng.random() < 0.5
    turned = (np.rot90(plane, turns) for plane in (features, classes, share, weights))
    return Sample(*(plane[:, ::-1] if mirrored else plane for plane in turned))


def centre_crop(rng: Generator, alpha: Image, crop: int) -> tuple[int, int]:
    """Return the corner of a square; three times in four something open is near its middle."""
    free = alpha.shape[0] - crop
    open_ = np.flatnonzero((alpha > EXACT) & (alpha < 255 - EXACT))
    if rng.random() < 0.25 or not open_.size:
        return int(rng.integers(free + 1)), int(rng.integers(free + 1))
    y, x = np.unravel_index(open_[rng.integers(open_.size)], alpha.shape)
    shift = rng.integers(-crop // 4, crop // 4 + 1, 2) - crop // 2
    return int(np.clip(y + shift[0], 0, free)), int(np.clip(x + shift[1], 0, free))


class StepBatches:
    """Item n is the whole batch of step n: features N×8×S×S; the rest N×S/2×S/2, alpha 0..1."""

    def __init__(self, scenes: list[Path], plan: Plan) -> None:
        self.scenes, self.plan = scenes, plan

    def __getitem__(self, step: int) -> Batch:
        """Draw the batch of one step."""
        rng = np.random.default_rng((self.plan.seed, step))
        drawn = rng.integers(len(self.scenes), size=self.plan.batch)
        planes = (np.load(self.scenes[int(i)], mmap_mode="r") for i in drawn)
        return collate([draw_sample(rng, np.asarray(p), self.plan.crop) for p in planes])


def collate(samples: list[Sample]) -> Batch:
    """Stack samples: features, classes, alpha, weights."""

    def stack(name: str) -> Tensor:
        planes = [getattr(sample, name) for sample in samples]
        return torch.from_numpy(np.ascontiguousarray(np.stack(planes)))

    shown = stack("features").permute(0, 3, 1, 2)
    return (
        shown.contiguous(memory_format=torch.channels_last),
        stack("classes").long(),
        stack("alpha").float() / 255,
        stack("weights"),
    )

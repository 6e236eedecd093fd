"""Batches by step: step n of seed s is the same batch in every run, resumed or not."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from augment import Sample, draw_sample
from data import Image, Pair, draw_weights
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset


@dataclass(frozen=True)
class Plan:
    """How long, how large, how fast; everything that decides a run beside data and seed."""

    steps: int
    batch: int
    rate: float
    backbone_share: float
    small_size: int
    size: int
    grow_at: float
    decay: float
    seed: int

    def size_at(self, step: int) -> int:
        """Return the side of the training images at a step."""
        return self.small_size if step < self.grow_at * self.steps else self.size

    def rate_at(self, step: int) -> float:
        """Return the share of the peak rate: a short warm-up, a plateau, a cosine down to 1 %."""
        warm = min(1.0, (step + 1) / min(200, self.steps / 18))
        start = (1 - self.decay) * self.steps
        through = min(1.0, max(0.0, (step - start) / max(1.0, self.steps - start)))
        return warm * (0.01 + 0.99 * 0.5 * (1 + float(np.cos(np.pi * through))))


def make_input(images: NDArray[np.uint8]) -> Tensor:
    """Turn N×S×S×3 0..255 into N×3×S×S in −1..1, channels last in memory."""
    x = torch.from_numpy(images).permute(0, 3, 1, 2)
    return (x.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def make_target(masks: NDArray[np.uint8]) -> Tensor:
    """Turn N×S×S 0..255 into N×1×S×S in 0..1."""
    return torch.from_numpy(masks)[:, None].float() / 255


class StepBatches(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Item n is the whole batch of step n: images, soft targets, hard masks, all uint8."""

    def __init__(self, pairs: list[Pair], plan: Plan) -> None:
        self.pairs, self.plan, self.weights = pairs, plan, draw_weights(pairs)

    def __len__(self) -> int:
        """Return the number of steps of the run."""
        return self.plan.steps

    def __getitem__(self, step: int) -> tuple[Tensor, Tensor, Tensor]:
        """Draw and augment the batch of one step."""
        cv2.setNumThreads(1)
        rng = np.random.default_rng((self.plan.seed, step))
        drawn = rng.choice(len(self.pairs), self.plan.batch, p=self.weights)
        size = self.plan.size_at(step)
        samples = [draw_sample(rng, self.pairs, int(i), size) for i in drawn]
        return collate(samples)


def collate(samples: list[Sample]) -> tuple[Tensor, Tensor, Tensor]:
    """Stack samples; images N×S×S×3, soft and mask N×S×S, uint8."""
    images = np.stack([s.image for s in samples])
    soft = np.stack([s.soft for s in samples])
    masks = np.stack([s.mask for s in samples])
    return torch.from_numpy(images), torch.from_numpy(soft), torch.from_numpy(masks)


def stretch_square(image: Image, size: int) -> Image:
    """Stretch a photograph or mask to a square, as the model is fed."""
    return np.asarray(cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA), np.uint8)

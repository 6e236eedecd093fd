"""The training loss: edge-weighted cross-entropy, overlap, and gradients; deep supervision.

Logits, soft targets and hard masks are N×1×S×S; targets and masks lie in 0..1.
"""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812
from torch import Tensor

#: Weight of each output's loss, finest first.
LEVELS = (1.0, 0.5, 0.35, 0.25)
#: Weight of the gradient term.
GRADIENT = 0.5


def weigh_edges(mask: Tensor) -> Tensor:
    """Return 1 in even areas, up to 6 near the subject's edge (after F3Net, at a quarter size)."""
    small = F.avg_pool2d(mask, 4)
    near = (F.avg_pool2d(small, 9, 1, 4, count_include_pad=False) - small).abs()
    return F.interpolate(1 + 5 * near, size=mask.shape[-2:], mode="bilinear")


def measure_overlap(prob: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
    """Return one minus the weighted soft intersection over union, mean over the batch."""
    inter = (prob * mask * weight).sum((1, 2, 3))
    union = ((prob + mask - prob * mask) * weight).sum((1, 2, 3))
    return (1 - (inter + 8) / (union + 8)).mean()


def compare_gradients(prob: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute difference of the horizontal and vertical gradients."""
    gap = prob - target
    across = (gap[..., 1:] - gap[..., :-1]).abs().mean()
    return across + (gap[..., 1:, :] - gap[..., :-1, :]).abs().mean()


def measure_level(logit: Tensor, soft: Tensor, mask: Tensor, weight: Tensor) -> Tensor:
    """Return cross-entropy against the soft target and overlap with the hard mask."""
    entropy = F.binary_cross_entropy_with_logits(logit, soft, reduction="none")
    return (entropy * weight).sum() / weight.sum() + measure_overlap(logit.sigmoid(), mask, weight)


def measure_loss(logits: list[Tensor], soft: Tensor, mask: Tensor) -> Tensor:
    """Return the weighted sum over the outputs, finest first, with the finest's gradient term."""
    weight = weigh_edges(mask)
    loss = GRADIENT * compare_gradients(logits[0].float().sigmoid(), soft)
    for share, logit in zip(LEVELS, logits, strict=True):
        size = logit.shape[-2:]
        planes = (F.interpolate(p, size=size, mode="area") for p in (soft, mask, weight))
        loss = loss + share * measure_level(logit.float(), *planes)
    return loss

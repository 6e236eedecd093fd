"""The network: a small U-Net on squares of 4 x 4 pixels: what is open, and a guess at alpha.

Input N×8×H×W of `features`, H and W multiples of 32; output logits N×4×H/2×W/2: for background,
open and subject, and of alpha. Normalisations are folded into the convolutions when it is
exported. Convolutions are whole: separable ones take longer to train without a GPU.
"""

from __future__ import annotations

from itertools import pairwise

import torch.nn.functional as F  # noqa: N812
from network import make_unit, upsample
from torch import Tensor, nn

from band.features import CHANNELS

BACKGROUND, OPEN, SUBJECT = range(3)
CLASSES = 3
#: Channels at 1/4, 1/8, 1/16 and 1/32.
WIDTHS = (32, 48, 64, 96)
_FOLD = 4


class Block(nn.Module):
    """A convolution beside what came in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = make_unit(width, width, 3)

    def forward(self, x: Tensor) -> Tensor:
        """Keep N×width×h×w."""
        return x + self.layers(x)


class Merge(nn.Module):
    """Bring coarse features to a finer grid and join them with those that were there."""

    def __init__(self, coarse: int, fine: int) -> None:
        super().__init__()
        self.down, self.block = make_unit(coarse, fine), Block(fine)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """Return N×fine on the grid of `fine`."""
        return self.block(fine + upsample(self.down(coarse), fine))


class BandNet(nn.Module):
    """The whole network."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = make_unit(CHANNELS * _FOLD**2, WIDTHS[0])
        self.blocks = nn.ModuleList(Block(width) for width in WIDTHS)
        pairs = list(pairwise(WIDTHS))
        self.downs = nn.ModuleList(make_unit(fine, coarse) for fine, coarse in pairs)
        self.merges = nn.ModuleList(Merge(coarse, fine) for fine, coarse in reversed(pairs))
        self.head = nn.Conv2d(WIDTHS[0], (CLASSES + 1) * 4, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits at half the sides."""
        y = self.blocks[0](self.stem(F.pixel_unshuffle(x, _FOLD)))
        skips = []
        for down, block in zip(self.downs, self.blocks[1:], strict=True):
            skips.append(y)
            y = block(down(F.avg_pool2d(y, 2)))
        for merge, skip in zip(self.merges, reversed(skips), strict=True):
            y = merge(y, skip)
        return F.pixel_shuffle(self.head(y), 2)

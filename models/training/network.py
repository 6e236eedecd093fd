"""The network: a MobileNetV2 encoder, pooled context, and a light decoder.

Input N×3×S×S in −1..1, S a multiple of 64; output one logit map at S and, while
training, coarser ones at S/4, S/8 and S/16 for deep supervision.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812
from backbone import CHANNELS, Backbone
from torch import Tensor, nn

#: Decoder channels at 1/2, 1/4, 1/8 and 1/16.
WIDTHS = (24, 48, 64, 128)


def make_unit(inp: int, out: int, kernel: int = 1, groups: int = 1, rate: int = 1) -> nn.Sequential:
    """Return convolution, batch normalisation and ReLU; the grid stays."""
    pad = rate * (kernel // 2)
    layer = nn.Conv2d(inp, out, kernel, 1, pad, rate, groups, bias=False)
    return nn.Sequential(layer, nn.BatchNorm2d(out), nn.ReLU())


def make_separable(inp: int, out: int, kernel: int = 3, rate: int = 1) -> nn.Sequential:
    """Filter each channel, then mix them."""
    return nn.Sequential(make_unit(inp, inp, kernel, inp, rate), make_unit(inp, out))


def upsample(x: Tensor, like: Tensor) -> Tensor:
    """Resize N×C×h×w bilinearly to the grid of `like`."""
    return F.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


class Context(nn.Module):
    """What the whole picture says: the features beside their means over 1, 2² and 4² cells."""

    def __init__(self, inp: int, out: int) -> None:
        super().__init__()
        self.cells = (1, 2, 4)
        self.pooled = nn.ModuleList(nn.Conv2d(inp, out // 4, 1) for _ in self.cells)
        self.local = make_unit(inp, out)
        self.wide = make_separable(inp, out // 2, 3, rate=3)
        self.mix = make_unit(out + out // 2 + 3 * (out // 4), out)
        self.refine = make_separable(out, out, 5)

    def forward(self, x: Tensor) -> Tensor:
        """Turn N×inp×h×w into N×out×h×w."""
        parts = [self.local(x), self.wide(x)]
        for cells, layer in zip(self.cells, self.pooled, strict=True):
            side = x.shape[-1] // cells
            parts.append(upsample(F.relu(layer(F.avg_pool2d(x, side))), x))
        y = self.mix(torch.cat(parts, 1))
        return y + self.refine(y)


class Merge(nn.Module):
    """Bring coarse features to a finer grid and join them with the encoder's."""

    def __init__(self, coarse: int, skip: int, out: int) -> None:
        super().__init__()
        self.skip = make_unit(skip, out)
        self.down = make_unit(coarse, out)
        self.first = make_separable(2 * out, out, 5)
        self.second = make_separable(out, out, 3)

    def forward(self, coarse: Tensor, skip: Tensor) -> Tensor:
        """Return N×out on the grid of `skip`."""
        fine = self.skip(skip)
        y = self.first(torch.cat([upsample(self.down(coarse), fine), fine], 1))
        return y + self.second(y)


class Frisket(nn.Module):
    """The whole network; N×3×S×S in −1..1 to logits, finest first."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.context = Context(CHANNELS[3], WIDTHS[3])
        self.merges = nn.ModuleList(
            Merge(WIDTHS[i + 1], CHANNELS[i], WIDTHS[i]) for i in reversed(range(3))
        )
        self.heads = nn.ModuleList(nn.Conv2d(w, 1, 3, 1, 1) for w in reversed(WIDTHS))

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return logits at S, S/4, S/8 and S/16."""
        *skips, deep = self.backbone(x)
        y = self.context(deep)
        logits = [self.heads[0](y)]
        for merge, skip, head in zip(self.merges, reversed(skips), self.heads[1:], strict=True):
            y = merge(y, skip)
            logits.append(head(y))
        logits[-1] = upsample(logits[-1], x)
        return logits[::-1]

    def parameter_groups(self, rate: float, backbone_share: float) -> list[dict[str, object]]:
        """Return parameters for an optimiser; the backbone learns at a share of the rate."""
        own = list(self.backbone.parameters())
        known = {id(p) for p in own}
        rest = [p for p in self.parameters() if id(p) not in known]
        slow = {"params": own, "peak": rate * backbone_share}
        return [slow, {"params": rest, "peak": rate}]

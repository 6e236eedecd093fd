"""MobileNetV2 (width 0.5) and the weights it starts from.

The weights are those of TensorFlow's DeepLab demo `deeplabv3_257_mv_gpu.tflite`
(Apache-2.0; ImageNet, COCO and Pascal VOC). Batch normalisation is folded into the
biases there, so every layer here is a convolution with a bias. TensorFlow's SAME padding
of a 3×3 kernel at odd sizes is a padding of 1 on each side; that is used at any size.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

#: Expansion, output channels, stride and dilation of each inverted residual.
PLAN = [
    (1, 8, 1), (6, 12, 2), (6, 12, 1), (6, 16, 2), (6, 16, 1), (6, 16, 1),
    (6, 32, 2), (6, 32, 1), (6, 32, 1), (6, 32, 1), (6, 48, 1), (6, 48, 1), (6, 48, 1),
    (6, 80, 1), (6, 80, 1), (6, 80, 1), (6, 160, 1),
]  # fmt: skip
#: Blocks whose expanded features, just before they are halved, become skip connections.
SKIP_BLOCKS = (1, 3, 6)
#: Channels of what `Backbone` returns, at 1/2, 1/4, 1/8 and 1/16.
CHANNELS = (48, 72, 96, 160)


def make_conv(inp: int, out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    """Return a convolution that keeps the grid at stride 1."""
    return nn.Conv2d(inp, out, kernel, stride, kernel // 2, groups=groups)


def dilate(layer: nn.Conv2d, rate: int) -> None:
    """Spread the taps of a 3×3 convolution."""
    layer.dilation, layer.padding = (rate, rate), (rate, rate)


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; N×C×h×w in, N×C'×h/stride×w/stride out."""

    def __init__(self, inp: int, out: int, expansion: int, stride: int) -> None:
        super().__init__()
        mid = inp * expansion
        self.expand = make_conv(inp, mid, 1) if expansion > 1 else None
        self.depthwise = make_conv(mid, mid, 3, stride, groups=mid)
        self.project = make_conv(mid, out, 1)
        self.residual = stride == 1 and inp == out
        self.act = nn.ReLU6()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the block's output and its expanded features."""
        wide = self.act(self.expand(x)) if self.expand is not None else x
        out = self.project(self.act(self.depthwise(wide)))
        return (out + x if self.residual else out), wide


class Backbone(nn.Module):
    """Features at 1/2, 1/4, 1/8 and 1/16 of N×3×H×W in −1..1."""

    def __init__(self, plan: list[tuple[int, int, int]] = PLAN) -> None:
        super().__init__()
        self.stem = make_conv(3, 16, 3, 2)
        self.act = nn.ReLU6()
        widths = [16] + [out for _, out, _ in plan]
        self.blocks = nn.ModuleList(
            InvertedResidual(inp, out, t, s) for inp, (t, out, s) in zip(widths, plan, strict=False)
        )
        for block in self.blocks[13:]:
            dilate(block.depthwise, 2)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the four feature maps, finest first."""
        skips, x = [], self.act(self.stem(x))
        for index, block in enumerate(self.blocks):
            x, wide = block(x)
            if index in SKIP_BLOCKS:
                skips.append(wide)
        return [*skips, x]

    def convolutions(self) -> list[nn.Conv2d]:
        """Return every convolution in the order in which the file holds them."""
        found = [self.stem]
        for block in self.blocks:
            found += [c for c in (block.expand, block.depthwise, block.project) if c is not None]
        return found


def read_convolutions(path: Path) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return kernel (O×I×k×k) and bias of every convolution of a TFLite file, in order."""
    import tflite

    model = tflite.Model.GetRootAsModel(path.read_bytes(), 0)
    graph, wanted = model.Subgraphs(0), tflite.BuiltinOperator
    result = []
    for i in range(graph.OperatorsLength()):
        op = graph.Operators(i)
        kind = model.OperatorCodes(op.OpcodeIndex()).DeprecatedBuiltinCode()
        if kind in (wanted.CONV_2D, wanted.DEPTHWISE_CONV_2D):
            kernel, bias = (_tensor(model, graph, op.Inputs(k)) for k in (1, 2))
            # A file kernel is O×k×k×I; that of a depthwise convolution 1×k×k×O.
            axes = (0, 3, 1, 2) if kind == wanted.CONV_2D else (3, 0, 1, 2)
            result.append((kernel.transpose(axes), bias))
    return result


def load_tflite(backbone: Backbone, path: Path) -> None:
    """Fill a backbone with the file's weights; a ValueError says which layer differs."""
    pairs = zip(backbone.convolutions(), read_convolutions(path), strict=False)
    with torch.no_grad():
        for index, (layer, (kernel, bias)) in enumerate(pairs):
            if tuple(layer.weight.shape) != kernel.shape:
                raise ValueError(f"layer {index}: {kernel.shape}, not {tuple(layer.weight.shape)}")
            layer.weight.copy_(torch.from_numpy(kernel.copy()))
            layer.bias.copy_(torch.from_numpy(bias.copy()))


def restore_published(backbone: Backbone) -> Backbone:
    """Turn to the published strides and dilations (1/8 throughout), to compare features."""
    for index, block in enumerate(backbone.blocks):
        if index == 6:
            block.depthwise.stride = (1, 1)
        if index >= 7:
            dilate(block.depthwise, 2 if index < 14 else 4)
    return backbone


def _tensor(model: object, graph: object, index: int) -> NDArray[np.float32]:
    """Return one constant of the file, float32 in the file's own layout."""
    tensor = graph.Tensors(index)  # type: ignore[attr-defined]
    raw = model.Buffers(tensor.Buffer()).DataAsNumpy()  # type: ignore[attr-defined]
    return np.asarray(raw.view(np.float32).reshape(tensor.ShapeAsNumpy()))

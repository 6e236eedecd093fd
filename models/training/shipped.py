"""Begin where an exported file ended: its weights back in the network, ready to be trained on.

Export folds every batch normalisation into the convolution before it. Here each is unfolded
again: with the mean and variance that its input has on photographs, and the scale and offset that
undo them, the network's answers stay the file's own and training goes on as if never exported.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

#: What export puts before each name, and behind the name of what it stores as float16.
_PREFIX, _HALF = "net.", "_half"


def read_weights(path: Path) -> dict[str, Tensor]:
    """Return the file's weights by the names they have in the network, float32."""
    found = {}
    for constant in onnx.load(path).graph.initializer:
        if constant.name.startswith(_PREFIX):
            name = constant.name.removeprefix(_PREFIX).removesuffix(_HALF)
            found[name] = torch.from_numpy(numpy_helper.to_array(constant).astype(np.float32))
    return found


def load_shipped(net: nn.Module, path: Path) -> None:
    """Fill a network with the weights of an exported file; its answers are the file's.

    Outputs that the file does not have, those for deep supervision, begin at zero.

    Raises:
        ValueError: the file holds weights that the network does not have.
    """
    weights = read_weights(path)
    with torch.no_grad():
        for name, layer in net.named_modules():
            if isinstance(layer, nn.Conv2d):
                _fill(layer, weights, name)
        for folded, norm in find_normalised(net):
            norm.bias.copy_(weights.pop(f"{folded}.bias"))
            norm.running_var.fill_(1 - norm.eps)
    if weights:
        raise ValueError(f"{path}: the network has no {', '.join(sorted(weights)[:3])}")


def find_normalised(net: nn.Module) -> list[tuple[str, nn.BatchNorm2d]]:
    """Return each batch normalisation beside the name of the convolution before it."""
    layers = [(n, m) for n, m in net.named_modules() if isinstance(m, nn.BatchNorm2d)]
    return [(f"{name.rpartition('.')[0]}.0", norm) for name, norm in layers]


@torch.no_grad()
def unfold(net: nn.Module, images: list[Tensor]) -> None:
    """Give each batch normalisation the mean and variance of these inputs; answers stay.

    Args:
        net: filled by `load_shipped`.
        images: N×3×S×S each, in −1..1.
    """
    seen: dict[str, list[tuple[Tensor, Tensor]]] = {}
    pairs = find_normalised(net)
    hooks = [norm.register_forward_hook(_watch(seen, name)) for name, norm in pairs]
    net.eval()
    for batch in images:
        net(batch)
    for hook in hooks:
        hook.remove()
    for name, norm in pairs:
        means, squares = (torch.stack(part).mean(0) for part in zip(*seen[name], strict=True))
        _normalise(net.get_submodule(name), norm, means, squares - means.square())


def _fill(layer: nn.Conv2d, weights: dict[str, Tensor], name: str) -> None:
    if f"{name}.weight" not in weights:
        layer.weight.zero_()
    else:
        layer.weight.copy_(weights.pop(f"{name}.weight"))
    if layer.bias is not None:
        layer.bias.copy_(weights.pop(f"{name}.bias", torch.zeros_like(layer.bias)))


def _watch(seen: dict[str, list[tuple[Tensor, Tensor]]], name: str):  # type: ignore[no-untyped-def]
    def note(_: nn.Module, inputs: tuple[Tensor, ...], __: Tensor) -> None:
        x = inputs[0].float()
        seen.setdefault(name, []).append((x.mean((0, 2, 3)), x.square().mean((0, 2, 3))))

    return note


def _normalise(conv: nn.Module, norm: nn.BatchNorm2d, mean: Tensor, variance: Tensor) -> None:
    """Scale a convolution to unit variance and let its normalisation undo that."""
    spread = (variance.clamp_min(0) + norm.eps).sqrt()
    conv.weight /= spread[:, None, None, None]
    norm.running_mean.copy_(mean / spread)
    norm.running_var.fill_(1 - norm.eps)
    norm.weight.copy_(spread)
    norm.bias += mean

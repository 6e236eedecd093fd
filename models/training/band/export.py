"""Turn a checkpoint's averaged weights into an ONNX file.

`python -m band.export --run RUN --out band.onnx`

The graph takes `features` N×8×H×W float32 (H and W multiples of 32) and gives `shares`
N×4×H/2×W/2: how probable background, open and subject are, and a guess at alpha. Weights are
stored as float16.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from export import fold, halve
from loop import CHECKPOINT
from torch import Tensor, nn

from band.features import CHANNELS, STRIDE
from band.network import CLASSES, BandNet
from frisket.models.backends.onnx import import_runtime

MOST_BYTES = 2 << 20


class Shipped(nn.Module):
    """The network with probabilities for scores."""

    def __init__(self, net: BandNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, features: Tensor) -> Tensor:
        """Turn N×8×H×W into N×4×H/2×W/2, all 0..1; the first three sum to 1."""
        logits = self.net(features)
        return torch.cat([logits[:, :CLASSES].softmax(1), logits[:, CLASSES:].sigmoid()], 1)


def load(run: Path) -> Shipped:
    """Return the averaged network of a run, with batch normalisation folded in."""
    net = BandNet()
    net.load_state_dict(torch.load(run / CHECKPOINT, weights_only=True)["mean"])
    net.eval()
    fold(net)
    return Shipped(net).eval()


def write(model: Shipped, path: Path) -> None:
    """Write the graph; batch, height and width are free."""
    free = {0: "n", 2: "h", 3: "w"}
    torch.onnx.export(
        model,
        (torch.zeros(1, CHANNELS, 4 * STRIDE, 4 * STRIDE),),
        str(path),
        input_names=["features"],
        output_names=["shares"],
        dynamic_axes={"features": free, "shares": free},
        opset_version=17,
        dynamo=False,
    )
    onnx.save(halve(onnx.load(path)), path)


def measure_deviation(model: Shipped, path: Path) -> float:
    """Return the greatest difference between the file's answers and PyTorch's, on noise."""
    noise = torch.Generator().manual_seed(0)
    shown = torch.rand(1, CHANNELS, 5 * STRIDE, 3 * STRIDE, generator=noise) - 0.5
    session = import_runtime().InferenceSession(str(path), providers=["CPUExecutionProvider"])
    got = session.run(None, {"features": shown.numpy()})[0]
    with torch.no_grad():
        return float(np.abs(got - model(shown).numpy()).max())


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    model = load(args.run)
    write(model, args.out)
    gap, size = measure_deviation(model, args.out), args.out.stat().st_size
    print(f"{args.out}: {size / 1e6:.2f} MB, differs by at most {gap:.4f}")
    if gap > 0.02 or size > MOST_BYTES:
        raise SystemExit("the exported graph does not agree with the network, or is too large")


if __name__ == "__main__":
    main()

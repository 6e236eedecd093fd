"""Seconds and memory of one window of a refiner, on this machine's processor.

    python benchmarks/vitmatte.py GRAPH.onnx …
    python benchmarks/vitmatte.py --export FOLDER 512 1024    # needs torch and transformers

Without real weights, `--export` writes graphs of ViTMatte small's own architecture (26 million
parameters) with random ones: what they answer is noise, what they cost is not.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from common import RESULTS, median_seconds

from frisket.models import Refiner, Registry

THREADS = 2


def export(folder: Path, side: int) -> None:
    """Write ViTMatte small with random weights, for squares of one side."""
    import torch
    from transformers import VitDetConfig, VitMatteConfig, VitMatteForImageMatting

    whole = [2, 5, 8, 11]
    backbone = VitDetConfig(
        hidden_size=384,
        image_size=512,
        num_attention_heads=6,
        num_channels=4,
        out_features=["stage12"],
        residual_block_indices=whole,
        window_block_indices=[i for i in range(12) if i not in whole],
        window_size=14,
        use_relative_position_embeddings=True,
    )
    config = VitMatteConfig(
        backbone_config=backbone,
        hidden_size=384,
        convstream_hidden_sizes=[48, 96, 192],
        fusion_hidden_sizes=[256, 128, 64, 32],
    )
    torch.manual_seed(0)
    network = VitMatteForImageMatting(config).eval()
    network.forward = _answering(network.forward)
    names = {"input_names": ["pixel_values"], "output_names": ["alphas"]}
    square = (torch.rand(1, 4, side, side),)
    target = str(folder / f"vitmatte-small-random-{side}.onnx")
    torch.onnx.export(network, square, target, opset_version=17, dynamo=False, **names)


def _answering(forward: Any) -> Any:
    """The network's answer alone, without what training needs."""
    return lambda pixel_values: forward(pixel_values=pixel_values).alphas


def window(graph: Path) -> dict[str, Any]:
    """Seconds of a window and the greatest memory of this process."""
    with tempfile.TemporaryDirectory() as home:
        registry = Registry(Path(home))
        registry.add("refiner", "vitmatte-hf", graph)
        model = registry.open("refiner", "cpu", THREADS)
    assert isinstance(model, Refiner)
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (model.side, model.side, 3)).astype(np.uint8)
    trimap = np.full(image.shape[:2], 128, np.uint8)
    seconds = median_seconds(5, lambda: model.refine(image, trimap))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"graph": graph.name, "side": model.side, "seconds": seconds, "peak_mib": peak}


def main() -> None:
    """Export, or measure each graph in a process of its own, print and write."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--export"]:
        for side in arguments[2:]:
            export(Path(arguments[1]), int(side))
        return
    if arguments[:1] == ["--one"]:
        print(json.dumps(window(Path(arguments[1]))))
        return
    command = [sys.executable, __file__, "--one"]
    rows = [
        json.loads(subprocess.run([*command, graph], check=True, stdout=subprocess.PIPE).stdout)
        for graph in arguments
    ]
    lines = ["| graph | window, px | s a window | process, MiB |", "|---|---|---|---|"]
    lines += [
        f"| {r['graph']} | {r['side']} | {r['seconds']:.2f} | {r['peak_mib']:.0f} |" for r in rows
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    (RESULTS / "vitmatte.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "vitmatte.md").write_text(text)


if __name__ == "__main__":
    main()

"""Small ONNX graphs with random weights and the signatures of real families."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def convolution(
    path: Path,
    shape: tuple[int | str, ...],
    channels: int = 1,
    layout: str = "nchw",
    bias: float = 0.0,
    final: str = "Sigmoid",
    outputs: int = 1,
    seed: int = 0,
) -> Path:
    """A 3x3 convolution and an activation; NHWC graphs are transposed on both sides."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 1, (channels, 3, 3, 3)).astype(np.float32)
    offset = np.full(channels, bias, np.float32)
    nhwc = layout == "nhwc"
    nodes = [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2])] if nhwc else []
    nodes.append(
        helper.make_node("Conv", ["t" if nhwc else "x", "w", "b"], ["c"], pads=[1, 1, 1, 1])
    )
    nodes.append(helper.make_node(final, ["c"], ["s" if nhwc else "y0"]))
    if nhwc:
        nodes.append(helper.make_node("Transpose", ["s"], ["y0"], perm=[0, 2, 3, 1]))
    nodes += [helper.make_node("Neg", ["y0"], [f"y{i}"]) for i in range(1, outputs)]
    out = [*shape[:-1], channels] if nhwc else [shape[0], channels, *shape[2:]]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, list(shape))],
        [helper.make_tensor_value_info(f"y{i}", TensorProto.FLOAT, out) for i in range(outputs)],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(offset, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path

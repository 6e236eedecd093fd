"""Small TFLite graphs, one for each operator, and who runs them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tflite_graphs import Draft

from frisket.models.backends.onnx import Graph
from frisket.models.importers.tflite import to_onnx

from .conftest import SHARED

RNG = np.random.default_rng(5)


WEIGHTS = SHARED / "data" / "weights"


def find_weights(name: str) -> Path:
    path = WEIGHTS / name
    if not path.is_file():
        pytest.skip(f"real weights are not at {path}")
    return path


def draw_normal(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def save_graph(
    build: Callable[[Draft, int], int], path: Path, size: tuple[int, int] = (9, 12)
) -> Path:
    """A graph of whatever ``build`` adds after an input of six channels."""
    draft = Draft()
    x = draft.tensor((1, *size, 6))
    draft.inputs, draft.outputs = [x], [build(draft, x)]
    return draft.save(path)


def add_conv(
    padding: int, stride: int, dilation: int, activation: int
) -> Callable[[Draft, int], int]:
    def build(draft: Draft, x: int) -> int:
        size = [
            -(-n // stride) if padding == 0 else (n - 2 * dilation - 1) // stride + 1
            for n in (9, 12)
        ]
        given = [x, draft.constant(draw_normal(4, 3, 3, 6)), draft.constant(draw_normal(4))]
        return draft.step(
            "CONV_2D",
            given,
            (1, *size, 4),
            Padding=padding,
            StrideH=stride,
            StrideW=stride,
            DilationHFactor=dilation,
            DilationWFactor=dilation,
            FusedActivationFunction=activation,
        )

    return build


def add_depthwise(draft: Draft, x: int) -> int:
    given = [x, draft.constant(draw_normal(1, 5, 5, 12)), draft.constant(draw_normal(12))]
    return draft.step(
        "DEPTHWISE_CONV_2D",
        given,
        (1, 5, 6, 12),
        Padding=0,
        StrideH=2,
        StrideW=2,
        DepthMultiplier=2,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=3,
    )


def add_pool(draft: Draft, x: int) -> int:
    return draft.step(
        "AVERAGE_POOL_2D",
        [x],
        (1, 5, 6, 6),
        Padding=0,
        StrideH=2,
        StrideW=2,
        FilterHeight=3,
        FilterWidth=4,
        FusedActivationFunction=0,
    )


def add_pool_all(draft: Draft, x: int) -> int:
    return draft.step(
        "AVERAGE_POOL_2D",
        [x],
        (1, 1, 1, 6),
        Padding=1,
        StrideH=9,
        StrideW=12,
        FilterHeight=9,
        FilterWidth=12,
        FusedActivationFunction=0,
    )


def add_mean(draft: Draft, x: int) -> int:
    axes = draft.constant(np.array([1, 2], np.int32))
    return draft.step("MEAN", [x, axes], (1, 1, 1, 6), KeepDims=1)


def add_gate(draft: Draft, x: int) -> int:
    """Squeeze and excite: a broadcast product and a sum with a constant of one dimension."""
    gate = draft.step("LOGISTIC", [add_mean(draft, x)], (1, 1, 1, 6))
    product = draft.step("MUL", [x, gate], (1, 9, 12, 6), FusedActivationFunction=0)
    return draft.step(
        "ADD", [product, draft.constant(draw_normal(6))], (1, 9, 12, 6), FusedActivationFunction=1
    )


def add_swish(draft: Draft, x: int) -> int:
    double = draft.step("ADD", [x, x], (1, 9, 12, 6), FusedActivationFunction=0)
    return draft.step("HARD_SWISH", [double], (1, 9, 12, 6))


def add_joint(draft: Draft, x: int) -> int:
    other = draft.step("RELU", [x], (1, 9, 12, 6))
    return draft.step(
        "CONCATENATION", [other, x], (1, 9, 12, 12), Axis=3, FusedActivationFunction=0
    )


def add_resize(size: tuple[int, int], align: int, half: int) -> Callable[[Draft, int], int]:
    def build(draft: Draft, x: int) -> int:
        to = draft.constant(np.array(size, np.int32))
        return draft.step(
            "RESIZE_BILINEAR", [x, to], (1, *size, 6), AlignCorners=align, HalfPixelCenters=half
        )

    return build


def add_half_weights(draft: Draft, x: int) -> int:
    w = draft.constant(draw_normal(4, 1, 1, 6).astype(np.float16))
    wide = draft.step("DEQUANTIZE", [w], (4, 1, 1, 6))
    return draft.step(
        "CONV_2D",
        [x, wide, draft.constant(draw_normal(4))],
        (1, 9, 12, 4),
        Padding=0,
        StrideH=1,
        StrideW=1,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=0,
    )


def add_transposed(kernel: int, stride: int, padding: int = 1) -> Callable[[Draft, int], int]:
    def build(draft: Draft, x: int) -> int:
        size = [n * stride if padding == 1 else (n - 1) * stride + kernel for n in (9, 12)]
        given = [
            x,
            draft.constant(draw_normal(2, kernel, kernel, 6)),
            draft.constant(draw_normal(2)),
        ]
        custom = struct.pack("<iii", padding, stride, stride)
        return draft.step("Convolution2DTransposeBias", given, (1, *size, 2), custom=custom)

    return build


BUILTIN = {
    "same": add_conv(0, 1, 1, 0),
    "strided": add_conv(0, 2, 1, 1),
    "valid": add_conv(1, 2, 1, 3),
    "dilated": add_conv(0, 1, 2, 2),
    "depthwise": add_depthwise,
    "pool": add_pool,
    "pool_all": add_pool_all,
    "mean": add_mean,
    "gated": add_gate,
    "swish": add_swish,
    "joined": add_joint,
    "resize": add_resize((18, 24), 0, 0),
    "resize_odd": add_resize((13, 31), 0, 0),
    "resize_corners": add_resize((17, 23), 1, 0),
    "resize_halves": add_resize((18, 24), 0, 1),
    "resize_nothing": add_resize((9, 12), 1, 0),
    "half_weights": add_half_weights,
}


CUSTOM = {
    "transposed": add_transposed(2, 2),
    "transposed_wide": add_transposed(4, 2),
    "transposed_odd": add_transposed(3, 2),
    "transposed_valid": add_transposed(3, 2, padding=2),
}


def run_imported(path: Path, x: np.ndarray) -> np.ndarray:
    """The importer's answer for (n, h, w, c), channels last."""
    graph = Graph(to_onnx(path), "cpu", 1)
    feed = {graph.inputs[0].name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))}
    return graph.run(feed, [graph.outputs[0].name])[0].transpose(0, 2, 3, 1)


def run_tflite(path: Path, x: np.ndarray) -> np.ndarray:
    """TFLite's own answer."""
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="no TFLite runtime here")
    try:
        interpreter = litert.Interpreter(str(path), num_threads=1)
        interpreter.allocate_tensors()
    except RuntimeError as error:
        if "Convolution2DTransposeBias" in str(error):
            pytest.skip("this TFLite runtime does not know the custom operator")
        raise
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))

"""The operators that the importer knows, each written channels first.

Semantics are those of TensorFlow Lite's reference kernels; the transposed convolution is
MediaPipe's custom operator of that name.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..core.types import Array
from .tflite_file import Operator
from .tflite_writer import GraphWriter, Shape, WriteOperator, Writers

_SAME, _VALID = 0, 1
_CUSTOM_SAME, _CUSTOM_VALID = 1, 2  # TfLitePadding, of which the custom operator keeps a copy
_LARGEST_STEP = 1024  # of a stride or a dilation


def _measure_span(
    size: int, kernel: int, stride: int, dilation: int, same: bool
) -> tuple[int, int, int]:
    """Return the output size and the padding before and after, as TensorFlow computes them."""
    reach = (kernel - 1) * dilation + 1
    if not same:
        return (size - reach) // stride + 1, 0, 0
    count = -(-size // stride)
    total = max(0, (count - 1) * stride + reach - size)
    return count, total // 2, total - total // 2


def _measure_spans(
    writer: GraphWriter, step: Operator, kernel: tuple[int, int], step_by: Sequence[int]
) -> tuple[int, int, list[int]]:
    """Return height, width and ONNX pads of an operator that slides over its input."""
    strides, dilations = step_by[:2], step_by[2:] or (1, 1)
    padding = step.options["Padding"]
    if padding not in (_SAME, _VALID) or not all(1 <= n <= _LARGEST_STEP for n in step_by):
        raise writer.blame(step, f"padding {padding}, strides and dilations {list(step_by)}")
    sides = writer.read_shape(step, 0)[1:3]
    rows, cols = (
        _measure_span(side, k, s, d, padding == _SAME)
        for side, k, s, d in zip(sides, kernel, strides, dilations, strict=True)
    )
    if min(rows[0], cols[0]) < 1:
        raise writer.blame(step, f"its kernel {list(kernel)} is larger than its input")
    return rows[0], cols[0], [rows[1], cols[1], rows[2], cols[2]]


def _write_bias(writer: GraphWriter, step: Operator, channels: int) -> list[str]:
    if len(step.inputs) < 3 or step.inputs[2] == -1:
        return []
    values = writer.read_array(step, 2, 1)
    if values.shape != (channels,):
        raise writer.blame(step, f"its bias is {list(values.shape)} for {channels} channels")
    return [writer.add_constant(values)]


def _write_convolution(writer: GraphWriter, step: Operator, weights: Array, group: int) -> Shape:
    """Write a convolution whose weights are (out, in / group, h, w)."""
    options = step.options
    names = ("StrideH", "StrideW", "DilationHFactor", "DilationWFactor")
    steps = [options[name] for name in names]
    kernel = (int(weights.shape[2]), int(weights.shape[3]))
    high, wide, pads = _measure_spans(writer, step, kernel, steps)
    given = [writer.name_value(step, 0), writer.add_constant(weights)]
    given += _write_bias(writer, step, int(weights.shape[0]))
    moved: dict[str, Any] = {
        "strides": steps[:2],
        "dilations": steps[2:],
        "pads": pads,
        "group": group,
    }
    writer.emit(step, "Conv", given, **moved)
    writer.fuse(step)
    return 1, high, wide, int(weights.shape[0])


def _write_conv(writer: GraphWriter, step: Operator) -> Shape:
    weights = writer.read_array(step, 1, 4).transpose(0, 3, 1, 2)
    channels = writer.read_shape(step, 0)[3]
    group, rest = divmod(channels, weights.shape[1])
    if rest or not group or weights.shape[0] % group:
        raise writer.blame(step, f"weights for {weights.shape[1]} channels, {channels} come")
    return _write_convolution(writer, step, weights, group)


def _write_depthwise(writer: GraphWriter, step: Operator) -> Shape:
    weights = writer.read_array(step, 1, 4).transpose(3, 0, 1, 2)
    channels = writer.read_shape(step, 0)[3]
    if weights.shape[1] != 1 or weights.shape[0] % channels:
        raise writer.blame(step, f"weights for {weights.shape[0]} channels, {channels} come")
    return _write_convolution(writer, step, weights, channels)


def _write_transposed(writer: GraphWriter, step: Operator) -> Shape:
    """Write MediaPipe's Convolution2DTransposeBias: weights (out, h, w, in), then a bias."""
    padding, stride_w, stride_h = struct.unpack_from("<iii", step.custom)
    weights = writer.read_array(step, 1, 4)
    _, high, wide, channels = writer.read_shape(step, 0)
    if padding not in (_CUSTOM_SAME, _CUSTOM_VALID) or weights.shape[3] != channels:
        raise writer.blame(step, f"padding {padding}, weights {list(weights.shape)}")
    same = padding == _CUSTOM_SAME
    rows = _measure_widening(writer, step, high, int(weights.shape[1]), stride_h, same)
    cols = _measure_widening(writer, step, wide, int(weights.shape[2]), stride_w, same)
    given = [writer.name_value(step, 0), writer.add_constant(weights.transpose(3, 0, 1, 2))]
    given += _write_bias(writer, step, int(weights.shape[0]))
    pads = [rows[1], cols[1], rows[2], cols[2]]
    writer.emit(step, "ConvTranspose", given, strides=[stride_h, stride_w], pads=pads)
    return 1, rows[0], cols[0], int(weights.shape[0])


def _measure_widening(
    writer: GraphWriter, step: Operator, size: int, kernel: int, stride: int, same: bool
) -> tuple[int, int, int]:
    """Return the output size of a transposed convolution, and what is cut off before and after."""
    full = (size - 1) * stride + kernel
    kept = size * stride if same else full
    if not 1 <= stride <= _LARGEST_STEP or kept > full:
        raise writer.blame(step, f"stride {stride} with a kernel of {kernel}")
    return kept, (full - kept) // 2, full - kept - (full - kept) // 2


def _write_pool(writer: GraphWriter, step: Operator) -> Shape:
    options = step.options
    kernel = (options["FilterHeight"], options["FilterWidth"])
    strides = [options["StrideH"], options["StrideW"]]
    if min(kernel) < 1:
        raise writer.blame(step, f"its kernel is {list(kernel)}")
    high, wide, pads = _measure_spans(writer, step, kernel, strides)
    _, rows, cols, channels = writer.read_shape(step, 0)
    if (rows, cols) == kernel and (high, wide) == (1, 1) and not any(pads):
        writer.emit(step, "GlobalAveragePool", [writer.name_value(step, 0)])
    else:
        moved: dict[str, Any] = {"kernel_shape": list(kernel), "strides": strides, "pads": pads}
        writer.emit(step, "AveragePool", [writer.name_value(step, 0)], **moved)
    writer.fuse(step)
    return 1, high, wide, channels


def _write_mean(writer: GraphWriter, step: Operator) -> Shape:
    axes = sorted(int(axis) % 4 for axis in writer.read_array(step, 1, 1))
    if axes != [1, 2] or not step.options.get("KeepDims"):
        raise writer.blame(step, f"a mean over the axes {axes}; height and width, kept, are known")
    writer.emit(step, "GlobalAveragePool", [writer.name_value(step, 0)])
    return 1, 1, 1, writer.read_shape(step, 0)[3]


def _read_operand(writer: GraphWriter, step: Operator, which: int) -> tuple[str, Shape]:
    """Return an input of an elementwise operator: computed, or a constant turned channels first."""
    values = writer.arrays.get(step.inputs[which])
    if values is None:
        return writer.name_value(step, which), writer.read_shape(step, which)
    if values.ndim > 4 or values.dtype != np.float32:
        raise writer.blame(step, f"its constant is {list(values.shape)} {values.dtype}")
    values = values.reshape((1,) * (4 - values.ndim) + values.shape)
    return writer.add_constant(values.transpose(0, 3, 1, 2)), values.shape


def _make_elementwise(kind: str) -> WriteOperator:
    def write(writer: GraphWriter, step: Operator) -> Shape:
        (left, a), (right, b) = (_read_operand(writer, step, which) for which in (0, 1))
        writer.emit(step, kind, [left, right])
        writer.fuse(step)
        return tuple(int(side) for side in np.broadcast_shapes(a, b))

    return write


def _make_unary(kind: str) -> WriteOperator:
    def write(writer: GraphWriter, step: Operator) -> Shape:
        writer.emit(step, kind, [writer.name_value(step, 0)])
        return writer.read_shape(step, 0)

    return write


def _write_resize(writer: GraphWriter, step: Operator) -> Shape:
    size = [int(side) for side in writer.read_array(step, 1, 1)]
    _, high, wide, channels = writer.read_shape(step, 0)
    if len(size) != 2 or min(size) < 1:
        raise writer.blame(step, f"it resizes to {size}")
    name = writer.name_value(step, 0)
    if size == [high, wide]:  # the same place in all three conventions
        writer.names[step.outputs[0]] = name
        return 1, high, wide, channels
    how = "asymmetric"
    if step.options.get("AlignCorners"):
        how = "align_corners"
    elif step.options.get("HalfPixelCenters"):
        how = "half_pixel"
    given = [name, "", "", writer.add_constant(np.asarray(size, np.int64))]
    moved: dict[str, Any] = {
        "mode": "linear",
        "coordinate_transformation_mode": how,
        "axes": [2, 3],
    }
    writer.emit(step, "Resize", given, **moved)
    return 1, size[0], size[1], channels


def _write_concatenation(writer: GraphWriter, step: Operator) -> Shape:
    if step.options.get("Axis", 0) % 4 != 3:
        raise writer.blame(step, f"it joins axis {step.options.get('Axis')}; channels are known")
    names = [writer.name_value(step, which) for which in range(len(step.inputs))]
    shapes = [writer.read_shape(step, which) for which in range(len(step.inputs))]
    if len({shape[:3] for shape in shapes}) != 1:
        raise writer.blame(step, f"it joins {[list(shape) for shape in shapes]}")
    writer.emit(step, "Concat", names, axis=1)
    writer.fuse(step)
    return *shapes[0][:3], sum(shape[3] for shape in shapes)


def _widen_weights(writer: GraphWriter, step: Operator) -> Shape:
    """Widen weights kept in half precision, once and for all."""
    values = writer.arrays.get(step.inputs[0])
    if values is None or values.dtype != np.float16:
        tensor = writer.network.tensors[step.inputs[0]]
        raise writer.blame(step, f"it is quantised ({tensor.kind}); use the float or half file")
    writer.arrays[step.outputs[0]] = values.astype(np.float32)
    return writer.read_shape(step, 0)


WRITERS: Writers = {
    "ADD": _make_elementwise("Add"),
    "AVERAGE_POOL_2D": _write_pool,
    "CONCATENATION": _write_concatenation,
    "CONV_2D": _write_conv,
    "Convolution2DTransposeBias": _write_transposed,
    "DEPTHWISE_CONV_2D": _write_depthwise,
    "DEQUANTIZE": _widen_weights,
    "HARD_SWISH": _make_unary("HardSwish"),
    "LOGISTIC": _make_unary("Sigmoid"),
    "MEAN": _write_mean,
    "MUL": _make_elementwise("Mul"),
    "RELU": _make_unary("Relu"),
    "RESIZE_BILINEAR": _write_resize,
}

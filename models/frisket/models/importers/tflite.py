"""TFLite to ONNX: the operators of MediaPipe's selfie segmentation and of DeepLab.

TFLite keeps channels last, ONNX Runtime is quick with channels first. Every operator here
means the same in both orders once its weights and axes are turned, so the whole graph is
written channels first and no transposition is left in it: the input becomes (n, 3, h, w),
the output (n, c, h, w), and the batch is free.

Semantics are those of TensorFlow Lite's reference kernels; the transposed convolution is
MediaPipe's custom operator of that name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from frisket.protocol.extras import advise_install

from ..errors import MissingExtra, ModelFileError
from ..types import Array
from .tflite_file import Network, Operator, read

Shape = tuple[int, ...]
_OPSET, _IR = 18, 9
_SAME, _VALID = 0, 1
_CUSTOM_SAME, _CUSTOM_VALID = 1, 2  # TfLitePadding, of which the custom operator keeps a copy
_FUSED = {0: (), 1: ("Relu",), 3: ("Clip", 0.0, 6.0), 2: ("Clip", -1.0, 1.0), 4: ("Tanh",)}
_LARGEST_STEP = 1024  # of a stride or a dilation


def to_onnx(path: Path) -> bytes:
    """The ONNX graph of a TFLite file, serialised.

    Raises:
        ModelFileError: the file is damaged, quantised, or uses an operator that is not
            known here; its text names file and operator.
        MissingExtra: a package of the extra ``server`` is not installed.
    """
    network = read(path)
    unknown = sorted({step.kind for step in network.operators} - set(_WRITERS))
    if unknown:
        raise ModelFileError(
            f"{network.file} uses {', '.join(unknown)}, which the importer does not know; "
            f"it knows {', '.join(sorted(_WRITERS))}."
        )
    return _Writer(network).write()


class _Writer:
    """Collects nodes and constants; ``names`` and ``arrays`` are by tensor number."""

    def __init__(self, network: Network) -> None:
        try:
            import onnx
        except ImportError as error:
            raise MissingExtra(
                f"Turning a TFLite file into ONNX needs onnx; {advise_install('server')}."
            ) from error
        self.onnx = onnx
        self.network = network
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self.names: dict[int, str] = {}
        self.arrays = {
            number: tensor.data
            for number, tensor in enumerate(network.tensors)
            if tensor.data is not None
        }

    def write(self) -> bytes:
        """Write every operator and return the serialised model."""
        helper = self.onnx.helper
        inputs = [self._port(number) for number in self.network.inputs]
        self.names = {n: port.name for n, port in zip(self.network.inputs, inputs, strict=True)}
        for step in self.network.operators:
            self._step(step)
        outputs = [self._output(number) for number in self.network.outputs]
        graph = helper.make_graph(self.nodes, "tflite", inputs, outputs, self.constants)
        opset = [helper.make_opsetid("", _OPSET)]
        return bytes(
            helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString()
        )

    def _step(self, step: Operator) -> None:
        if len(step.outputs) != 1:
            raise self.wrong(step, f"it has {len(step.outputs)} outputs")
        try:
            found = _WRITERS[step.kind](self, step)
        except (IndexError, KeyError, struct.error, ValueError) as error:
            raise self.wrong(step, f"it is damaged: {error}") from error
        stated = self.network.tensors[step.outputs[0]].shape
        if found != stated:
            raise self.wrong(step, f"it gives {list(found)}, the file says {list(stated)}")

    def _port(self, number: int) -> Any:
        tensor = self.network.tensors[number]
        if len(tensor.shape) != 4 or tensor.shape[0] != 1 or tensor.kind != "FLOAT32":
            raise ModelFileError(
                f"{self.network.file}: {tensor.name!r} is {list(tensor.shape)} {tensor.kind}; "
                "pictures of 1 x height x width x channels in FLOAT32 are known."
            )
        _, high, wide, channels = tensor.shape
        shape = ["n", channels, high, wide]
        kind = self.onnx.TensorProto.FLOAT
        return self.onnx.helper.make_tensor_value_info(f"t{number}", kind, shape)

    def _output(self, number: int) -> Any:
        port = self._port(number)
        if number not in self.names or number in self.network.inputs:
            raise ModelFileError(f"{self.network.file}: no operator makes its output {number}.")
        self.nodes.append(
            self.onnx.helper.make_node("Identity", [self.names[number]], [f"out{number}"])
        )
        port.name = f"out{number}"
        return port

    # -- what the operators below are written with

    def wrong(self, step: Operator, why: str) -> ModelFileError:
        """The error that names file and operator."""
        return ModelFileError(f"{self.network.file}: {step} cannot be used: {why}.")

    def shape(self, step: Operator, which: int) -> Shape:
        """Shape of an operator's input, channels last."""
        return self.network.tensors[step.inputs[which]].shape

    def value(self, step: Operator, which: int) -> str:
        """Name of an operator's computed input."""
        number = step.inputs[which]
        if number not in self.names:
            raise self.wrong(step, f"its input {which} is computed by no operator before it")
        tensor = self.network.tensors[number]
        if tensor.kind != "FLOAT32" or len(tensor.shape) != 4:
            raise self.wrong(step, f"its input {which} is {list(tensor.shape)} {tensor.kind}")
        return self.names[number]

    def array(self, step: Operator, which: int, dims: int) -> Array:
        """An operator's constant input."""
        data = self.arrays.get(step.inputs[which])
        if data is None or data.ndim != dims:
            tensor = self.network.tensors[step.inputs[which]]
            raise self.wrong(
                step,
                f"its input {which} is no constant of {dims} dimensions "
                f"({list(tensor.shape)} {tensor.kind})",
            )
        return data

    def constant(self, values: Array) -> str:
        """Keep an array in the graph; returns its name."""
        name = f"c{len(self.constants)}"
        self.constants.append(self.onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def emit(
        self,
        step: Operator,
        kind: str,
        inputs: Sequence[str],
        fused: bool = False,
        **attributes: Any,
    ) -> None:
        """Add the node of an operator; the last one of it bears the tensor's number."""
        name = f"t{step.outputs[0]}"
        if not fused and _FUSED.get(step.options.get("FusedActivationFunction", 0)):
            name += ".open"
        self.nodes.append(self.onnx.helper.make_node(kind, list(inputs), [name], **attributes))
        self.names[step.outputs[0]] = name

    def fuse(self, step: Operator) -> None:
        """Add the activation that TFLite fuses into an operator."""
        code = step.options.get("FusedActivationFunction", 0)
        if code not in _FUSED:
            raise self.wrong(step, f"its fused activation {code} is not known")
        if _FUSED[code]:
            kind, *limits = _FUSED[code]
            bounds = [self.constant(np.asarray(limit, np.float32)) for limit in limits]
            self.emit(step, str(kind), [self.names[step.outputs[0]], *bounds], fused=True)


def _span(size: int, kernel: int, stride: int, dilation: int, same: bool) -> tuple[int, int, int]:
    """Output size and padding before and after, as TensorFlow computes them."""
    reach = (kernel - 1) * dilation + 1
    if not same:
        return (size - reach) // stride + 1, 0, 0
    count = -(-size // stride)
    total = max(0, (count - 1) * stride + reach - size)
    return count, total // 2, total - total // 2


def _spans(
    writer: _Writer, step: Operator, kernel: tuple[int, int], step_by: Sequence[int]
) -> tuple[int, int, list[int]]:
    """Height, width and ONNX pads of an operator that slides over its input."""
    strides, dilations = step_by[:2], step_by[2:] or (1, 1)
    padding = step.options["Padding"]
    if padding not in (_SAME, _VALID) or not all(1 <= n <= _LARGEST_STEP for n in step_by):
        raise writer.wrong(step, f"padding {padding}, strides and dilations {list(step_by)}")
    sides = writer.shape(step, 0)[1:3]
    rows, cols = (
        _span(side, k, s, d, padding == _SAME)
        for side, k, s, d in zip(sides, kernel, strides, dilations, strict=True)
    )
    if min(rows[0], cols[0]) < 1:
        raise writer.wrong(step, f"its kernel {list(kernel)} is larger than its input")
    return rows[0], cols[0], [rows[1], cols[1], rows[2], cols[2]]


def _bias(writer: _Writer, step: Operator, channels: int) -> list[str]:
    if len(step.inputs) < 3 or step.inputs[2] == -1:
        return []
    values = writer.array(step, 2, 1)
    if values.shape != (channels,):
        raise writer.wrong(step, f"its bias is {list(values.shape)} for {channels} channels")
    return [writer.constant(values)]


def _convolve(writer: _Writer, step: Operator, weights: Array, group: int) -> Shape:
    """Write a convolution whose weights are (out, in / group, h, w)."""
    options = step.options
    names = ("StrideH", "StrideW", "DilationHFactor", "DilationWFactor")
    steps = [options[name] for name in names]
    kernel = (int(weights.shape[2]), int(weights.shape[3]))
    high, wide, pads = _spans(writer, step, kernel, steps)
    given = [writer.value(step, 0), writer.constant(weights)]
    given += _bias(writer, step, int(weights.shape[0]))
    moved: dict[str, Any] = {
        "strides": steps[:2],
        "dilations": steps[2:],
        "pads": pads,
        "group": group,
    }
    writer.emit(step, "Conv", given, **moved)
    writer.fuse(step)
    return 1, high, wide, int(weights.shape[0])


def _conv(writer: _Writer, step: Operator) -> Shape:
    weights = writer.array(step, 1, 4).transpose(0, 3, 1, 2)
    channels = writer.shape(step, 0)[3]
    group, rest = divmod(channels, weights.shape[1])
    if rest or not group or weights.shape[0] % group:
        raise writer.wrong(step, f"weights for {weights.shape[1]} channels, {channels} come")
    return _convolve(writer, step, weights, group)


def _depthwise(writer: _Writer, step: Operator) -> Shape:
    weights = writer.array(step, 1, 4).transpose(3, 0, 1, 2)
    channels = writer.shape(step, 0)[3]
    if weights.shape[1] != 1 or weights.shape[0] % channels:
        raise writer.wrong(step, f"weights for {weights.shape[0]} channels, {channels} come")
    return _convolve(writer, step, weights, channels)


def _transposed(writer: _Writer, step: Operator) -> Shape:
    """MediaPipe's Convolution2DTransposeBias: weights (out, h, w, in), then a bias."""
    padding, stride_w, stride_h = struct.unpack_from("<iii", step.custom)
    weights = writer.array(step, 1, 4)
    _, high, wide, channels = writer.shape(step, 0)
    if padding not in (_CUSTOM_SAME, _CUSTOM_VALID) or weights.shape[3] != channels:
        raise writer.wrong(step, f"padding {padding}, weights {list(weights.shape)}")
    same = padding == _CUSTOM_SAME
    rows = _widened(writer, step, high, int(weights.shape[1]), stride_h, same)
    cols = _widened(writer, step, wide, int(weights.shape[2]), stride_w, same)
    given = [writer.value(step, 0), writer.constant(weights.transpose(3, 0, 1, 2))]
    given += _bias(writer, step, int(weights.shape[0]))
    pads = [rows[1], cols[1], rows[2], cols[2]]
    writer.emit(step, "ConvTranspose", given, strides=[stride_h, stride_w], pads=pads)
    return 1, rows[0], cols[0], int(weights.shape[0])


def _widened(
    writer: _Writer, step: Operator, size: int, kernel: int, stride: int, same: bool
) -> tuple[int, int, int]:
    """Output size of a transposed convolution, and what is cut off before and after."""
    full = (size - 1) * stride + kernel
    kept = size * stride if same else full
    if not 1 <= stride <= _LARGEST_STEP or kept > full:
        raise writer.wrong(step, f"stride {stride} with a kernel of {kernel}")
    return kept, (full - kept) // 2, full - kept - (full - kept) // 2


def _pool(writer: _Writer, step: Operator) -> Shape:
    options = step.options
    kernel = (options["FilterHeight"], options["FilterWidth"])
    strides = [options["StrideH"], options["StrideW"]]
    if min(kernel) < 1:
        raise writer.wrong(step, f"its kernel is {list(kernel)}")
    high, wide, pads = _spans(writer, step, kernel, strides)
    _, rows, cols, channels = writer.shape(step, 0)
    if (rows, cols) == kernel and (high, wide) == (1, 1) and not any(pads):
        writer.emit(step, "GlobalAveragePool", [writer.value(step, 0)])
    else:
        moved: dict[str, Any] = {"kernel_shape": list(kernel), "strides": strides, "pads": pads}
        writer.emit(step, "AveragePool", [writer.value(step, 0)], **moved)
    writer.fuse(step)
    return 1, high, wide, channels


def _mean(writer: _Writer, step: Operator) -> Shape:
    axes = sorted(int(axis) % 4 for axis in writer.array(step, 1, 1))
    if axes != [1, 2] or not step.options.get("KeepDims"):
        raise writer.wrong(step, f"a mean over the axes {axes}; height and width, kept, are known")
    writer.emit(step, "GlobalAveragePool", [writer.value(step, 0)])
    return 1, 1, 1, writer.shape(step, 0)[3]


def _operand(writer: _Writer, step: Operator, which: int) -> tuple[str, Shape]:
    """An input of an elementwise operator: computed, or a constant turned channels first."""
    values = writer.arrays.get(step.inputs[which])
    if values is None:
        return writer.value(step, which), writer.shape(step, which)
    if values.ndim > 4 or values.dtype != np.float32:
        raise writer.wrong(step, f"its constant is {list(values.shape)} {values.dtype}")
    values = values.reshape((1,) * (4 - values.ndim) + values.shape)
    return writer.constant(values.transpose(0, 3, 1, 2)), values.shape


def _elementwise(kind: str) -> Callable[[_Writer, Operator], Shape]:
    def write(writer: _Writer, step: Operator) -> Shape:
        (left, a), (right, b) = (_operand(writer, step, which) for which in (0, 1))
        writer.emit(step, kind, [left, right])
        writer.fuse(step)
        return tuple(int(side) for side in np.broadcast_shapes(a, b))

    return write


def _unary(kind: str) -> Callable[[_Writer, Operator], Shape]:
    def write(writer: _Writer, step: Operator) -> Shape:
        writer.emit(step, kind, [writer.value(step, 0)])
        return writer.shape(step, 0)

    return write


def _resize(writer: _Writer, step: Operator) -> Shape:
    size = [int(side) for side in writer.array(step, 1, 1)]
    _, high, wide, channels = writer.shape(step, 0)
    if len(size) != 2 or min(size) < 1:
        raise writer.wrong(step, f"it resizes to {size}")
    name = writer.value(step, 0)
    if size == [high, wide]:  # the same place in all three conventions
        writer.names[step.outputs[0]] = name
        return 1, high, wide, channels
    how = "asymmetric"
    if step.options.get("AlignCorners"):
        how = "align_corners"
    elif step.options.get("HalfPixelCenters"):
        how = "half_pixel"
    given = [name, "", "", writer.constant(np.asarray(size, np.int64))]
    moved: dict[str, Any] = {
        "mode": "linear",
        "coordinate_transformation_mode": how,
        "axes": [2, 3],
    }
    writer.emit(step, "Resize", given, **moved)
    return 1, size[0], size[1], channels


def _concatenate(writer: _Writer, step: Operator) -> Shape:
    if step.options.get("Axis", 0) % 4 != 3:
        raise writer.wrong(step, f"it joins axis {step.options.get('Axis')}; channels are known")
    names = [writer.value(step, which) for which in range(len(step.inputs))]
    shapes = [writer.shape(step, which) for which in range(len(step.inputs))]
    if len({shape[:3] for shape in shapes}) != 1:
        raise writer.wrong(step, f"it joins {[list(shape) for shape in shapes]}")
    writer.emit(step, "Concat", names, axis=1)
    writer.fuse(step)
    return *shapes[0][:3], sum(shape[3] for shape in shapes)


def _dequantise(writer: _Writer, step: Operator) -> Shape:
    """Weights kept in half precision, widened once and for all."""
    values = writer.arrays.get(step.inputs[0])
    if values is None or values.dtype != np.float16:
        tensor = writer.network.tensors[step.inputs[0]]
        raise writer.wrong(step, f"it is quantised ({tensor.kind}); use the float or half file")
    writer.arrays[step.outputs[0]] = values.astype(np.float32)
    return writer.shape(step, 0)


_WRITERS: dict[str, Callable[[_Writer, Operator], Shape]] = {
    "ADD": _elementwise("Add"),
    "AVERAGE_POOL_2D": _pool,
    "CONCATENATION": _concatenate,
    "CONV_2D": _conv,
    "Convolution2DTransposeBias": _transposed,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _dequantise,
    "HARD_SWISH": _unary("HardSwish"),
    "LOGISTIC": _unary("Sigmoid"),
    "MEAN": _mean,
    "MUL": _elementwise("Mul"),
    "RELU": _unary("Relu"),
    "RESIZE_BILINEAR": _resize,
}

"""TFLite graphs built byte by byte, and a NumPy interpreter of the operators in them.

The interpreter works channels last, as TFLite does, and shares no arithmetic with the
importer: it is what the importer is measured against where no runtime runs the graph.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

from frisket.models.importers.tflite_file import Network, Operator

TYPES = {"float32": "FLOAT32", "float16": "FLOAT16", "int32": "INT32", "int8": "INT8"}
OPTIONS = {
    "ADD": "AddOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "CONCATENATION": "ConcatenationOptions",
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "RESIZE_BILINEAR": "ResizeBilinearOptions",
}


@dataclass
class Draft:
    """A graph to be written; values are numbered as they are added."""

    tensors: list[tuple[tuple[int, ...], str, bytes]] = field(default_factory=list)
    steps: list[tuple[str, list[int], int, dict[str, int], bytes]] = field(default_factory=list)
    inputs: list[int] = field(default_factory=list)
    outputs: list[int] = field(default_factory=list)

    def tensor(self, shape: tuple[int, ...], kind: str = "float32", data: bytes = b"") -> int:
        self.tensors.append((shape, kind, data))
        return len(self.tensors) - 1

    def constant(self, values: np.ndarray) -> int:
        return self.tensor(values.shape, str(values.dtype), values.tobytes())

    def step(
        self,
        kind: str,
        inputs: list[int],
        shape: tuple[int, ...],
        custom: bytes = b"",
        **options: int,
    ) -> int:
        out = self.tensor(shape)
        self.steps.append((kind, inputs, out, options, custom))
        return out

    def save(self, path: Path) -> Path:
        path.write_bytes(self.bytes())
        return path

    def bytes(self) -> bytes:
        b = flatbuffers.Builder(1024)
        buffers = [_buffer(b, b"")] + [_buffer(b, data) for _, _, data in self.tensors]
        tensors = [_tensor(b, i, *tensor[:2]) for i, tensor in enumerate(self.tensors)]
        kinds = sorted({step[0] for step in self.steps})
        codes = [_code(b, kind) for kind in kinds]
        steps = [_step(b, kinds.index(step[0]), *step) for step in self.steps]
        ends = _ints(b, self.inputs), _ints(b, self.outputs)
        vectors = _tables(b, tensors), _tables(b, steps)
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, vectors[0])
        tflite.SubGraphAddInputs(b, ends[0])
        tflite.SubGraphAddOutputs(b, ends[1])
        tflite.SubGraphAddOperators(b, vectors[1])
        graphs = _tables(b, [tflite.SubGraphEnd(b)])
        lists = _tables(b, codes), _tables(b, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, lists[0])
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, lists[1])
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())


def _tables(b: Any, offsets: list[int]) -> int:
    b.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        b.PrependUOffsetTRelative(offset)
    return int(b.EndVector())


def _ints(b: Any, values: list[int] | tuple[int, ...]) -> int:
    return int(b.CreateNumpyVector(np.asarray(values, np.int32)))


def _buffer(b: Any, data: bytes) -> int:
    vector = b.CreateByteVector(data) if data else None
    tflite.BufferStart(b)
    if vector is not None:
        tflite.BufferAddData(b, vector)
    return int(tflite.BufferEnd(b))


def _tensor(b: Any, index: int, shape: tuple[int, ...], kind: str) -> int:
    name, sides = b.CreateString(f"x{index}"), _ints(b, shape)
    tflite.TensorStart(b)
    tflite.TensorAddShape(b, sides)
    tflite.TensorAddType(b, getattr(tflite.TensorType, TYPES[kind]))
    tflite.TensorAddBuffer(b, index + 1)
    tflite.TensorAddName(b, name)
    return int(tflite.TensorEnd(b))


def _code(b: Any, kind: str) -> int:
    number = getattr(tflite.BuiltinOperator, kind, None)
    name = b.CreateString(kind) if number is None else None
    tflite.OperatorCodeStart(b)
    number = tflite.BuiltinOperator.CUSTOM if number is None else number
    tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(number, 127))
    tflite.OperatorCodeAddBuiltinCode(b, number)
    tflite.OperatorCodeAddVersion(b, 1)
    if name is not None:
        tflite.OperatorCodeAddCustomCode(b, name)
    return int(tflite.OperatorCodeEnd(b))


def _step(
    b: Any,
    code: int,
    kind: str,
    inputs: list[int],
    out: int,
    options: dict[str, int],
    custom: bytes,
) -> int:
    given, made = _ints(b, inputs), _ints(b, [out])
    extra = b.CreateByteVector(custom) if custom else None
    table = OPTIONS.get(kind)
    if table:
        getattr(tflite, f"{table}Start")(b)
        for name, value in options.items():
            getattr(tflite, f"{table}Add{name}")(b, value)
        chosen = getattr(tflite, f"{table}End")(b)
    tflite.OperatorStart(b)
    tflite.OperatorAddOpcodeIndex(b, code)
    tflite.OperatorAddInputs(b, given)
    tflite.OperatorAddOutputs(b, made)
    if table:
        tflite.OperatorAddBuiltinOptionsType(b, getattr(tflite.BuiltinOptions, table))
        tflite.OperatorAddBuiltinOptions(b, chosen)
    if extra is not None:
        tflite.OperatorAddCustomOptions(b, extra)
    return int(tflite.OperatorEnd(b))


def weights(*shape: int) -> np.ndarray:
    """Random, and the same every time."""
    return np.random.default_rng(sum(shape)).normal(0, 0.5, shape).astype(np.float32)


def small_selfie(path: Path, size: tuple[int, int]) -> Path:
    """Random weights with the signature of selfie segmentation: its first and last layers."""
    draft = Draft()
    high, wide = size[0] // 2, size[1] // 2
    x = draft.tensor((1, *size, 3))
    given = [x, draft.constant(weights(16, 3, 3, 3)), draft.constant(weights(16))]
    conv = draft.step(
        "CONV_2D",
        given,
        (1, high, wide, 16),
        Padding=0,
        StrideH=2,
        StrideW=2,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=0,
    )
    swish = draft.step("HARD_SWISH", [conv], (1, high, wide, 16))
    given = [swish, draft.constant(weights(1, 2, 2, 16)), draft.constant(weights(1))]
    up = draft.step(
        "Convolution2DTransposeBias", given, (1, *size, 1), custom=struct.pack("<iii", 1, 2, 2)
    )
    out = draft.step("LOGISTIC", [up], (1, *size, 1))
    draft.inputs, draft.outputs = [x], [out]
    return draft.save(path)


# -- the interpreter


def same_padding(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    total = max(0, (-(-size // stride) - 1) * stride + (kernel - 1) * dilation + 1 - size)
    return total // 2, total - total // 2


def taps(x: np.ndarray, kernel: tuple[int, int], options: dict[str, int], fill: float) -> Any:
    """Yield (row, column, what the output sees through that tap of the kernel)."""
    strides = options["StrideH"], options["StrideW"]
    dilations = options.get("DilationHFactor", 1), options.get("DilationWFactor", 1)
    pads = [(0, 0)] * 4
    if options["Padding"] == 0:
        pads[1:3] = [
            same_padding(x.shape[1 + a], kernel[a], strides[a], dilations[a]) for a in (0, 1)
        ]
    x = np.pad(x, pads, constant_values=fill)
    counts = [
        (x.shape[1 + a] - (kernel[a] - 1) * dilations[a] - 1) // strides[a] + 1 for a in (0, 1)
    ]
    for r in range(kernel[0]):
        for c in range(kernel[1]):
            top, left = r * dilations[0], c * dilations[1]
            rows = slice(top, top + (counts[0] - 1) * strides[0] + 1, strides[0])
            cols = slice(left, left + (counts[1] - 1) * strides[1] + 1, strides[1])
            yield r, c, x[:, rows, cols]


def fused(x: np.ndarray, step: Operator) -> np.ndarray:
    code = step.options.get("FusedActivationFunction", 0)
    return {0: x, 1: np.maximum(x, 0), 2: np.clip(x, -1, 1), 3: np.clip(x, 0, 6)}[code]


def interpolated(x: np.ndarray, size: tuple[int, int], step: Operator) -> np.ndarray:
    for axis in (0, 1):
        have, want = x.shape[1 + axis], int(size[axis])
        at = np.arange(want, dtype=np.float64)
        if step.options["AlignCorners"]:
            at *= (have - 1) / max(want - 1, 1)
        elif step.options["HalfPixelCenters"]:
            at = np.maximum((at + 0.5) * have / want - 0.5, 0)
        else:
            at *= have / want
        low = np.minimum(np.floor(at).astype(int), have - 1)
        high = np.minimum(low + 1, have - 1)
        weight = (at - low).reshape([-1 if i == 1 + axis else 1 for i in range(4)])
        a, b = (np.take(x, i, axis=1 + axis) for i in (low, high))
        x = (a * (1 - weight) + b * weight).astype(np.float32)
    return x


def transposed(x: np.ndarray, w: np.ndarray, bias: np.ndarray, custom: bytes) -> np.ndarray:
    """Every input pixel stamps the kernel, scaled, onto the output."""
    padding, stride_w, stride_h = struct.unpack("<iii", custom[:12])
    _, high, wide, _ = x.shape
    out_c, rows, cols, _ = w.shape
    full = np.zeros((1, (high - 1) * stride_h + rows, (wide - 1) * stride_w + cols, out_c))
    for y in range(high):
        for i in range(wide):
            stamp = np.einsum("ohwi,i->hwo", w, x[0, y, i])
            top, left = y * stride_h, i * stride_w
            full[0, top : top + rows, left : left + cols] += stamp
    if padding == 1:
        cut = [(full.shape[1] - high * stride_h) // 2, (full.shape[2] - wide * stride_w) // 2]
        full = full[:, cut[0] : cut[0] + high * stride_h, cut[1] : cut[1] + wide * stride_w]
    return np.asarray(full + bias, np.float32)


def computed(step: Operator, given: list[np.ndarray]) -> np.ndarray:
    """One operator, channels last."""
    x, options = given[0], dict(step.options)
    sigmoid = lambda v: 1 / (1 + np.exp(-np.clip(v, -80, 80)))  # noqa: E731
    if step.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        w, depthwise = given[1], step.kind.startswith("DEPTH")
        out: Any = 0.0
        for r, c, seen in taps(x, w.shape[1:3], options, 0.0):
            if depthwise:
                out = out + np.repeat(seen, w.shape[3] // x.shape[3], axis=3) * w[0, r, c]
            else:
                out = out + seen @ w[:, r, c].T
        return fused(out + given[2] if len(given) > 2 else out, step)
    if step.kind == "AVERAGE_POOL_2D":
        kernel = options["FilterHeight"], options["FilterWidth"]
        seen = np.stack([part for _, _, part in taps(x, kernel, options, np.nan)])
        return fused(np.nanmean(seen, axis=0), step)
    simple = {
        "ADD": lambda: fused(x + given[1], step),
        "MUL": lambda: fused(x * given[1], step),
        "RELU": lambda: np.maximum(x, 0),
        "HARD_SWISH": lambda: x * np.clip(x + 3, 0, 6) / 6,
        "LOGISTIC": lambda: sigmoid(x),
        "MEAN": lambda: x.mean(axis=tuple(given[1]), keepdims=True),
        "CONCATENATION": lambda: fused(np.concatenate(given, axis=options["Axis"]), step),
        "RESIZE_BILINEAR": lambda: interpolated(x, tuple(given[1]), step),
        "DEQUANTIZE": lambda: x.astype(np.float32),
        "Convolution2DTransposeBias": lambda: transposed(x, given[1], given[2], step.custom),
    }
    return np.asarray(simple[step.kind](), np.float32)


def interpret(network: Network, x: np.ndarray) -> dict[int, np.ndarray]:
    """Every tensor of a run on ``x`` (1, h, w, c), by number."""
    values = {i: t.data for i, t in enumerate(network.tensors) if t.data is not None}
    values[network.inputs[0]] = x
    for step in network.operators:
        given = [np.asarray(values[i]) for i in step.inputs if i >= 0]
        values[step.outputs[0]] = computed(step, given)
    return {i: np.asarray(v) for i, v in values.items()}

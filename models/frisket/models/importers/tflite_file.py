"""A TFLite file as plain values: its flatbuffer read once, and everything in it checked.

The schema's generated code (package ``tflite``) does not verify a buffer, so a hostile file
fails in many ways while it is read; all of them end as one ``ModelFileError``.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from frisket.extras import advise_install

from ..core.errors import MissingExtra, ModelFileError
from ..core.types import Array

MAX_FILE_BYTES = 512 << 20
MAX_PARTS = 20_000  # tensors, operators or inputs of one file
MAX_ELEMENTS = 1 << 26  # of one tensor
_DTYPES = {"FLOAT32": np.float32, "FLOAT16": np.float16, "INT32": np.int32}
_GARBLED = (
    struct.error,
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)

# Table of the schema and the fields of it that matter, by operator.
_OPTIONS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ADD": ("AddOptions", ("FusedActivationFunction",)),
    "AVERAGE_POOL_2D": (
        "Pool2DOptions",
        (
            "Padding",
            "StrideH",
            "StrideW",
            "FilterHeight",
            "FilterWidth",
            "FusedActivationFunction",
        ),
    ),
    "CONCATENATION": ("ConcatenationOptions", ("Axis", "FusedActivationFunction")),
    "CONV_2D": (
        "Conv2DOptions",
        (
            "Padding",
            "StrideH",
            "StrideW",
            "DilationHFactor",
            "DilationWFactor",
            "FusedActivationFunction",
        ),
    ),
    "DEPTHWISE_CONV_2D": (
        "DepthwiseConv2DOptions",
        (
            "Padding",
            "StrideH",
            "StrideW",
            "DilationHFactor",
            "DilationWFactor",
            "FusedActivationFunction",
        ),
    ),
    "MEAN": ("ReducerOptions", ("KeepDims",)),
    "MUL": ("MulOptions", ("FusedActivationFunction",)),
    "RESIZE_BILINEAR": ("ResizeBilinearOptions", ("AlignCorners", "HalfPixelCenters")),
}


@dataclass(frozen=True)
class Tensor:
    """One value of the graph.

    Attributes:
        shape: as the file states it, channels last; every side at least 1.
        kind: the schema's name of its type, "FLOAT32" and so on.
        data: for constants; None for what is computed.
    """

    name: str
    shape: tuple[int, ...]
    kind: str
    data: Array | None


@dataclass(frozen=True)
class Operator:
    """One step of the graph; ``inputs`` and ``outputs`` are tensors' numbers, -1 for none."""

    index: int
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Mapping[str, int]
    custom: bytes

    def __str__(self) -> str:
        return f"operator {self.index} ({self.kind})"


@dataclass(frozen=True)
class Network:
    """A whole graph, its operators in the order they run."""

    file: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


def read(path: Path) -> Network:
    """Read a TFLite file.

    Raises:
        ModelFileError: it is none, is damaged, or is larger than anything of use.
        MissingExtra: the package ``tflite`` is not installed.
    """
    schema = _load_schema()
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ModelFileError(f"{path.name} is larger than {MAX_FILE_BYTES >> 20} MiB.")
        data = path.read_bytes()
    except OSError as error:
        raise ModelFileError(f"{path.name} cannot be read: {error.strerror}.") from error
    if data[4:8] != b"TFL3":
        raise ModelFileError(f"{path.name} is not a TFLite file.")
    try:
        return _read_network(path.name, schema, schema.Model.GetRootAsModel(data, 0))
    except _GARBLED as error:
        raise ModelFileError(f"{path.name} is damaged: {_read_first_line(error)}") from error


def _load_schema() -> Any:
    try:
        import tflite
    except ImportError as error:
        raise MissingExtra(
            f"Reading a TFLite file needs its schema; {advise_install('server')}."
        ) from error
    return tflite


def _read_first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200] + "."


def _read_network(file: str, schema: Any, model: Any) -> Network:
    if model.SubgraphsLength() != 1:
        raise ModelFileError(f"{file} has {model.SubgraphsLength()} subgraphs; one is known.")
    graph = model.Subgraphs(0)
    tensors = tuple(
        _read_tensor(file, schema, model, one)
        for one in _read_each(graph.TensorsLength, graph.Tensors)
    )
    steps = enumerate(_read_each(graph.OperatorsLength, graph.Operators))
    operators = tuple(_read_operator(schema, model, index, step) for index, step in steps)
    network = Network(
        file,
        tensors,
        operators,
        _read_numbers(graph.InputsLength, graph.Inputs),
        _read_numbers(graph.OutputsLength, graph.Outputs),
    )
    _check_numbers(network)
    return network


def _check_count(length: Callable[[], int]) -> int:
    count = length()
    if not 0 <= count <= MAX_PARTS:
        raise ValueError(f"it claims {count} parts of one kind, at most {MAX_PARTS} are read")
    return count


def _read_each(length: Callable[[], int], at: Callable[[int], Any]) -> Iterator[Any]:
    for index in range(_check_count(length)):
        yield at(index)


def _read_numbers(length: Callable[[], int], at: Callable[[int], int]) -> tuple[int, ...]:
    return tuple(int(number) for number in _read_each(length, at))


def _check_numbers(network: Network) -> None:
    """Check that every tensor that an operator names exists; only inputs may be left out."""
    count = len(network.tensors)
    ends = (*network.inputs, *network.outputs)
    made = (n for step in network.operators for n in step.outputs)
    used = (n for step in network.operators for n in step.inputs if n != -1)
    for number in (*ends, *made, *used):
        if not 0 <= number < count:
            raise ValueError(f"tensor {number} of {count} is used")


def _name_values(table: Any) -> dict[int, str]:
    return {value: name for name, value in vars(table).items() if isinstance(value, int)}


def _read_tensor(file: str, schema: Any, model: Any, tensor: Any) -> Tensor:
    name = (tensor.Name() or b"").decode("utf-8", "replace")
    kind = _name_values(schema.TensorType)[tensor.Type()]
    shape = _read_numbers(tensor.ShapeLength, tensor.Shape)
    if any(side < 1 for side in shape) or prod(shape) > MAX_ELEMENTS:
        raise ModelFileError(f"{file}: the tensor {name!r} has the shape {list(shape)}.")
    if tensor.Sparsity() is not None:
        raise ModelFileError(f"{file}: the tensor {name!r} is stored sparse.")
    return Tensor(name, shape, kind, _read_data(model, tensor, shape, kind))


def _read_data(model: Any, tensor: Any, shape: tuple[int, ...], kind: str) -> Array | None:
    if not 0 <= tensor.Buffer() < model.BuffersLength():
        raise ValueError(f"buffer {tensor.Buffer()} of {model.BuffersLength()} is used")
    buffer = model.Buffers(tensor.Buffer())
    if not buffer.DataLength() or kind not in _DTYPES:
        return None
    raw = np.asarray(buffer.DataAsNumpy())
    return raw.view(_DTYPES[kind]).reshape(shape)


def _read_operator(schema: Any, model: Any, index: int, step: Any) -> Operator:
    code = model.OperatorCodes(step.OpcodeIndex())
    # The field of one byte came first; codes above 127 live in the second.
    number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
    kind = _name_values(schema.BuiltinOperator)[number]
    if kind == "CUSTOM":
        kind = (code.CustomCode() or b"").decode("utf-8", "replace")
    return Operator(
        index,
        kind,
        _read_numbers(step.InputsLength, step.Inputs),
        _read_numbers(step.OutputsLength, step.Outputs),
        _read_options(schema, kind, step),
        bytes(step.CustomOptionsAsNumpy()) if step.CustomOptionsLength() else b"",
    )


def _read_options(schema: Any, kind: str, step: Any) -> dict[str, int]:
    union = step.BuiltinOptions()
    if kind not in _OPTIONS or union is None:
        return {}
    name, fields = _OPTIONS[kind]
    if step.BuiltinOptionsType() != getattr(schema.BuiltinOptions, name):
        raise ValueError(f"{kind} carries the options of another operator")
    table = getattr(schema, name)()
    table.Init(union.Bytes, union.Pos)
    return {field: int(getattr(table, field)()) for field in fields}

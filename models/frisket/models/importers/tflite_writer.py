"""An ONNX graph as it grows, operator by operator, out of a TFLite network."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from frisket.extras import advise_install

from ..core.errors import MissingExtra, ModelFileError
from ..core.types import Array
from .tflite_file import Network, Operator

Shape = tuple[int, ...]
WriteOperator = Callable[["GraphWriter", Operator], Shape]
"""Adds the nodes of one operator; returns the shape of what they give, channels last."""
Writers = Mapping[str, WriteOperator]
_OPSET, _IR = 18, 9
_FUSED = {0: (), 1: ("Relu",), 3: ("Clip", 0.0, 6.0), 2: ("Clip", -1.0, 1.0), 4: ("Tanh",)}


class GraphWriter:
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

    def write(self, writers: Writers) -> bytes:
        """Write every operator with its own function and return the serialised model."""
        helper = self.onnx.helper
        inputs = [self._make_port(number) for number in self.network.inputs]
        self.names = {n: port.name for n, port in zip(self.network.inputs, inputs, strict=True)}
        for step in self.network.operators:
            self._write_step(step, writers[step.kind])
        outputs = [self._make_output(number) for number in self.network.outputs]
        graph = helper.make_graph(self.nodes, "tflite", inputs, outputs, self.constants)
        opset = [helper.make_opsetid("", _OPSET)]
        return bytes(
            helper.make_model(graph, opset_imports=opset, ir_version=_IR).SerializeToString()
        )

    def _write_step(self, step: Operator, write: WriteOperator) -> None:
        if len(step.outputs) != 1:
            raise self.blame(step, f"it has {len(step.outputs)} outputs")
        try:
            found = write(self, step)
        except (IndexError, KeyError, struct.error, ValueError) as error:
            raise self.blame(step, f"it is damaged: {error}") from error
        stated = self.network.tensors[step.outputs[0]].shape
        if found != stated:
            raise self.blame(step, f"it gives {list(found)}, the file says {list(stated)}")

    def _make_port(self, number: int) -> Any:
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

    def _make_output(self, number: int) -> Any:
        port = self._make_port(number)
        if number not in self.names or number in self.network.inputs:
            raise ModelFileError(f"{self.network.file}: no operator makes its output {number}.")
        self.nodes.append(
            self.onnx.helper.make_node("Identity", [self.names[number]], [f"out{number}"])
        )
        port.name = f"out{number}"
        return port

    # -- what the operators below are written with

    def blame(self, step: Operator, why: str) -> ModelFileError:
        """Return the error that names file and operator."""
        return ModelFileError(f"{self.network.file}: {step} cannot be used: {why}.")

    def read_shape(self, step: Operator, which: int) -> Shape:
        """Return the shape of an operator's input, channels last."""
        return self.network.tensors[step.inputs[which]].shape

    def name_value(self, step: Operator, which: int) -> str:
        """Return the name of an operator's computed input."""
        number = step.inputs[which]
        if number not in self.names:
            raise self.blame(step, f"its input {which} is computed by no operator before it")
        tensor = self.network.tensors[number]
        if tensor.kind != "FLOAT32" or len(tensor.shape) != 4:
            raise self.blame(step, f"its input {which} is {list(tensor.shape)} {tensor.kind}")
        return self.names[number]

    def read_array(self, step: Operator, which: int, dims: int) -> Array:
        """Return an operator's constant input."""
        data = self.arrays.get(step.inputs[which])
        if data is None or data.ndim != dims:
            tensor = self.network.tensors[step.inputs[which]]
            raise self.blame(
                step,
                f"its input {which} is no constant of {dims} dimensions "
                f"({list(tensor.shape)} {tensor.kind})",
            )
        return data

    def add_constant(self, values: Array) -> str:
        """Keep an array in the graph; return its name."""
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
            raise self.blame(step, f"its fused activation {code} is not known")
        if _FUSED[code]:
            kind, *limits = _FUSED[code]
            bounds = [self.add_constant(np.asarray(limit, np.float32)) for limit in limits]
            self.emit(step, str(kind), [self.names[step.outputs[0]], *bounds], fused=True)

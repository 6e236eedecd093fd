"""Turns a graph that computes in single precision into one that does in half."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from frisket.extras import advise_install

from ..core.errors import MissingExtra, ModelFileError

# Inputs that are in single precision whatever the picture's type is, by operator.
_SINGLE = {"Resize": (1, 2), "Upsample": (1,)}
_GREATEST = float(np.finfo(np.float16).max)


def to_halves(source: Path | bytes) -> bytes:
    """Return a graph with its weights, inputs, outputs and all between in half precision.

    Args:
        source: path of an ONNX file, or its bytes.

    Raises:
        ModelFileError: it cannot be read, or holds graphs within.
        MissingExtra: a package of the extra `server` is not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtra(f"Half precision needs onnx; {advise_install('server')}.") from error
    try:
        model = (
            onnx.load(str(source)) if isinstance(source, Path) else onnx.load_from_string(source)
        )
    except Exception as error:  # protobuf's own classes share no base
        raise ModelFileError("The file cannot be read as an ONNX graph.") from error
    _Halver(onnx).turn(model.graph)
    return bytes(model.SerializeToString())


class _Halver:
    """Turns one graph.

    Args:
        onnx: the module.
    """

    def __init__(self, onnx: Any) -> None:
        self._onnx = onnx
        self._single, self._half = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16

    def turn(self, graph: Any) -> None:
        del graph.value_info[:]  # they tell the types from before
        kept = _list_kept(graph)
        for tensor in graph.initializer:
            if tensor.name not in kept:
                self._turn_tensor(tensor)
        for node in list(graph.node):
            if node.op_type != "Constant" or node.output[0] not in kept:
                self._turn_node(node)
        self._widen(graph, kept)
        for port in (*graph.input, *graph.output):
            if port.type.tensor_type.elem_type == self._single:
                port.type.tensor_type.elem_type = self._half

    def _turn_tensor(self, tensor: Any) -> None:
        if tensor.data_type != self._single:
            return
        helper = self._onnx.numpy_helper
        values = np.clip(helper.to_array(tensor), -_GREATEST, _GREATEST).astype(np.float16)
        tensor.CopyFrom(helper.from_array(values, tensor.name))

    def _turn_node(self, node: Any) -> None:
        for attribute in node.attribute:
            if attribute.HasField("g") or attribute.graphs:
                raise ModelFileError(
                    f"The graph has graphs within ({node.op_type}) and cannot run in halves."
                )
            if attribute.HasField("t"):
                self._turn_tensor(attribute.t)
            elif node.op_type == "Cast" and attribute.name == "to" and attribute.i == self._single:
                attribute.i = self._half
        self._turn_numbers(node)

    def _turn_numbers(self, node: Any) -> None:
        """Write out what is in single precision without saying so."""
        make, given = self._onnx.helper.make_attribute, {a.name: a for a in node.attribute}
        found = given.get("value_float", given.get("value_floats"))
        if node.op_type == "Constant" and found is not None:
            values = np.asarray(self._onnx.helper.get_attribute_value(found), np.float16)
        elif node.op_type == "ConstantOfShape" and "value" not in given:
            values = np.zeros(1, np.float16)
        else:
            return
        del node.attribute[:]
        node.attribute.append(make("value", self._onnx.numpy_helper.from_array(values)))

    def _widen(self, graph: Any, kept: set[str]) -> None:
        """Put a cast before inputs that stay single and are computed."""
        nodes, names = [], (f"single.{number}" for number in range(len(graph.node) * 2))
        for node in graph.node:
            for which in _SINGLE.get(node.op_type, ()):
                if len(node.input) > which and node.input[which] not in {*kept, ""}:
                    name = next(names)
                    cast = ("Cast", [node.input[which]], [name])
                    nodes.append(self._onnx.helper.make_node(*cast, to=self._single))
                    node.input[which] = name
            nodes.append(node)
        copies = [self._onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
        del graph.node[:]
        graph.node.extend(copies)


def _list_kept(graph: Any) -> set[str]:
    """Return the constants that are read in single precision only."""
    uses: Counter[str] = Counter()
    single: Counter[str] = Counter()
    for node in graph.node:
        uses.update(node.input)
        where = _SINGLE.get(node.op_type, ())
        single.update(name for which, name in enumerate(node.input) if which in where)
    constants = {tensor.name for tensor in graph.initializer}
    constants |= {node.output[0] for node in graph.node if node.op_type == "Constant"}
    return {name for name in constants if name and uses[name] == single[name] > 0}

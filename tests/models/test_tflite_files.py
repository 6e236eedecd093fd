"""TFLite files that are not what they seem are refused in one way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tflite_graphs import Draft

from frisket.models import ModelError, ModelFileError
from frisket.models.backends.onnx import Graph
from frisket.models.importers.tflite import to_onnx

from .tflite_cases import (
    add_gate,
    add_transposed,
    draw_normal,
    save_graph,
)


def test_unknown_operators_are_named(tmp_path: Path) -> None:
    path = save_graph(
        lambda draft, x: draft.step("TANH", [x], (1, 9, 12, 6)), tmp_path / "g.tflite"
    )
    with pytest.raises(ModelFileError, match=r"g\.tflite uses TANH, .* it knows ADD, AVERAGE"):
        to_onnx(path)
    path = save_graph(
        lambda draft, x: draft.step("MyOwn", [x], (1, 9, 12, 6)), tmp_path / "g.tflite"
    )
    with pytest.raises(ModelFileError, match=r"g\.tflite uses MyOwn"):
        to_onnx(path)


def add_quantised(draft: Draft, x: int) -> int:
    w = draft.constant(np.zeros((4, 1, 1, 6), np.int8))
    wide = draft.step("DEQUANTIZE", [w], (4, 1, 1, 6))
    return draft.step("ADD", [x, wide], (1, 9, 12, 6), FusedActivationFunction=0)


BROKEN: dict[str, tuple[Callable[[Draft, int], int], str]] = {
    "quantised": (add_quantised, r"operator 0 \(DEQUANTIZE\).*quantised \(INT8\)"),
    "another size": (lambda d, x: d.step("RELU", [x], (1, 9, 12, 7)), "the file says"),
    "a kernel too large": (
        lambda d, x: d.step(
            "AVERAGE_POOL_2D", [x], (1, 1, 1, 6), Padding=1, StrideH=1, StrideW=1,
            FilterHeight=99, FilterWidth=1,
        ),
        r"operator 0 \(AVERAGE_POOL_2D\).*larger than its input",
    ),
    "no stride": (
        lambda d, x: d.step(
            "AVERAGE_POOL_2D", [x], (1, 1, 1, 6), Padding=1, StrideH=0, StrideW=1,
            FilterHeight=1, FilterWidth=1,
        ),
        "strides",
    ),
    "no options": (
        lambda d, x: d.step("Convolution2DTransposeBias", [x, x, x], (1, 18, 24, 1)),
        r"operator 0 \(Convolution2DTransposeBias\)",
    ),
    "weights of another width": (
        lambda d, x: d.step(
            "CONV_2D", [x, d.constant(draw_normal(4, 1, 1, 5))], (1, 9, 12, 4), Padding=0,
            StrideH=1, StrideW=1, DilationHFactor=1, DilationWFactor=1,
        ),
        "weights for 5 channels, 6 come",
    ),
    "computed weights": (
        lambda d, x: d.step(
            "CONV_2D", [x, x], (1, 9, 12, 4), Padding=0, StrideH=1, StrideW=1, DilationHFactor=1,
            DilationWFactor=1,
        ),
        "is no constant",
    ),
    "nobody's value": (
        lambda d, x: d.step("RELU", [d.tensor((1, 9, 12, 6))], (1, 9, 12, 6)),
        "computed by no operator before it",
    ),
    "an input as output": (lambda d, x: x, "no operator makes its output"),
    "a tensor beyond": (lambda d, x: d.step("RELU", [77], (1, 9, 12, 6)), "tensor 77"),
    "a giant": (lambda d, x: d.step("RELU", [x], (1, 1 << 14, 1 << 14, 6)), "has the shape"),
    "an unknown activation": (
        lambda d, x: d.step("ADD", [x, x], (1, 9, 12, 6), FusedActivationFunction=5),
        "fused activation 5",
    ),
    "another axis": (
        lambda d, x: d.step("CONCATENATION", [x, x], (1, 18, 12, 6), Axis=1),
        "it joins axis 1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_broken_graphs_name_file_and_operator(tmp_path: Path, name: str) -> None:
    build, text = BROKEN[name]
    with pytest.raises(ModelFileError, match=text) as error:
        to_onnx(save_graph(build, tmp_path / "g.tflite"))
    assert "g.tflite" in str(error.value)


@pytest.mark.parametrize("data", [b"", b"TFL3", b"\x00" * 40, b"PK\x03\x04" + b"\x00" * 90])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "g.tflite").write_bytes(data)
    with pytest.raises(ModelFileError, match=r"g\.tflite is not a TFLite file"):
        to_onnx(tmp_path / "g.tflite")


SEED = Draft()


_X = SEED.tensor((1, 9, 12, 6))


SEED.inputs, SEED.outputs = [_X], [add_transposed(2, 2)(SEED, add_gate(SEED, _X))]


WHOLE = SEED.bytes()


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), min_size=1, max_size=8
    ),
    length=st.integers(8, len(WHOLE)),
)
def test_damaged_files_fail_in_one_way(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], length: int
) -> None:
    """Any bytes changed, any tail missing: a graph that runs, or one typed error."""
    data = bytearray(WHOLE)
    for at, value in changes:
        data[at] = value
    path = tmp_path_factory.getbasetemp() / "damaged.tflite"
    path.write_bytes(bytes(data[:length]))
    try:
        Graph(to_onnx(path), "cpu", 1)
    except ModelError as error:
        assert str(error)

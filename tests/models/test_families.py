"""Every family is fed and read as its manifest says, on graphs with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from graphs import convolution, family_graph

from frisket.models import BadOutput, BadSignature, ModelFileError, Registry, manifest

FAMILIES = sorted(
    {spec.family for spec in manifest.read_shipped().values() if spec.adapter == "single"}
)


@pytest.mark.parametrize("family", FAMILIES)
def test_wrong_input_is_named(registry: Registry, tmp_path: Path, family: str) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 77, 77))
    spec = manifest.find_family(family)
    if spec.input.layout == "nchw" and spec.input.fit not in ("stretch", "letterbox"):
        pytest.skip("takes any size")
    with pytest.raises(BadSignature, match=r"expects an input .* but the graph has x \(1x3x77x77"):
        registry.add("mine", family, file, accept_licence=True)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_graph_of_the_family_is_taken(
    registry: Registry, tmp_path: Path, subject: np.ndarray, family: str
) -> None:
    spec = manifest.find_family(family)
    file = family_graph(spec, tmp_path / "m.onnx")
    registry.add("mine", family, file, accept_licence=True)
    coarse = registry.open("mine", "cpu", 1).matte([subject])[0]
    assert coarse.alpha.shape == subject.shape[:2]
    assert set(coarse.layers) == set(spec.output.cuttable)


def test_wrong_output_is_named(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320), channels=7)
    with pytest.raises(BadSignature, match=r"1 channel\(s\), but the graph has y0"):
        registry.add("mine", "u2net", file)


def test_an_answer_of_no_shape_is_named(registry: Registry, models: Path, tmp_path: Path) -> None:
    """The graph leaves its output's shape open and answers with a single number."""
    text = """<ir_version: 8, opset_import: ["" : 17]>
    open (float[n,3,320,320] x) => (float y) {
        most = ReduceMax(x)
        y = Squeeze(most)
    }"""
    model = onnx.parser.parse_model(text)
    model.graph.output[0].CopyFrom(
        onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, None)
    )
    onnx.save(model, str(tmp_path / "m.onnx"))
    with pytest.raises(BadSignature, match=r"output y to be a map .* answered with a number"):
        registry.add("mine", "u2net", tmp_path / "m.onnx")
    assert not (models / "mine").exists()


def test_nan_is_refused(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320), bias=float("nan"))
    with pytest.raises(BadOutput, match="not numbers"):
        registry.add("mine", "u2net", file)


def test_not_a_graph(registry: Registry, tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(b"no graph at all")
    with pytest.raises(ModelFileError, match="cannot be loaded"):
        registry.add("mine", "u2net", tmp_path / "m.onnx")


def test_stretching_conjures_no_subject(
    registry: Registry, tmp_path: Path, subject: np.ndarray
) -> None:
    """An answer that is faint everywhere is nothing, whatever its own range."""
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320), bias=-30.0)
    registry.add("mine", "u2net", file)
    coarse = registry.open("mine").matte([subject])[0]
    assert coarse.empty and not coarse.alpha.any()
    assert "no subject" in coarse.note


@pytest.mark.parametrize("level", [0, 7, 255])
def test_plain_pictures_are_empty(u2netp: Registry, level: int) -> None:
    for model in (u2netp.open("u2netp"), u2netp.open("classic")):
        coarse = model.matte([np.full((90, 130, 3), level, np.uint8)])[0]
        assert coarse.empty and not coarse.alpha.any()


def test_real_weights_find_the_disc(u2netp: Registry, subject: np.ndarray) -> None:
    coarse = u2netp.open(threads=2).matte([subject])[0]
    assert coarse.alpha[60, 80] > 240
    assert coarse.alpha[:10].max() < 20

"""Every family is fed and read as its manifest says, on graphs with random weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from graphs import convolution

from frisket.models import BadOutput, BadSignature, ModelFileError, Registry, manifest

FAMILIES = sorted({spec.family for spec in manifest.shipped().values() if spec.adapter == "single"})


def graph_for(spec: manifest.Spec, path: Path, **changes: object) -> Path:
    high, wide = spec.input.size
    free = spec.input.fit in ("shorter", "longer", "any")
    sides = ("h", "w") if free else (high, wide)
    nhwc = spec.input.layout == "nhwc"
    shape = (1, *sides, 3) if nhwc else (1, 3, *sides)
    wanted = {"channels": spec.output.channels, "layout": spec.input.layout, **changes}
    return convolution(path, shape, **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("family", FAMILIES)
def test_conformance(registry: Registry, tmp_path: Path, subject: np.ndarray, family: str) -> None:
    spec = manifest.family(family)
    final = "Sigmoid" if spec.output.channels == 1 else "Identity"
    file = graph_for(spec, tmp_path / "m.onnx", final=final)
    registry.add("mine", family, file, accept_licence=True)
    model = registry.open("mine", device="cpu")
    first, second = model.matte([subject, subject[:, ::-1].copy()])
    assert first.alpha.shape == second.alpha.shape == subject.shape[:2]
    assert first.alpha.dtype == np.uint8
    assert first.cell_px >= 1
    assert set(first.layers) == set(spec.output.classes[1:])
    again = model.matte([subject])[0]
    assert np.array_equal(first.alpha, again.alpha)


@pytest.mark.parametrize("family", FAMILIES)
def test_wrong_input_is_named(registry: Registry, tmp_path: Path, family: str) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 77, 77))
    spec = manifest.family(family)
    if spec.input.layout == "nchw" and spec.input.fit not in ("stretch", "letterbox"):
        pytest.skip("takes any size")
    with pytest.raises(BadSignature, match=r"expects an input .* but the graph has x \(1x3x77x77"):
        registry.add("mine", family, file, accept_licence=True)


def test_wrong_output_is_named(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320), channels=7)
    with pytest.raises(BadSignature, match=r"1 channel\(s\), but the graph has y0"):
        registry.add("mine", "u2net", file)


def test_an_answer_of_no_shape_is_named(registry: Registry, tmp_path: Path) -> None:
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
    assert not (registry._models / "mine").exists()


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


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (3, 2), (2000, 8)])
def test_odd_sizes(u2netp: Registry, shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    for name in ("u2netp", "classic", "fake"):
        assert u2netp.open(name).matte([picture])[0].alpha.shape == shape


def test_manifest_errors_name_the_entry() -> None:
    with pytest.raises(ModelFileError, match="colour"):
        manifest.parse('family = "f"\n[input]\ncolour = "red"\n[[model]]\nname = "m"\n')
    with pytest.raises(ModelFileError, match=r"input\.fit"):
        manifest.parse('family = "f"\n[input]\nfit = "odd"\n[[model]]\nname = "m"\n')
    with pytest.raises(ModelFileError, match="not valid TOML"):
        manifest.parse("family =")

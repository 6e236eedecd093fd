"""Half precision: only where the manifest allows it, near what single precision gives."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from fake_gpu import Machine
from skimage import data

from frisket.models import DeviceUnavailable, Registry
from frisket.models.adapters.table import ADAPTERS
from frisket.models.backends.halves import to_halves
from frisket.models.backends.onnx import Graph
from frisket.models.backends.providers import CUDA
from frisket.models.core.errors import ModelFileError
from frisket.models.importers.tflite import to_onnx
from frisket.models.loading import load
from frisket.models.manifest import find_family, parse, read_shipped, rename

SHARED = Path(os.environ.get("FRISKET_SHARED", "nowhere"), "data", "weights")
FILES = {
    "embedded": Path(sys.modules["frisket.models"].__path__[0], "embedded", "embedded.onnx"),
    "u2netp": SHARED / "u2netp-fp16.onnx",
    "selfie": SHARED / "selfie_segmentation.tflite",
    "selfie-landscape": SHARED / "selfie_segmentation_landscape.tflite",
    "deeplab": SHARED / "deeplabv3_257_mv_gpu.tflite",
}
MEAN, MOST = 1.0, 24
"""Levels of 255 by which an alpha may differ in the mean, and anywhere."""


def test_every_model_that_may_run_in_halves_is_measured_here() -> None:
    assert {spec.name for spec in read_shipped().values() if spec.half} == set(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_matte_in_halves_is_near_the_one_in_singles(name: str) -> None:
    if not FILES[name].exists():
        pytest.skip(f"needs the weights of {name}")
    spec, file = read_shipped()[name], FILES[name]
    source = to_onnx(file) if file.suffix == ".tflite" else file
    kind, [part] = ADAPTERS[spec.adapter].load_class(), ADAPTERS[spec.adapter].parts
    single, half = (
        kind(spec, spec.describe(), **{part: Graph(each, "cpu", 1)})
        for each in (source, to_halves(source))
    )
    for picture in (data.astronaut(), data.chelsea(), data.coffee()):
        one, other = (model.matte([picture])[0] for model in (single, half))
        far = np.abs(one.alpha.astype(int) - other.alpha)
        assert far.mean() <= MEAN and far.max() <= MOST
        assert one.empty == other.empty


def read(text: str) -> onnx.ModelProto:
    graph = f'<ir_version: 8, opset_import: ["" : 17]> g (float[1,4] x) => (float[1,n] y) {text}'
    return onnx.parser.parse_model(graph)


@pytest.mark.parametrize(
    "text",
    [
        # Weights, a number in an attribute, a cast, and what is single by itself.
        "{ w = Constant <value = float[4] {1, 2, 3, 4}>() h = Constant <value_float = 0.5>()"
        "  a = Mul(x, w) b = Cast<to = 10>(a) c = Cast<to = 1>(b) y = Add(c, h) }",
        "{ s = Shape(x) z = ConstantOfShape(s) y = Add(x, z) }",
        # Far beyond what a half can be: the end of its range stands for it.
        "{ w = Constant <value = float[1] {-100000000}>() a = Add(x, w) b = Exp(a) y = Add(b, x) }",
        # The scales of a resize stay single: constants of its own, or computed.
        "{ e = Constant <value = float[0] {}>() s = Constant <value = float[2] {1, 2}>()"
        "  y = Resize(x, e, s) }",
        "{ e = Constant <value = float[0] {}>() s = Constant <value = float[2] {1, 2}>()"
        "  t = Abs(s) y = Resize(x, e, t) }",
    ],
)
def test_a_graph_means_the_same_in_halves(text: str) -> None:
    model = read(text)
    half = onnx.load_from_string(to_halves(model.SerializeToString()))
    onnx.checker.check_model(half, full_check=True)
    kinds = [port.type.tensor_type.elem_type for port in (*half.graph.input, *half.graph.output)]
    assert kinds == [onnx.TensorProto.FLOAT16] * 2
    feeds = {"x": np.array([[0.25, 0.5, 0.75, 1.0]], np.float32)}
    right, found = (
        Graph(one.SerializeToString(), "cpu").run(feeds, ["y"])[0] for one in (model, half)
    )
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, right, rtol=2e-3, atol=1e-3)


def test_what_cannot_be_turned_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="cannot be read"):
        to_halves(b"no graph")
    within = read(
        "{ c = Constant <value = bool {1}>()"
        " y = If(c) <then_branch = t () => (float[1,4] p) { p = Identity(x) },"
        " else_branch = e () => (float[1,4] q) { q = Neg(x) }> }"
    )
    with pytest.raises(ModelFileError, match="graphs within"):
        to_halves(within.SerializeToString())


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    one = Machine()
    monkeypatch.setitem(sys.modules, "onnxruntime", one)
    return one


def test_only_a_model_whose_manifest_allows_it_runs_in_halves(
    tmp_path: Path, machine: Machine
) -> None:
    registry, picture = Registry(tmp_path), data.astronaut()[::4, ::4]
    whole, half = (registry.open("embedded", each, 1) for each in ("cuda", "cuda:1+half"))
    assert (whole.device, half.device) == ("cuda:0", "cuda:1")
    one, other = (model.matte([picture])[0].alpha.astype(int) for model in (whole, half))
    assert 0 < np.abs(one - other).max() <= MOST, "it is another way to compute, and near"
    assert machine.opened[-1][0] == (CUDA, {"device_id": "1", "enable_cuda_graph": "1"})
    refused = read_shipped()["u2net"]
    with pytest.raises(DeviceUnavailable, match=r"u2net may not run in half precision.*manifest"):
        load(refused, refused.describe(), {"model": tmp_path / "m.onnx"}, "cuda+half", 1)


def test_weights_of_your_own_may_what_the_model_may_that_they_are_fed_as() -> None:
    for family, allowed in (("u2netp", True), ("u2net", False)):
        spec = find_family(family)
        assert rename(spec, "mine", {one.part: "m.onnx" for one in spec.sources}).half is allowed


def test_a_manifest_allows_halves_for_a_family_or_for_one_model() -> None:
    text = 'family = "f"\n{}\n[[model]]\nname = "a"\n{}\n[[model.source]]\nfile = "a.onnx"\n'
    for family, model, allowed in (
        ("", "", False),
        ("half = true", "", True),
        ("half = true", "half = false", False),
        ("", "half = true", True),
    ):
        assert [spec.half for spec in parse(text.format(family, model))] == [allowed]

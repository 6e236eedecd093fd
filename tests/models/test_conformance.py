"""Every adapter keeps what a model promises; weights are random, signatures real."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from graphs import SAM_KINDS, convolution, family_graph, refiner, sam_pair
from recurrent_graphs import recurrent
from tflite_graphs import small_selfie

from frisket.models import Model, ModelClosed, Registry, manifest
from frisket.models.adapters.table import ADAPTERS
from frisket.models.adding import Files
from frisket.models.backends.onnx import Graph
from frisket.models.conformance import (
    Conformance,
    MatteConformance,
    RecurrentConformance,
    RefinerConformance,
)


def choose_families() -> list[str]:
    """Of the families that one adapter feeds and reads in the same way, the smallest."""
    shipped = [spec for spec in manifest.read_shipped().values() if spec.adapter == "single"]
    ways: dict[object, str] = {}
    for spec in sorted(shipped, key=lambda spec: spec.input.size):
        given, taken = spec.input, spec.output
        read = (taken.activation, taken.channels > 1, taken.stretch)
        ways.setdefault((given.fit, given.layout, given.resample, given.scale, *read), spec.family)
    return sorted(set(ways.values()))


@pytest.fixture(scope="class")
def prepare(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("model")
    request.cls.registry = Registry(folder / "home")
    request.cls().add(folder, str(getattr(request, "param", "")))


@pytest.mark.usefixtures("prepare")
class Opened:
    """Opens a model of a registry that the tests of one family share; each opens it anew."""

    name = "mine"
    registry: Registry

    def add(self, folder: Path, family: str) -> None:
        """Nothing: the model is part of the package."""

    def open_model(self) -> Model:
        return self.registry.open(self.name, "cpu", 1)


class TestClassic(Opened, MatteConformance):
    name = "classic"


class TestKey(Opened, MatteConformance):
    name = "key"


class TestFake(Opened, MatteConformance):
    name = "fake"


class TestEmbedded(Opened, MatteConformance):
    name = "embedded"


@pytest.mark.parametrize("prepare", choose_families(), indirect=True)
class TestSingle(Opened, MatteConformance):
    def add(self, folder: Path, family: str) -> None:
        file = family_graph(manifest.find_family(family), folder / "m.onnx")
        self.registry.add("mine", family, file, accept_licence=True)


@pytest.mark.parametrize("prepare", ["u2net", "deeplab"], indirect=True)
class TestSingleInBatches(Opened, MatteConformance):
    def add(self, folder: Path, family: str) -> None:
        file = family_graph(manifest.find_family(family), folder / "m.onnx", "n")
        self.registry.add("mine", family, file)


class TestTflite(Opened, MatteConformance):
    def add(self, folder: Path, family: str) -> None:
        self.registry.add("mine", "selfie", small_selfie(folder / "m.tflite", (256, 256)))


@pytest.mark.parametrize("prepare", list(SAM_KINDS), indirect=True)
class TestSam(Opened, MatteConformance):
    def add(self, folder: Path, family: str) -> None:
        self.registry.add("mine", family, sam_pair(folder, family))


class TestRecurrent(Opened, RecurrentConformance):
    def add(self, folder: Path, family: str) -> None:
        self.registry.add("mine", "rvm", recurrent(folder / "m.onnx"))


@pytest.mark.parametrize("prepare", ["vitmatte", "vitmatte-hf"], indirect=True)
class TestRefiner(Opened, RefinerConformance):
    def add(self, folder: Path, family: str) -> None:
        self.registry.add("mine", family, refiner(folder / "r.onnx", 64, "context"))


def test_every_adapter_of_the_table_is_tried() -> None:
    tried = {"classic", "key", "fake", "single", "sam", "recurrent", "refiner"}
    assert set(ADAPTERS) == tried, "give the new adapter a class of its own above"


def test_conformance_notices_a_broken_model() -> None:
    """The tests themselves can fail: a model that cannot be closed breaks a promise."""

    class Never(Conformance):
        def open_model(self) -> Model:
            return Registry().open("fake")

        def run(self, model: Model) -> object:
            return None

    with pytest.raises(AssertionError, match="refused with ModelClosed"):
        Never().test_closed_model_refuses()


def count_sessions() -> int:
    gc.collect()
    return sum(type(thing).__name__ == "InferenceSession" for thing in gc.get_objects())


@pytest.mark.parametrize("family", ["u2net", "sam", "vitmatte"])
def test_a_closed_model_gives_its_graphs_back(
    registry: Registry, tmp_path: Path, family: str
) -> None:
    files: dict[str, Files] = {
        "u2net": family_graph(manifest.find_family("u2net"), tmp_path / "m.onnx"),
        "sam": sam_pair(tmp_path, "sam"),
        "vitmatte": refiner(tmp_path / "r.onnx", 64),
    }
    registry.add("mine", family, files[family])
    before = count_sessions()
    model = registry.open("mine", "cpu", 1)
    assert count_sessions() > before
    model.close()
    assert count_sessions() == before


def test_a_closed_graph_lets_its_weights_go(tmp_path: Path) -> None:
    graph = Graph(convolution(tmp_path / "m.onnx", (1, 3, 8, 8)), "cpu", 1)
    graph.close()
    graph.close()
    with pytest.raises(ModelClosed, match="open it again"):
        graph.run({}, [])
    assert graph.device == "cpu" and graph.inputs[0].name == "x"

"""Several pictures in one run: only where the graph takes them, and only after a proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import onnx
import onnx.parser
import pytest
from graphs import family_graph

from frisket.models import manifest
from frisket.models.adapters.single import MAX_BATCH, SingleModel
from frisket.models.backends.onnx import Graph
from frisket.models.conformance import draw_picture
from frisket.models.core.types import Array

SPEC = manifest.find_family("u2net")
PICTURES = [draw_picture(60, 80), draw_picture(60, 80)[::-1].copy(), draw_picture(97, 64)]
MIXING = """<ir_version: 8, opset_import: ["" : 17]>
    mixing (float[n,3,320,320] x) => (float[n,1,320,320] y) {
        all = ReduceMean<axes = [0]>(x)
        mean = Sub(x, all)
        one = ReduceMean<axes = [1], keepdims = 1>(mean)
        y = Sigmoid(one)
    }"""


class Accelerator(Graph):
    """The graph on the CPU, which says that it runs elsewhere and counts its runs."""

    runs = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path, "cpu", 1)
        self.device = "cuda:0"

    def run(self, feeds: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        self.runs += 1
        return super().run(feeds, outputs)


def open_graph(graph: Graph) -> SingleModel:
    return SingleModel(SPEC, SPEC.describe(), graph)


def answer(model: SingleModel) -> list[bytes]:
    return [coarse.alpha.tobytes() for coarse in model.matte(PICTURES)]


def answer_apart(model: SingleModel) -> list[bytes]:
    return [model.matte([picture])[0].alpha.tobytes() for picture in PICTURES]


def test_a_free_batch_axis_is_used_once_it_has_given_what_single_runs_give(tmp_path: Path) -> None:
    graph = Accelerator(family_graph(SPEC, tmp_path / "m.onnx", "n"))
    model = open_graph(graph)
    alone = answer_apart(model)
    assert model.max_batch == MAX_BATCH
    before = graph.runs
    assert answer(model) == alone
    assert graph.runs - before == 1 + len(PICTURES), "the batch, and the proof"
    before = graph.runs
    assert answer(model) == alone
    assert graph.runs - before == 1


def test_a_graph_that_mixes_its_pictures_is_run_one_by_one(tmp_path: Path) -> None:
    onnx.save(onnx.parser.parse_model(MIXING), str(tmp_path / "m.onnx"))
    model = open_graph(Accelerator(tmp_path / "m.onnx"))
    alone = answer_apart(model)
    assert answer(model) == alone
    assert model.max_batch == 1
    assert answer(model) == alone


@pytest.mark.parametrize("batch", [1, "n"])
def test_on_the_cpu_and_with_a_fixed_axis_pictures_run_one_by_one(
    tmp_path: Path, batch: int | str
) -> None:
    file = family_graph(SPEC, tmp_path / "m.onnx", batch)
    assert open_graph(Graph(file, "cpu", 1)).max_batch == 1
    if batch == 1:
        assert open_graph(Accelerator(file)).max_batch == 1

"""Graphs on a GPU: arrays that stay there, and CUDA graphs, each for one shape."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_gpu import Machine
from graphs import convolution

from frisket.models.backends.bound import MOST_SHAPES
from frisket.models.backends.onnx import Graph
from frisket.models.backends.providers import CPU, CUDA

SIDE = 8


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    one = Machine()
    monkeypatch.setitem(sys.modules, "onnxruntime", one)
    return one


@pytest.fixture
def free(tmp_path: Path) -> Path:
    """A graph whose batch axis is free, as families have them."""
    return convolution(tmp_path / "free.onnx", ("n", 3, SIDE, SIDE), outputs=2)


def feed(batch: int, seed: int) -> dict[str, np.ndarray]:
    return {"x": np.random.default_rng(seed).random((batch, 3, SIDE, SIDE), np.float32)}


def test_arrays_that_stay_on_the_gpu_give_the_bytes_of_a_plain_run(
    free: Path, machine: Machine
) -> None:
    bound, plain = Graph(free, "cuda:1"), Graph(free, "cpu")
    assert bound.device == "cuda:1"
    given = [(batch, seed) for seed in range(3) for batch in (1, 3, 2)]
    for names in (["y0"], ["y1", "y0"]):
        kept = [(bound.run(feed(*one), names), plain.run(feed(*one), names)) for one in given]
        # Compared when all have run: an answer must not change under its owner.
        for mine, right in kept:
            assert [one.tobytes() for one in mine] == [one.tobytes() for one in right]
    assert machine.copied == 0


def test_each_shape_is_captured_once_under_a_number_of_its_own(
    free: Path, machine: Machine
) -> None:
    graph = Graph(free, "cuda")
    for batch in (1, 2, 1, 3, 2, 3, 1):
        graph.run(feed(batch, batch), ["y0"])
    assert len(machine.captured) == 3
    graph.run(feed(2, 0), ["y1"])
    graph.run(feed(2, 0), ["y1"])
    assert len(machine.captured) == 4, "other outputs are another graph"


def test_no_more_than_some_shapes_are_kept_and_the_others_run_all_the_same(
    free: Path, machine: Machine
) -> None:
    graph, plain = Graph(free, "cuda"), Graph(free, "cpu")
    for batch in [*range(1, MOST_SHAPES + 4)] * 2:
        right = plain.run(feed(batch, 0), ["y0"])[0]
        assert graph.run(feed(batch, 0), ["y0"])[0].tobytes() == right.tobytes()
    assert len(machine.captured) == MOST_SHAPES
    assert machine.copied == 2 * 3


def test_a_graph_of_free_sides_is_not_captured(tmp_path: Path, machine: Machine) -> None:
    graph = Graph(convolution(tmp_path / "any.onnx", (1, 3, "h", "w")), "cuda")
    for side in (8, 16, 8, 8):
        answer = graph.run({"x": np.zeros((1, 3, side, side), np.float32)}, ["y0"])[0]
        assert answer.shape == (1, 1, side, side)
    assert machine.captured == {}


@pytest.mark.parametrize("why", ["captures_nothing", "keeps_a_part"])
def test_where_cuda_graphs_cannot_be_used_it_runs_without(
    why: str, free: Path, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    setattr(machine, why, True)
    graph, plain = Graph(free, "cuda"), Graph(free, "cpu")
    with caplog.at_level(logging.WARNING):
        answers = [graph.run(feed(1, seed), ["y0"])[0].tobytes() for seed in range(4)]
    assert answers == [plain.run(feed(1, seed), ["y0"])[0].tobytes() for seed in range(4)]
    assert len(caplog.messages) == (why == "captures_nothing"), "said once"
    assert machine.captured == {} and machine.copied == 0


def test_cuda_graphs_can_be_left_away(free: Path, machine: Machine) -> None:
    graph = Graph(free, "cuda+nographs")
    for _ in range(3):
        graph.run(feed(1, 0), ["y0"])
    assert machine.captured == {}
    assert machine.opened == [[(CUDA, {"device_id": "0"}), CPU]]

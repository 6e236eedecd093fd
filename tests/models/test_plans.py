"""The way a graph runs is measured once on a machine, and no trouble with that costs an answer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
from graphs import convolution, widen_again_and_again

from frisket.about import VERSION
from frisket.models.backends.onnx import Graph, import_runtime
from frisket.models.backends.plans import (
    BLOCKED,
    MAX_RUN_S,
    PLAIN,
    Plan,
    choose,
    make_key,
)
from frisket.models.measured import Record


@pytest.mark.parametrize(
    ("seconds", "best"),
    [
        ({BLOCKED: 0.5, PLAIN: 1.0}, BLOCKED),
        ({BLOCKED: 0.95, PLAIN: 1.0}, PLAIN),
        ({BLOCKED: 1.5, PLAIN: 1.0}, PLAIN),
    ],
)
def test_more_memory_must_buy_time(seconds: dict[Plan, float], best: Plan) -> None:
    found, measured = choose(lambda plan: plan, lambda plan: seconds[plan])
    assert found.plan is found.session is best
    assert measured == {plan.name: taken for plan, taken in seconds.items()}


def test_a_busy_machine_is_asked_again_until_times_agree() -> None:
    times = {BLOCKED: iter([0.5, 0.9, 0.7, 0.5, 0.5]), PLAIN: iter([9, 0.7, 0.7, 0.7, 0.7])}
    found, measured = choose(lambda plan: plan, lambda plan: next(times[plan]))
    assert found.plan is BLOCKED
    assert measured == {"blocked": 0.5, "plain": 0.7}


@pytest.mark.parametrize(("run_s", "rounds"), [(0.001, 8), (1.0, 2)])
def test_times_that_never_agree_are_asked_for_a_while(run_s: float, rounds: int) -> None:
    runs: list[Plan] = []

    def time_run(plan: Plan) -> float:
        runs.append(plan)
        return run_s * len(runs) ** 2

    choose(lambda plan: plan, time_run)
    assert len(runs) == 2 + 2 * rounds


def test_nobody_waits_for_the_comparison_of_a_slow_model() -> None:
    opened: list[Plan] = []

    def open_session(plan: Plan) -> Plan:
        opened.append(plan)
        return plan

    found, measured = choose(open_session, lambda _: 2 * MAX_RUN_S)
    assert (found.plan, opened) == (BLOCKED, [BLOCKED])
    assert measured == {"blocked": 2 * MAX_RUN_S}


def test_a_record_outlives_the_process_and_no_other_version(tmp_path: Path) -> None:
    Record(tmp_path).keep("key", "m.onnx", PLAIN, {"plain": 0.5})
    Record(tmp_path).keep("other", "n.onnx", BLOCKED, {"blocked": 0.5})
    assert Record(tmp_path).find("key") is PLAIN
    assert Record(tmp_path).find("other") is BLOCKED
    assert Record(tmp_path).find("unknown") is None
    file = tmp_path / "plans.json"
    file.write_text(file.read_text().replace(f'"version": "{VERSION}"', '"version": "0.0.1"'))
    assert Record(tmp_path).find("key") is None
    Record(tmp_path).keep("key", "m.onnx", BLOCKED, {})
    assert Record(tmp_path).read().keys() == {"key"}


@pytest.mark.parametrize(
    "text",
    ["", "[", "[1]", '{"version": %s}', '{"version": %s, "measured": [1]}', "\0", "[" * 9999],
)
def test_a_damaged_record_counts_as_empty(tmp_path: Path, text: str) -> None:
    (tmp_path / "plans.json").write_text(text.replace("%s", json.dumps(VERSION)))
    assert Record(tmp_path).read() == {}
    for entry in (1, {}, {"plan": 1}, {"plan": "unknown"}):
        kept = {"version": VERSION, "measured": {"key": entry}}
        (tmp_path / "plans.json").write_text(json.dumps(kept))
        assert Record(tmp_path).find("key") is None


def test_a_record_that_cannot_be_written_is_kept_by_the_process(tmp_path: Path) -> None:
    home = tmp_path / "file"
    home.write_text("")
    record = Record(home)
    record.keep("key", "m.onnx", PLAIN, {})
    assert record.find("key") is PLAIN


def test_a_key_tells_graphs_and_runtimes_apart(tmp_path: Path) -> None:
    file = tmp_path / "m.onnx"
    file.write_bytes(b"graph")
    same = make_key(file, "1.0", 2)
    assert same == make_key(b"graph", "1.0", 2)
    file.write_bytes(b"graph, retrained")
    assert make_key(file, "1.0", 2) == make_key(b"graph, retrained", "1.0", 2)
    file.write_bytes(b"graph")
    others = {make_key(b"other", "1.0", 2), make_key(file, "1.1", 2), make_key(file, "1.0", 1)}
    assert len(others | {same}) == 4


def test_a_graph_is_measured_when_it_is_opened_first(tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 32, 32))
    picture = {"x": np.random.default_rng(0).normal(size=(1, 3, 32, 32)).astype(np.float32)}
    expected = Graph(file, "cpu", 1).run(picture, ["y0"])[0]
    home = tmp_path / "home"
    first = Graph(file, "cpu", 1, Record(home)).run(picture, ["y0"])[0]
    kept = (home / "plans.json").read_text()
    (entry,) = Record(home).read().values()
    assert entry["graph"] == "m.onnx"
    assert entry["seconds"].keys() == {"blocked", "plain"}
    again = Graph(file, "cpu", 1, Record(home)).run(picture, ["y0"])[0]
    assert (home / "plans.json").read_text() == kept, "it is measured once"
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first, expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 3, "h", "w"), ("n", 3, 32, 32)])
def test_a_graph_of_any_size_opens_as_well(tmp_path: Path, shape: tuple[int | str, ...]) -> None:
    file = convolution(tmp_path / "m.onnx", shape)
    graph = Graph(file, "cpu", 1, Record(tmp_path / "home"))
    answer = graph.run({"x": np.zeros((1, 3, 32, 32), np.float32)}, ["y0"])[0]
    assert answer.shape == (1, 1, 32, 32)


class OldRuntime(ModuleType):
    """A runtime that knows few of today's options."""

    def __init__(self) -> None:
        super().__init__("onnxruntime")
        self._real = import_runtime()
        self.GraphOptimizationLevel = SimpleNamespace()
        self.ExecutionMode = SimpleNamespace()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def test_a_runtime_that_lacks_an_option_runs_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 32, 32))
    monkeypatch.setitem(sys.modules, "onnxruntime", OldRuntime())
    graph = Graph(file, "cpu", 1, Record(tmp_path / "home"))
    assert graph.run({"x": np.zeros((1, 3, 32, 32), np.float32)}, ["y0"])[0].shape[2:] == (32, 32)


PEAK = """
import sys
from pathlib import Path
import numpy as np
from frisket.models.backends.onnx import Graph
from frisket.protocol.memory import peak_bytes
from frisket.protocol.heap import return_what_is_freed
return_what_is_freed()
graph = Graph(Path(sys.argv[1]), "cpu", 1)
picture = {"x": np.zeros((1, 1, 320, 320), np.float32)}
before = peak_bytes()
graph.run(picture, ["y"])
print(peak_bytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no other system tells a process's peak here")
def test_no_buffer_waits_for_a_later_one_of_its_size(tmp_path: Path) -> None:
    file = widen_again_and_again(tmp_path / "m.onnx", side=320, widths=(48, 64, 80, 96, 112, 128))
    done = subprocess.run(
        [sys.executable, "-c", PEAK, file], check=True, capture_output=True, text=True, timeout=60
    )
    widest = 128 * 320 * 320 * 4
    assert int(done.stdout) < 3 * widest, "two are in use at a time, of twelve"

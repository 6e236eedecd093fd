"""Which providers a device stands for, and what TensorRT builds, on a runtime that claims both."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from graphs import convolution

from frisket.models.backends.bound import MOST_SHAPES
from frisket.models.backends.engines import open_with_engines
from frisket.models.backends.onnx import Graph, import_runtime, tell_fallback
from frisket.models.backends.providers import (
    CPU,
    CUDA,
    TENSORRT,
    choose_providers,
    explain_devices,
    is_lost,
    read_device,
    set_options,
)
from frisket.models.core.errors import DeviceUnavailable, ModelFileError, OutOfMemory

ALL = (TENSORRT, CUDA, CPU)
SIDE = 8


@pytest.mark.parametrize(
    ("device", "available", "chosen"),
    [
        ("cpu", ALL, [CPU]),
        ("auto", ALL, [CUDA, CPU]),
        ("auto", (CPU,), [CPU]),
        ("auto", (TENSORRT, CPU), [CPU]),
        ("cuda", ALL, [CUDA, CPU]),
        ("tensorrt", ALL, [TENSORRT, CUDA, CPU]),
        ("tensorrt", (TENSORRT, CPU), [TENSORRT, CPU]),
    ],
)
def test_a_device_stands_for_providers(
    device: str, available: tuple[str, ...], chosen: list[str]
) -> None:
    assert choose_providers(device, available) == chosen


@pytest.mark.parametrize(
    ("device", "available", "said"),
    [
        ("cuda", (CPU,), "CUDA was asked for.*\\[gpu\\].*--device cpu"),
        ("tensorrt", (CUDA, CPU), "TensorRT was asked for.*no TensorRT provider"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    device: str, available: tuple[str, ...], said: str
) -> None:
    with pytest.raises(DeviceUnavailable, match=said):
        choose_providers(device, available)


def test_only_tensorrt_keeps_engines_and_only_cuda_captures(tmp_path: Path) -> None:
    device = read_device("cuda:2")
    first, second, last = set_options(ALL, device, tmp_path, graphs=True)
    assert last == CPU
    assert isinstance(first, tuple) and isinstance(second, tuple)
    assert (first[0], second[0]) == (TENSORRT, CUDA)
    assert first[1]["trt_engine_cache_path"] == str(tmp_path)
    assert second[1] == {"device_id": "2", "enable_cuda_graph": "1"}
    assert first[1]["device_id"] == "2" and "trt_fp16_enable" not in first[1]
    [(_, halves), *_] = set_options(ALL, read_device("tensorrt+half"), None, graphs=False)
    assert halves == {"device_id": "0", "trt_fp16_enable": "1"}


def test_what_is_no_device_is_refused_in_a_sentence() -> None:
    for text in ("tpu", "cuda:", "cuda+fast", "cpu:1", "auto+half"):
        with pytest.raises(DeviceUnavailable, match=r"(There is no device|only cuda and tensorrt)"):
            read_device(text)


def test_each_device_is_explained_before_it_is_used() -> None:
    auto, cuda, tensorrt = explain_devices([CPU])
    assert auto.startswith("auto takes the processor: this ONNX Runtime has no CUDA provider")
    assert "[gpu]" in cuda and "no TensorRT provider" in tensorrt
    auto, cuda, tensorrt = explain_devices(ALL)
    assert auto == "auto tries CUDA first"
    assert cuda.startswith("cuda may be asked for") and "auto leaves it" in tensorrt


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("CUDA failure 100: no CUDA-capable device is detected", True),
        ("CUDA error cudaErrorIllegalAddress: an illegal memory access was encountered", True),
        ("Non-zero status code returned while running Conv node: shapes do not fit", False),
    ],
)
def test_the_words_of_a_lost_gpu_are_known(text: str, lost: bool) -> None:
    assert is_lost(text) is lost


class Value:
    """An array on the GPU, which in truth is the processor's."""

    def __init__(self, real: Any, place: tuple[str, int]) -> None:
        self.real, self.place = real, place

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)


class Binding:
    """A session's binding; what it binds must lie on the machine's GPU."""

    def __init__(self, real: Any, index: int) -> None:
        self.real, self.index = real, index
        self.bound: dict[str, int] = {}

    def _bind(self, name: str, value: Value) -> Any:
        assert value.place == ("cuda", self.index)
        self.bound[name] = value.data_ptr()
        return value.real

    def bind_ortvalue_input(self, name: str, value: Value) -> None:
        self.real.bind_ortvalue_input(name, self._bind(name, value))

    def bind_ortvalue_output(self, name: str, value: Value) -> None:
        self.real.bind_ortvalue_output(name, self._bind(name, value))

    def bind_output(self, name: str, kind: str, index: int) -> None:
        assert (kind, index) == ("cuda", self.index)
        self.real.bind_output(name, "cpu", 0)

    def get_outputs(self) -> list[Value]:
        return [Value(one, ("cuda", self.index)) for one in self.real.get_outputs()]


class Session:
    """A real session that says that it runs on a GPU, and captures CUDA graphs as one does.

    A graph that was captured does what it did at the addresses of then, whoever asks.
    """

    def __init__(self, real: Any, machine: Machine, provider: str, chosen: dict[str, str]) -> None:
        self._real, self._machine, self._provider = real, machine, provider
        self._index = int(chosen.get("device_id", "0"))
        self._captures = chosen.get("enable_cuda_graph") == "1"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_providers(self) -> list[str]:
        return [self._provider, CPU]

    def run(self, *given: Any) -> Any:
        if self._machine.failure:
            raise RuntimeError(self._machine.failure)
        self._machine.copied += 1
        return self._real.run(*given)

    def io_binding(self) -> Binding:
        return Binding(self._real.io_binding(), self._index)

    def run_with_iobinding(self, binding: Binding, options: Any) -> None:
        number = options.get_run_config_entry("gpu_graph_id")
        if self._machine.failure:
            raise RuntimeError(self._machine.failure)
        if number != "-1":
            assert self._captures and number != "0", "the runtime's own"
            if self._machine.captures_nothing:
                raise RuntimeError("operation not permitted when stream is capturing")
            captured = self._machine.captured.setdefault((id(self), number), binding.bound.copy())
            assert captured == binding.bound, "it would run on what was there then"
        self._real.run_with_iobinding(binding.real, options)


class Machine(ModuleType):
    """A runtime on a machine with GPUs and TensorRT; engines that hold `bad` cannot be read."""

    def __init__(self, starts: bool = True, gpus: int = 2) -> None:
        super().__init__("onnxruntime")
        self._real, self._starts, self._gpus = import_runtime(), starts, gpus
        self.failure = ""
        self.captures_nothing, self.keeps_a_part = False, False
        self.built, self.copied = 0, 0
        self.captured: dict[tuple[int, str], dict[str, int]] = {}
        self.opened: list[list[Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    @property
    def OrtValue(self) -> Any:  # noqa: N802
        return self

    def ortvalue_from_numpy(self, values: np.ndarray, kind: str, index: int) -> Value:
        return Value(self._real.OrtValue.ortvalue_from_numpy(values), (kind, index))

    def get_available_providers(self) -> list[str]:
        return [*ALL]

    def preload_dlls(self) -> None:
        pass

    def InferenceSession(  # noqa: N802
        self, source: Any, options: Any, providers: list[Any], enable_fallback: int
    ) -> Any:
        assert not enable_fallback, "it would print, and forget which GPU was asked for"
        self.opened.append(providers)
        first, chosen = providers[0] if isinstance(providers[0], tuple) else (providers[0], {})
        if first != CPU and int(chosen["device_id"]) >= self._gpus:
            raise RuntimeError("CUDA failure 101: invalid device ordinal ; GPU=0")
        if "enable_cuda_graph" in chosen and self.keeps_a_part:
            raise RuntimeError("not all nodes have been partitioned to the CUDA provider")
        if "trt_engine_cache_path" in chosen:
            self._build(Path(chosen["trt_engine_cache_path"]) / "engine")
        real = self._real.InferenceSession(source, options, providers=[CPU])
        return Session(real, self, first, chosen) if self._starts and first != CPU else real

    def _build(self, engine: Path) -> None:
        if not engine.exists():
            self.built += 1
            engine.write_text("good")
        elif engine.read_text() != "good":
            raise RuntimeError("the engine cannot be deserialised\nand more")


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    one = Machine()
    monkeypatch.setitem(sys.modules, "onnxruntime", one)
    return one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return convolution(tmp_path / "m.onnx", (1, 3, SIDE, SIDE))


def run(graph: Graph) -> np.ndarray:
    return graph.run({"x": np.zeros((1, 3, SIDE, SIDE), np.float32)}, ["y0"])[0]


def test_auto_says_in_one_line_that_the_gpu_could_not_be_used(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", Machine(starts=False))
    tell_fallback.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [Graph(file).device for _ in range(3)] == ["cpu"] * 3
    [line] = caplog.messages
    assert line.startswith("device auto is the processor: its provider could not be started")


@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_strict_device_that_does_not_start_is_refused(
    device: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", Machine(starts=False))
    with pytest.raises(DeviceUnavailable, match="could not be started"):
        Graph(file, device)


def test_a_device_that_disappears_is_named_and_too_little_memory_is_not_that(
    file: Path, machine: Machine
) -> None:
    graph = Graph(file)
    assert graph.device == "cuda:0"
    machine.failure = "CUDA failure 100: no CUDA-capable device is detected ; GPU=0"
    with pytest.raises(DeviceUnavailable, match=r"The GPU was lost.*nvidia-smi"):
        run(graph)
    machine.failure = "CUDA failure 2: out of memory"
    with pytest.raises(OutOfMemory):
        run(graph)
    machine.failure = "the shapes do not fit"
    with pytest.raises(ModelFileError):
        run(graph)


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


def test_a_gpu_that_is_not_there_is_refused_and_auto_says_so_in_one_line(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capsys: Any
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", Machine(gpus=0))
    with pytest.raises(DeviceUnavailable, match=r"cuda:3 was asked for.*device ordinal"):
        Graph(file, "cuda:3")
    tell_fallback.cache_clear()
    with caplog.at_level(logging.WARNING):
        assert [Graph(file).device for _ in range(2)] == ["cpu"] * 2
    [line] = caplog.messages
    assert line.startswith("device auto is the processor: CUDA could not be used (CUDA failure")
    assert capsys.readouterr() == ("", "")


def test_an_engine_is_built_once_for_each_graph(
    file: Path, tmp_path: Path, machine: Machine
) -> None:
    engines = tmp_path / "engines"
    for _ in range(2):
        run(Graph(file, "tensorrt", engines=engines))
    assert machine.built == 1
    other = convolution(tmp_path / "other.onnx", (1, 3, SIDE, SIDE), seed=1)
    Graph(other, "tensorrt", engines=engines)
    assert machine.built == 2
    assert len(list(engines.iterdir())) == 2
    assert [path.name for path in engines.rglob("*") if path.is_file()] == ["engine", "engine"]


def test_a_damaged_engine_is_built_again(
    file: Path, tmp_path: Path, machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    Graph(file, "tensorrt", engines=tmp_path / "engines")
    [engine] = (tmp_path / "engines").rglob("engine")
    engine.write_text("half")
    run(Graph(file, "tensorrt", engines=tmp_path / "engines"))
    assert (engine.read_text(), machine.built) == ("good", 2)
    [line] = caplog.messages
    assert line.endswith("the engine cannot be deserialised")


def test_an_engine_whose_reader_never_ended_is_built_again(tmp_path: Path) -> None:
    folder = tmp_path / "engines" / "one"

    def crash() -> None:
        (folder / "engine").write_text("it ends the process that reads it")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        open_with_engines(folder, crash)
    assert (folder / "engine").exists()
    (folder / "opening").touch()  # what is left where the process was ended instead
    open_with_engines(folder, lambda: None)
    assert list(folder.iterdir()) == []


def test_a_graph_that_cannot_be_opened_at_all_is_refused(tmp_path: Path, machine: Machine) -> None:
    broken = tmp_path / "m.onnx"
    broken.write_bytes(b"no graph")
    for _ in range(2):
        with pytest.raises(ModelFileError, match="cannot be loaded"):
            Graph(broken, "tensorrt", engines=tmp_path / "engines")

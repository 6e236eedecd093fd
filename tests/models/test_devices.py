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

from frisket.models.backends.engines import open_with_engines
from frisket.models.backends.onnx import Graph, import_runtime, tell_fallback
from frisket.models.backends.providers import (
    CPU,
    CUDA,
    TENSORRT,
    choose_providers,
    is_lost,
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
        ("tpu", ALL, "no device 'tpu'"),
    ],
)
def test_what_is_not_there_is_refused_in_a_sentence(
    device: str, available: tuple[str, ...], said: str
) -> None:
    with pytest.raises(DeviceUnavailable, match=said):
        choose_providers(device, available)


def test_only_tensorrt_keeps_engines(tmp_path: Path) -> None:
    first, *others = set_options(ALL, tmp_path)
    assert (first[0], others) == (TENSORRT, [CUDA, CPU])
    assert isinstance(first[1], dict) and first[1]["trt_engine_cache_path"] == str(tmp_path)
    assert set_options(ALL, None) == [*ALL]


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


class Session:
    """A real session that says that it runs on a GPU."""

    def __init__(self, real: Any, machine: Machine, provider: str) -> None:
        self._real, self._machine, self._provider = real, machine, provider

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_providers(self) -> list[str]:
        return [self._provider, CPU]

    def run(self, *given: Any) -> Any:
        if self._machine.failure:
            raise RuntimeError(self._machine.failure)
        return self._real.run(*given)


class Machine(ModuleType):
    """A runtime on a machine with a GPU and TensorRT; engines that hold `bad` cannot be read."""

    def __init__(self, starts: bool = True) -> None:
        super().__init__("onnxruntime")
        self._real, self._starts = import_runtime(), starts
        self.failure = ""
        self.built = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_available_providers(self) -> list[str]:
        return [*ALL]

    def preload_dlls(self) -> None:
        pass

    def InferenceSession(  # noqa: N802
        self, source: Any, options: Any, providers: list[Any], enable_fallback: int
    ) -> Any:
        first = providers[0]
        if isinstance(first, tuple):
            first, chosen = first
            self._build(Path(chosen["trt_engine_cache_path"]) / "engine")
        real = self._real.InferenceSession(source, options, providers=[CPU])
        return Session(real, self, first) if self._starts else real

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

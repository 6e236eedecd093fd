"""Which providers a device stands for, and what TensorRT builds, on a runtime that claims both."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_gpu import ALL, Machine
from graphs import convolution

from frisket.models.backends.engines import open_with_engines
from frisket.models.backends.onnx import Graph, tell_fallback
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


def test_a_gpu_that_is_not_there_is_refused_and_auto_says_so_in_one_line(
    file: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
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

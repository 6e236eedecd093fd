"""A runtime that claims GPUs and TensorRT, and holds those who use it to what CUDA demands."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from frisket.models.backends.onnx import import_runtime
from frisket.models.backends.providers import CPU, CUDA, TENSORRT

ALL = (TENSORRT, CUDA, CPU)


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

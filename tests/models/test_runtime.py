"""ONNX Runtime is imported in one place, and calls nobody from there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from graphs import convolution

from frisket.models.backends.onnx import Graph, import_runtime
from frisket.models.backends.providers import explain_cpu
from frisket.models.core.errors import DeviceUnavailable

ROOT = Path(__file__).resolve().parents[2]
IMPORTER = ROOT / "models" / "frisket" / "models" / "backends" / "onnx.py"
FOLDERS = ("models", "server", "clients", "proto", "scripts", "benchmarks", "tests")
# Also inside strings: code that is handed to another interpreter.
STATEMENT = r"\b(?:import|from)\s+(?:\w+, )*onnxruntime\b"
CALL = r"(?:__import__|import_module|importorskip)\(\s*[\"']onnxruntime\b"
IMPORT = re.compile(f"{STATEMENT}|{CALL}")
RUN = """
import numpy as np
from frisket.models import Registry
Registry().open("embedded", "cpu", 1).matte([np.zeros((64, 64, 3), np.uint8)])
"""


def test_only_one_module_imports_onnx_runtime() -> None:
    sources = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert len(sources) > 200
    found = [path for path in sources if IMPORT.search(path.read_text(encoding="utf-8"))]
    assert found == [IMPORTER]


@pytest.mark.parametrize("wish", ["", "0"])
def test_running_a_model_leaves_nothing_behind(tmp_path: Path, wish: str) -> None:
    home, scratch = tmp_path / "home", tmp_path / "scratch"
    places = {"HOME": home, "XDG_CACHE_HOME": home / ".cache", "FRISKET_HOME": home / "frisket"}
    places |= {"USERPROFILE": home, "LOCALAPPDATA": home / "local"}
    places |= {"TMPDIR": scratch, "TEMP": scratch, "TMP": scratch}
    for folder in places.values():
        folder.mkdir(parents=True, exist_ok=True)
    fresh = {name: str(folder) for name, folder in places.items()}
    environment = os.environ | fresh | {"ORT_DISABLE_TELEMETRY": wish}
    subprocess.run([sys.executable, "-c", RUN], env=environment, check=True, timeout=120)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_cuda_is_loaded_before_the_first_graph(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only its own call makes ONNX Runtime look for CUDA inside Python packages."""
    runtime = Machine()
    monkeypatch.setitem(sys.modules, "onnxruntime", runtime)
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    Graph(file, "cpu")
    assert runtime.calls == ["open"]
    Graph(file)
    assert runtime.calls == ["open", "preload", "open"]
    assert capsys.readouterr().out == ""


def test_the_device_is_never_another_one_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that is there may still not start: `auto` goes on, `cuda` does not."""
    monkeypatch.setitem(sys.modules, "onnxruntime", Machine())
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    assert Graph(file, "auto").device == "cpu"
    with pytest.raises(DeviceUnavailable, match="could not be started"):
        Graph(file, "cuda")
    assert "[cuda]" in explain_cpu(["CUDAExecutionProvider", "CPUExecutionProvider"])
    assert "[gpu]" in explain_cpu(["CPUExecutionProvider"])


class Machine(ModuleType):
    """A runtime on a machine with a GPU, as far as it is asked here."""

    def __init__(self) -> None:
        super().__init__("onnxruntime")
        self._real = import_runtime()
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def get_available_providers(self) -> list[str]:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]

    def preload_dlls(self) -> None:
        self.calls.append("preload")
        print("Failed to load a library.")

    def InferenceSession(self, *given: Any, **how: Any) -> Any:  # noqa: N802
        self.calls.append("open")
        return self._real.InferenceSession(*given, **{**how, "providers": ["CPUExecutionProvider"]})

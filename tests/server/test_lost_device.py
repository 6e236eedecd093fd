"""A GPU that disappears: the call says so, and the next one finds a process without it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from frisket.models import DeviceUnavailable, Registry
from frisket.server.child import ChildOpener

PICTURE = np.zeros((16, 16, 3), np.uint8)
# A runtime that has a GPU for as long as a file is there; it is imported by the models' process.
RUNTIME = """
import os
import sys

sys.path.remove(os.path.dirname(os.path.dirname(__file__)))
del sys.modules[__name__]
import {runtime} as real

CPU = real.get_available_providers()[-1:]


def has_gpu():
    return os.path.exists(os.environ["FRISKET_TEST_GPU"])


class Session(real.InferenceSession):
    def __init__(self, source, options, providers, enable_fallback):
        super().__init__(source, options, providers=CPU)
        self.on_gpu = has_gpu() and providers[0][0].startswith("CUDA")

    def get_providers(self):
        return ["CUDAExecutionProvider", *CPU] if self.on_gpu else CPU

    def io_binding(self):
        binding = super().io_binding()
        bind = binding.bind_output
        binding.bind_output = lambda name, kind, index: bind(name)
        return binding

    def run_with_iobinding(self, *given):
        if self.on_gpu and not has_gpu():
            raise RuntimeError("CUDA failure 100: no CUDA-capable device is detected")
        return super().run_with_iobinding(*given)


class Value(real.OrtValue):
    @classmethod
    def ortvalue_from_numpy(cls, values, kind, index):
        return super().ortvalue_from_numpy(values)


real.OrtValue = Value
real.get_available_providers = lambda: ["CUDAExecutionProvider", *CPU]
real.preload_dlls = lambda: None
real.InferenceSession = Session
"""


@pytest.fixture
def gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give processes that are started a GPU, which is a file."""
    name = "onnxruntime"
    place, file = tmp_path / "fake" / name, tmp_path / "gpu"
    place.mkdir(parents=True)
    (place / "__init__.py").write_text(RUNTIME.format(runtime=name))
    paths = [str(place.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("FRISKET_TEST_GPU", str(file))
    file.touch()
    return file


@pytest.mark.parametrize("device", ["auto", "cuda"])
def test_a_gpu_that_disappears_is_named_and_only_auto_goes_on(
    device: str, gpu: Path, tmp_path: Path
) -> None:
    opener = ChildOpener(Registry(tmp_path / "home"))
    try:
        model = opener.open("embedded", device, 1)
        assert model.device == "cuda:0"
        expected = model.matte([PICTURE])[0].alpha
        gpu.unlink()
        with pytest.raises(DeviceUnavailable, match="The GPU was lost"):
            model.matte([PICTURE])
        if device == "cuda":
            with pytest.raises(DeviceUnavailable, match="could not be started"):
                model.matte([PICTURE])
            gpu.touch()
        np.testing.assert_array_equal(model.matte([PICTURE])[0].alpha, expected)
        assert model.device == ("cuda:0" if device == "cuda" else "cpu")
    finally:
        opener.close()

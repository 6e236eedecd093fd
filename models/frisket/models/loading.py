"""From a manifest and files to an opened model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .errors import DeviceUnavailable, ModelFileError
from .known import CLASSIC
from .manifest import Spec
from .types import Model, ModelInfo, Refiner

if TYPE_CHECKING:
    from .backends.onnx import Graph


def weightless(name: str, device: str) -> Model:
    """The models that need no files.

    Raises:
        DeviceUnavailable: CUDA was asked for.
    """
    if device == "cuda":
        raise DeviceUnavailable(f"The model {name} runs on the CPU only; use --device cpu.")
    if name == CLASSIC.name:
        from .adapters.classic import ClassicModel

        return ClassicModel()
    from .adapters.fake import FakeModel

    return FakeModel()


def load(
    spec: Spec, info: ModelInfo, files: Sequence[Path], device: str, threads: int | None
) -> Model:
    """Open the files with the adapter that the manifest names.

    Raises:
        BadSignature, DeviceUnavailable, ModelFileError, MissingExtra.
    """
    if spec.adapter == "single":
        from .adapters.single import SingleModel

        return SingleModel(spec, info, opened(files[0], device, threads))
    if spec.adapter == "refiner":
        from .adapters.refiner import RefinerModel

        return RefinerModel(spec, info, opened(files[0], device, threads))
    if spec.adapter == "sam":
        from .adapters.sam import SamModel

        encoder, decoder = (opened(file, device, threads) for file in files)
        return SamModel(spec, info, encoder, decoder)
    raise ModelFileError(f"{spec.name}: there is no adapter {spec.adapter!r}.")


def opened(file: Path, device: str, threads: int | None) -> Graph:
    """A graph from its file: ONNX as it is, TFLite turned into ONNX.

    Raises:
        DeviceUnavailable, ModelFileError, MissingExtra.
    """
    from .backends.onnx import Graph

    if file.suffix.lower() != ".tflite":
        return Graph(file, device, threads)
    from .importers.tflite import to_onnx

    return Graph(to_onnx(file), device, threads)


def check_run(spec: Spec, files: Sequence[Path]) -> None:
    """Load the files and run them once on a small picture.

    Raises:
        BadSignature, BadOutput, ModelFileError: it says what is wrong.
    """
    info = ModelInfo(spec.name, spec.family, "", spec.licence, spec.commercial)
    model = load(spec, info, files, "cpu", None)
    y, x = np.mgrid[:96, :128]
    picture = np.stack([x * 2, y * 2, 128 + 0 * x], axis=2).astype(np.uint8)
    if isinstance(model, Refiner):
        square = np.resize(picture, (model.side, model.side, 3))
        model.refine(square, np.full(square.shape[:2], 128, np.uint8))
    else:
        model.matte([picture])

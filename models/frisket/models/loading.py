"""From a manifest and files to an opened model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .adapters.table import ADAPTERS
from .backends.providers import read_device
from .core.errors import DeviceUnavailable
from .core.spec import Spec
from .core.types import Model, ModelInfo, Prompt, Refiner

if TYPE_CHECKING:
    from .backends.onnx import Graph
    from .backends.plans import Memory


def load(
    spec: Spec,
    info: ModelInfo,
    files: Mapping[str, Path],
    device: str,
    threads: int | None,
    record: Memory | None = None,
    engines: Path | None = None,
) -> Model:
    """Open a model with the adapter that the manifest names.

    Args:
        spec: how it is fed.
        info: what is told of it.
        files: the file of every part of the adapter; none for models without weights.
        device: as `frisket.protocol.devices` reads it.
        threads: of one run; None leaves it to the runtime.
        record: of the ways in which graphs run best; None measures nothing.
        engines: the folder of what TensorRT builds; None keeps nothing.

    Raises:
        BadSignature, DeviceUnavailable, ModelFileError, MissingExtra.
    """
    adapter = ADAPTERS[spec.adapter]
    target = read_device(device)
    if not adapter.parts and target.is_gpu:
        raise DeviceUnavailable(f"The model {spec.name} runs on the CPU only; use --device cpu.")
    if target.half and not spec.half:
        raise DeviceUnavailable(
            f"The model {spec.name} may not run in half precision, for its manifest does not allow "
            f"it; take another model, or a device without +half."
        )
    rest = (device, threads, record, engines)
    graphs = {part: open_graph(files[part], *rest) for part in adapter.parts}
    return adapter.load_class()(spec, info, **graphs)


def open_graph(
    file: Path,
    device: str,
    threads: int | None,
    record: Memory | None = None,
    engines: Path | None = None,
) -> Graph:
    """Open a graph from its file: ONNX as it is, TFLite turned into ONNX.

    Raises:
        DeviceUnavailable, ModelFileError, MissingExtra.
    """
    from .backends.onnx import Graph

    if file.suffix.lower() != ".tflite":
        return Graph(file, device, threads, record, engines)
    from .importers.tflite import to_onnx

    return Graph(to_onnx(file), device, threads, record, engines)


def check_run(spec: Spec, files: Mapping[str, Path]) -> None:
    """Load the files and run them once on a small picture.

    Raises:
        BadSignature, BadOutput, ModelFileError: it says what is wrong.
    """
    model = load(spec, spec.describe(), files, "cpu", None)
    y, x = np.mgrid[:96, :128]
    picture = np.stack([x * 2, y * 2, 128 + 0 * x], axis=2).astype(np.uint8)
    try:
        if isinstance(model, Refiner):
            square = np.resize(picture, (model.side, model.side, 3))
            model.refine(square, np.full(square.shape[:2], 128, np.uint8))
        else:
            told = Prompt(state=()) if spec.recurrent else None
            left = model.matte([picture], [told])[0].state
            if left is not None:
                model.matte([picture], [Prompt(state=left)])
    finally:
        model.close()

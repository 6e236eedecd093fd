"""TFLite to ONNX: the operators of MediaPipe's selfie segmentation and of DeepLab.

TFLite keeps channels last, ONNX Runtime is quick with channels first. Every operator here
means the same in both orders once its weights and axes are turned, so the whole graph is
written channels first and no transposition is left in it: the input becomes (n, 3, h, w),
the output (n, c, h, w), and the batch is free.
"""

from __future__ import annotations

from pathlib import Path

from ..core.errors import ModelFileError
from .tflite_file import read
from .tflite_operators import WRITERS
from .tflite_writer import GraphWriter


def to_onnx(path: Path) -> bytes:
    """Return the ONNX graph of a TFLite file, serialised.

    Raises:
        ModelFileError: the file is damaged, quantised, or uses an operator that is not
            known here; its text names file and operator.
        MissingExtra: a package of the extra ``server`` is not installed.
    """
    network = read(path)
    unknown = sorted({step.kind for step in network.operators} - set(WRITERS))
    if unknown:
        raise ModelFileError(
            f"{network.file} uses {', '.join(unknown)}, which the importer does not know; "
            f"it knows {', '.join(sorted(WRITERS))}."
        )
    return GraphWriter(network).write(WRITERS)

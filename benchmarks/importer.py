"""TFLite graphs through ONNX Runtime beside TFLite's own runtime: agreement and time.

    python benchmarks/importer.py

Needs the .tflite files of the test data. Where the runtime does not know selfie's custom
operator, "cannot" stands in its column; the tests then compare it with NumPy, layer by layer.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from common import RESULTS, median_seconds, shared_data
from PIL import Image

from frisket.models.backends.onnx import Graph
from frisket.models.importers.tflite import to_onnx

FILES = {
    "deeplab": "deeplabv3_257_mv_gpu.tflite",
    "selfie": "selfie_segmentation.tflite",
    "selfie-landscape": "selfie_segmentation_landscape.tflite",
}
RUNS, THREADS = 30, 2
Array = npt.NDArray[np.float32]


def picture(size: tuple[int, int]) -> Array:
    """(1, h, w, 3) of 0..1: a photograph reduced to a size."""
    from skimage import data

    small = Image.fromarray(data.astronaut()).resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(np.asarray(small)[None] / 255, np.float32)


def reference(path: Path, x: Array) -> tuple[Array, float] | None:
    """TFLite's answer and the median seconds of a run; None where it cannot run the graph."""
    try:
        from ai_edge_litert.interpreter import Interpreter

        runtime = Interpreter(str(path), num_threads=THREADS)
        runtime.allocate_tensors()
    except (ImportError, RuntimeError, ValueError):
        return None
    runtime.set_tensor(runtime.get_input_details()[0]["index"], x)
    seconds = median_seconds(RUNS, runtime.invoke)
    answer = runtime.get_tensor(runtime.get_output_details()[0]["index"])
    return np.asarray(answer, np.float32), seconds


def measured(path: Path) -> dict[str, Any]:
    """Seconds of importing and of a run, and how far the answers differ."""
    started = time.perf_counter()
    graph = Graph(to_onnx(path), "cpu", THREADS)
    opened = time.perf_counter() - started
    _, _, high, wide = graph.inputs[0].shape
    x = picture((int(high or 0), int(wide or 0)))
    feed = {graph.inputs[0].name: np.ascontiguousarray(x.transpose(0, 3, 1, 2))}
    names = [graph.outputs[0].name]
    found = graph.run(feed, names)[0].transpose(0, 2, 3, 1)
    row: dict[str, Any] = {"open_s": opened}
    row["run_s"] = median_seconds(RUNS, lambda: graph.run(feed, names))
    if (theirs := reference(path, x)) is not None:
        shares = [softmax(v) if v.shape[3] > 1 else v for v in (found, theirs[0])]
        row["tflite_run_s"] = theirs[1]
        row["worst_logit"] = float(np.abs(found - theirs[0]).max())
        row["mean_of_255"] = float(np.abs(shares[0] - shares[1]).max(axis=3).mean() * 255)
    return row


def softmax(values: Array) -> Array:
    """Shares over the last axis."""
    powers = np.exp(values - values.max(axis=3, keepdims=True))
    return np.asarray(powers / powers.sum(axis=3, keepdims=True), np.float32)


def main() -> None:
    """Measure, print and write."""
    data = shared_data()
    if data is None:
        raise SystemExit("the test data with the .tflite files is not here")
    rows = {name: measured(data / "weights" / file) for name, file in FILES.items()}
    lines = ["| model | open, ms | run, ms | TFLite's run, ms | worst value | matte, of 255 |"]
    lines.append("|---|---|---|---|---|---|")
    for name, row in rows.items():
        times = [row["open_s"], row["run_s"], row.get("tflite_run_s")]
        cells = [f"{1e3 * t:.1f}" if t is not None else "cannot" for t in times]
        cells += [f"{row[k]:.1g}" if k in row else "–" for k in ("worst_logit", "mean_of_255")]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    text = "\n".join(lines) + "\n"
    print(text)
    (RESULTS / "importer.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "importer.md").write_text(text)


if __name__ == "__main__":
    main()

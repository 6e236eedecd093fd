"""Score models on a folder of `GROUP_NAME_image.jpg` and `GROUP_NAME_mask.png`.

`python evaluate.py --masks DIR --model embedded.onnx --model u2netp.onnx:u2net`

A model is fed as the embedded one (0..1, stretched to its own square) unless `:u2net` says
that it is of that family. Prints one row a model and group: mean absolute error, mean
intersection over union at 0.5, the best F measure (beta² = 0.3), milliseconds an image.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from data import Image, read_rgb
from numpy.typing import NDArray
from scores import Score, score, summarise
from teacher import make_soft_map

from frisket.models.backends.onnx import import_runtime

Predict = Callable[[Image], NDArray[np.float32]]


def make_predictor(path: Path, family: str) -> Predict:
    """Return a function from a photograph H×W×3 to its alpha H×W, 0..1."""
    runtime = import_runtime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 2
    session = runtime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    if family == "u2net":
        return lambda image: make_soft_map(session, image).clip(0, 1)
    return lambda image: run_embedded(session, image)


def run_embedded(session: Any, image: Image) -> NDArray[np.float32]:
    """Return the alpha of a photograph by a model that is fed like the embedded one."""
    size = session.get_inputs()[0].shape[-1]
    small = cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA)
    tensor = small.astype(np.float32).transpose(2, 0, 1)[None] / 255
    alpha = session.run(None, {"image": np.ascontiguousarray(tensor)})[0][0, 0]
    height, width = image.shape[:2]
    return np.asarray(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR))


def read_pairs(folder: Path) -> Iterator[tuple[str, Image, NDArray[np.float32]]]:
    """Yield group, photograph and mask (0..1) of every pair."""
    for photo in sorted(folder.glob("*_image.*")):
        mask = cv2.imread(str(photo.with_name(photo.stem[: -len("image")] + "mask.png")), 0)
        yield photo.name.split("_")[0], read_rgb(photo), mask.astype(np.float32) / 255


def evaluate(predict: Predict, folder: Path) -> dict[str, dict[str, float]]:
    """Return scores and milliseconds by group."""
    found: dict[str, list[tuple[Score, float]]] = {}
    for group, photo, mask in read_pairs(folder):
        started = time.perf_counter()
        alpha = predict(photo)
        spent = (time.perf_counter() - started) * 1000
        found.setdefault(group, []).append((score(alpha, mask), spent))
    return {
        group: {**summarise([s for s, _ in rows]), "ms": float(np.median([t for _, t in rows]))}
        for group, rows in found.items()
    }


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--masks", type=Path, required=True)
    parser.add_argument("--model", action="append", required=True, metavar="FILE[:FAMILY]")
    args = parser.parse_args()
    print(f"{'model':<24}{'group':<12}{'images':>7}{'MAE':>8}{'IoU':>8}{'maxF':>8}{'ms':>7}")
    for name in args.model:
        file, _, family = name.partition(":")
        for group, row in evaluate(make_predictor(Path(file), family), args.masks).items():
            print(
                f"{Path(file).stem:<24}{group:<12}{row['images']:>7}{row['mae']:>8.3f}"
                f"{row['iou']:>8.3f}{row['maxf']:>8.3f}{row['ms']:>7.0f}"
            )


if __name__ == "__main__":
    main()

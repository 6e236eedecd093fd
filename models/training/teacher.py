"""Run u2netp once over the training photographs and keep its soft maps as PNG files.

`python teacher.py --model u2netp.onnx --data TRAIN --out TEACHER`
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from data import Image, list_pairs, read_rgb
from numpy.typing import NDArray

from frisket.models.backends.onnx import import_runtime

SIZE = 320
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


def prepare(image: Image) -> NDArray[np.float32]:
    """Prepare what the U²-Net family is fed: H×W×3 0..255 to 1×3×320×320, as its authors do it."""
    small = cv2.resize(image, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
    scaled = small / max(float(small.max()), 1.0)
    return np.ascontiguousarray(((scaled - MEAN) / STD).transpose(2, 0, 1)[None])


def make_soft_map(session: Any, image: Image) -> NDArray[np.float32]:
    """Return the teacher's map for a photograph: H×W, 0..1, stretched between its extremes.

    A map whose extremes lie closer than 0.1 says that nothing was found; it is kept as it is.
    """
    out = session.run(None, {session.get_inputs()[0].name: prepare(image)})[0][0, 0]
    low, high = float(out.min()), float(out.max())
    if high - low > 0.1:
        out = (out - low) / (high - low)
    h, w = image.shape[:2]
    return np.asarray(cv2.resize(out, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def write_map(session: Any, photo: Path, target: Path) -> None:
    """Write the map of one photograph, unless it is there already."""
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    soft = make_soft_map(session, read_rgb(photo)).clip(0, 1)
    cv2.imwrite(str(target), np.rint(soft * 255).astype(np.uint8))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    session = import_runtime().InferenceSession(str(args.model))
    for group, photo in list_pairs(args.data):
        write_map(session, photo, args.out / group / f"{photo.stem}.png")


if __name__ == "__main__":
    main()

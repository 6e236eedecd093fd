"""What every model that can be run here is good at: overlap with hand-made masks, by set.

    python benchmarks/models.py

The models alone, enlarged, nothing told and nothing refined. DeepLab is told no class, so all
twenty are the subject. Weights are those of the test data.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
from common import RESULTS, shared_data, u2netp_weights
from embedded import on_masks

from frisket.models import Registry

FILES = {
    "selfie": "selfie_segmentation.tflite",
    "selfie-landscape": "selfie_segmentation_landscape.tflite",
    "deeplab": "deeplabv3_257_mv_gpu.tflite",
}
MODELS = ("u2netp", "embedded", *FILES, "classic")
Scores = dict[str, dict[str, float]]


def registry(home: Path, data: Path) -> Registry:
    """A home with every model whose weights are at hand."""
    found = Registry(home)
    for name, file in FILES.items():
        found.add(name, "", data / "weights" / file)
    # Half precision, so not the file that is pinned: put there by hand.
    folder = home / "models" / "u2netp"
    folder.mkdir(parents=True)
    shutil.copyfile(u2netp_weights(), folder / "u2netp.onnx")
    return found


def table(rows: dict[str, Scores]) -> str:
    """IoU by set, then mean absolute error and time over all."""
    sets = list(next(iter(rows.values())))
    lines = [f"| model | {' | '.join(f'{s}: IoU' for s in sets)} | all: MAE | ms |"]
    lines.append("|---" * (len(sets) + 3) + "|")
    for name, scores in rows.items():
        counts = [scores[s]["pictures"] for s in sets]
        mae = float(np.average([scores[s]["mae"] for s in sets], weights=counts))
        ms = float(np.median([scores[s]["ms"] for s in sets]))
        ious = " | ".join(f"{scores[s]['iou']:.2f}" for s in sets)
        lines.append(f"| {name} | {ious} | {mae:.3f} | {ms:.0f} |")
    counts_said = ", ".join(f"{s} {next(iter(rows.values()))[s]['pictures']:.0f}" for s in sets)
    return "\n".join(lines) + f"\n\nPictures: {counts_said}.\n"


def main() -> None:
    """Measure, print and write."""
    data = shared_data()
    if data is None:
        raise SystemExit("the test data is not here")
    with tempfile.TemporaryDirectory() as home:
        here = registry(Path(home), data)
        rows = {name: on_masks(here.open(name, "cpu", 2)) for name in MODELS}
    text = table(rows)
    print(text)
    (RESULTS / "models.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "models.md").write_text(text)


if __name__ == "__main__":
    main()

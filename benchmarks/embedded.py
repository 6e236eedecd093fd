"""What the embedded model is worth, alone and refined, beside U²-Net-p in the same run.

    python benchmarks/embedded.py                   # the shipped weights
    python benchmarks/embedded.py --weights F.onnx  # others, for example a repetition's

Prints, for each set of photographs with masks, mean absolute error, mean IoU, the best
F measure and milliseconds a picture; and for the measured mattes the median gradient error
after `standard` refinement beside rembg's way with U²-Net-p, over the pictures whose subject
was found (IoU of the coarse alpha with the truth at least 0.8). Writes
`benchmarks/results/embedded.json` and `embedded.md`.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import RESULTS, ROOT
from quality import Case, Picture, cases, ours, rembg_way, u2netp, u2netp_graph

from frisket.matting.engine import Quality
from frisket.measure import metrics
from frisket.models import Model, manifest
from frisket.models.adapters.single import SingleModel
from frisket.models.backends.onnx import Graph

SHIPPED = ROOT / "models" / "frisket" / "models" / "embedded" / "embedded.onnx"
#: A subject counts as found from this overlap of the coarse alpha with the truth on.
FOUND = 0.8
_MEASURES = ("mae", "iou", "max_f")


def embedded(weights: Path) -> SingleModel:
    """The embedded model with the weights of a file."""
    spec = manifest.read_shipped()["embedded"]
    return SingleModel(spec, spec.describe(), Graph(weights, "cpu", 2))


def coarse(model: Model, rgb: Picture) -> tuple[Picture, float]:
    """The model's own alpha at the picture's size, and the milliseconds it took."""
    began = time.perf_counter()
    alpha = model.matte([rgb])[0].alpha
    spent = (time.perf_counter() - began) * 1000
    size = (rgb.shape[1], rgb.shape[0])
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_LINEAR)), spent


def on_masks(model: Model) -> dict[str, dict[str, float]]:
    """Means of each set of photographs with masks."""
    found: dict[str, list[dict[str, float]]] = {}
    for case in cases("masks", 0):
        alpha, spent = coarse(model, case.rgb)
        scores = metrics.score(alpha, case.truth, fast=True).as_dict()
        row = {m: scores[m] for m in _MEASURES} | {"ms": spent}
        found.setdefault(case.name.split("_")[0], []).append(row)
    return {group: _summary(rows) for group, rows in found.items()}


def _summary(rows: list[dict[str, float]]) -> dict[str, float]:
    means = {m: float(np.mean([row[m] for row in rows])) for m in _MEASURES}
    return {"pictures": len(rows), **means, "ms": float(np.median([r["ms"] for r in rows]))}


def on_matte(case: Case, own: SingleModel, theirs: Graph) -> dict[str, Any]:
    """Gradient errors of one measured matte: ours refined, rembg's way with U²-Net-p."""
    overlap = metrics.score(coarse(own, case.rgb)[0], case.truth, fast=True).iou
    refined, _ = ours(own, case.rgb, Quality.STANDARD)
    errors = {
        "embedded": metrics.score(refined, case.truth, fast=True).gradient,
        "rembg": metrics.score(rembg_way(theirs, case.rgb), case.truth, fast=True).gradient,
    }
    return {"name": case.name, "overlap": overlap, **errors}


def edges(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Median gradient errors over the pictures whose subject was found."""
    found = [row for row in rows if row["overlap"] >= FOUND]
    ways = {way: float(np.median([r[way] for r in found])) for way in ("embedded", "rembg")}
    ratio = ways["embedded"] / max(ways["rembg"], 1e-12)
    return {"pictures": len(rows), "found": len(found), **ways, "ratio": ratio}


def table(sets: dict[str, dict[str, dict[str, float]]], edge: dict[str, float]) -> str:
    """Both results as Markdown."""
    lines = [
        "| model | set | pictures | MAE | IoU | maxF | ms |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {group} | {r['pictures']} | {r['mae']:.3f} | {r['iou']:.3f} "
            f"| {r['max_f']:.3f} | {r['ms']:.0f} |"
            for name, groups in sets.items()
            for group, r in groups.items()
        ),
        "",
        f"Measured mattes whose subject was found: {edge['found']:g} of {edge['pictures']:g}. "
        f"Median gradient error: embedded with `standard` {edge['embedded']:.2f}, rembg's way "
        f"with u2netp {edge['rembg']:.2f}, ratio {edge['ratio']:.2f}.",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    own, graph = embedded(arguments.weights), u2netp_graph()
    sets = {"embedded": on_masks(own), "u2netp": on_masks(u2netp())}
    mattes = [on_matte(case, own, graph) for case in cases("mattes", 0)]
    edge = edges(mattes)
    print(table(sets, edge))
    if arguments.weights == SHIPPED:
        whole = {"masks": sets, "edges": edge, "mattes": mattes}
        (RESULTS / "embedded.json").write_text(json.dumps(whole, indent=1) + "\n")
        (RESULTS / "embedded.md").write_text(table(sets, edge))


if __name__ == "__main__":
    main()

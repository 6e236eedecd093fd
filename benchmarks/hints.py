"""What one box or two points are worth, on photographs with masks.

    python benchmarks/hints.py                      # classic, embedded and u2netp
    python benchmarks/hints.py --models classic

The hints are drawn from the truth as a person would: the box is the subject's bounding box,
3 % looser on every side; the first point is the deepest spot of the subject, the second the
deepest spot of the greatest error that is left after the first, positive or negative. Prints
the mean IoU of the matte solved with `standard`, and how many pictures a hint made worse by
more than 0.02. Writes `benchmarks/results/hints.json` and `hints.md`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from common import RESULTS
from numpy.typing import NDArray
from quality import Case, Picture, cases, u2netp

from frisket.matting import MattingOptions, engine, matte_picture
from frisket.measure import metrics
from frisket.models import Model, Registry

WAYS = ("none", "box", "points")
#: Looser than the truth's box, as a share of its size, on every side.
SLACK = 0.03
WORSE = 0.02


def opened(name: str) -> Model:
    """A model by name; u2netp with the weights of the test data."""
    return u2netp() if name == "u2netp" else Registry().open(name, "cpu", 2)


def box(truth: NDArray[np.bool_]) -> engine.HintBox:
    """The subject's bounding box, a little looser."""
    rows, cols = np.flatnonzero(truth.any(axis=1)), np.flatnonzero(truth.any(axis=0))
    dx, dy = SLACK * (cols[-1] - cols[0]), SLACK * (rows[-1] - rows[0])
    high, wide = truth.shape
    return engine.HintBox(
        max(0, cols[0] - dx), max(0, rows[0] - dy), min(wide, cols[-1] + 1 + dx),
        min(high, rows[-1] + 1 + dy),
    )  # fmt: skip


def deepest(region: NDArray[np.bool_], positive: bool) -> engine.HintPoint:
    """A point where a region is widest."""
    padded = np.pad(region.astype(np.uint8), 1)
    away = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    y, x = np.unravel_index(int(np.argmax(away)), away.shape)
    return engine.HintPoint(float(x), float(y), positive)


def matte(model: Model, rgb: Picture, hints: engine.Hints) -> Picture:
    """What the server would answer, (h, w) uint8."""
    return matte_picture(model, rgb, MattingOptions(hints=hints)).alpha


def second_point(alpha: Picture, truth: NDArray[np.bool_]) -> engine.HintPoint:
    """A point in the greatest error: positive where the subject is missing."""
    missing, extra = truth & (alpha < 128), ~truth & (alpha >= 128)
    spots = [(_depth(missing), True, missing), (_depth(extra), False, extra)]
    _, positive, region = max(spots, key=lambda spot: spot[0])
    return deepest(region if region.any() else truth, positive)


def _depth(region: NDArray[np.bool_]) -> float:
    return float(cv2.distanceTransform(np.pad(region.astype(np.uint8), 1), cv2.DIST_L2, 5).max())


def overlaps(model: Model, case: Case) -> dict[str, float]:
    """IoU of one picture without a hint, with a box, and with two points."""
    truth = case.truth >= 128
    first = deepest(truth, True)
    once = matte(model, case.rgb, engine.Hints(points=(first,)))
    told = {
        "none": engine.Hints(),
        "box": engine.Hints(boxes=(box(truth),)),
        "points": engine.Hints(points=(first, second_point(once, truth))),
    }
    return {
        way: metrics.iou(metrics.unit(matte(model, case.rgb, hints)), metrics.unit(case.truth))
        for way, hints in told.items()
    }


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Mean IoU of each way, and how many pictures it made worse."""
    return {
        way: {
            "iou": float(np.mean([row[way] for row in rows])),
            "worse": sum(row[way] < row["none"] - WORSE for row in rows),
        }
        for way in WAYS
    }


def table(found: dict[str, dict[str, dict[str, float]]], pictures: int) -> str:
    """The summary as Markdown."""
    lines = [
        f"Mean IoU over {pictures} photographs (pictures made worse).",
        "",
        "| model | no hint | one box | two points |",
        "|---|---|---|---|",
    ]
    for name, ways in found.items():
        told = [f"{ways[w]['iou']:.3f} ({ways[w]['worse']:g})" for w in WAYS[1:]]
        lines.append(f"| {name} | {ways['none']['iou']:.3f} | {told[0]} | {told[1]} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=["classic", "embedded", "u2netp"])
    chosen = parser.parse_args().models
    pictures = list(cases("masks", 0))
    rows = {
        name: [{"name": c.name} | overlaps(model, c) for c in pictures]
        for name, model in ((name, opened(name)) for name in chosen)
    }
    found = {name: summary(part) for name, part in rows.items()}
    print(table(found, len(pictures)))
    (RESULTS / "hints.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "hints.md").write_text(table(found, len(pictures)))


if __name__ == "__main__":
    main()

"""Does the assessment know which mattes are bad? Its scores beside the true error.

    python benchmarks/assessment.py

Every photograph with a mask or a measured matte goes through classic, embedded and u2netp with
`standard`. Prints, for each model and for all together, the rank correlation (Spearman) of
the overall score with the true quality (soft IoU: sum of minima over sum of maxima), and
precision and recall of `needs_review` for mattes whose soft IoU is below 0.8. Writes
`benchmarks/results/assessment.json` and `assessment.md`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from common import RESULTS
from hints import opened
from numpy.typing import NDArray
from quality import Case, Picture, cases

from frisket.matting import matte_picture
from frisket.models import Model

MODELS = ("classic", "embedded", "u2netp")
BAD = 0.8


def soft_iou(alpha: Picture, truth: Picture) -> float:
    """Sum of minima over sum of maxima, 0..1."""
    most = np.maximum(alpha, truth).sum(dtype=np.float64)
    return float(np.minimum(alpha, truth).sum(dtype=np.float64) / most) if most else 1.0


def judged(model: Model, case: Case) -> dict[str, Any]:
    """What the engine says of one matte, and how good it is."""
    matted = matte_picture(model, case.rgb)
    said = matted.solution.assess()
    scores = {"edge": said.edge, "semantic": said.semantic, "overall": said.overall}
    found = {"review": said.needs_review, "iou": soft_iou(matted.alpha, case.truth)}
    return {"set": case.group, "name": case.name, **scores, **found}


def ranks(values: Sequence[float]) -> NDArray[np.float64]:
    """Ranks from 0; equal values share their mean rank."""
    array = np.asarray(values, np.float64)
    _, where, count = np.unique(array, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    mean: NDArray[np.float64] = (ends - (count + 1) / 2)[where]
    return mean


def figures(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Rank correlation of each score, precision and recall of the flag."""
    truth = ranks([row["iou"] for row in rows])
    out: dict[str, float] = {"pictures": len(rows)}
    for score in ("overall", "semantic", "edge"):
        out[score] = float(np.corrcoef(ranks([row[score] for row in rows]), truth)[0, 1])
    bad = np.array([row["iou"] < BAD for row in rows])
    flag = np.array([row["review"] for row in rows])
    hit = int((bad & flag).sum())
    out |= {"bad": int(bad.sum()), "flagged": int(flag.sum())}
    return out | {"precision": hit / max(1, int(flag.sum())), "recall": hit / max(1, bad.sum())}


def table(found: dict[str, dict[str, float]]) -> str:
    """Figures as Markdown."""
    lines = [
        f"Rank correlation with the soft IoU; the flag against mattes below {BAD}.",
        "",
        "| model | pictures | overall | semantic | edge | bad | flagged | precision | recall |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, f in found.items():
        lines.append(
            f"| {name} | {f['pictures']:g} | {f['overall']:.2f} | {f['semantic']:.2f} "
            f"| {f['edge']:.2f} | {f['bad']:g} | {f['flagged']:g} | {f['precision']:.2f} "
            f"| {f['recall']:.2f} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print and write."""
    pictures = [case for name in ("masks", "mattes") for case in cases(name, 0)]
    rows = {name: [judged(model, c) for c in pictures] for name, model in _models()}
    found = {name: figures(part) for name, part in rows.items()}
    found["all"] = figures([row for part in rows.values() for row in part])
    print(table(found))
    (RESULTS / "assessment.json").write_text(json.dumps(rows, indent=1) + "\n")
    (RESULTS / "assessment.md").write_text(table(found))


def _models() -> list[tuple[str, Model]]:
    return [(name, opened(name)) for name in MODELS]


if __name__ == "__main__":
    main()

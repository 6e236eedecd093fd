"""Does the assessment know which mattes are bad? Its scores and its flag beside the true error.

    python benchmarks/assessment.py

Every photograph with a mask or a measured matte goes through classic, embedded and u2netp with
`standard`; where the training data is there too, so do the photographs of it that were left out
of training. Prints, for each model, the rank correlation (Spearman) of the overall score with the
true quality (soft IoU: sum of minima over sum of maxima), and precision and recall of the flag
for mattes whose soft IoU is below 0.8: fitted on every other picture and reported on the rest,
and the reverse, with and without the photographs left out of training. Then the weights fitted
on all of them, as the manifests hold them. Writes `benchmarks/results/assessment.json` and
`assessment.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import cv2
import numpy as np
from common import RESULTS, ROOT, shared_data
from doubt import BAD, Row, fit_doubt, report_halves
from hints import opened
from numpy.typing import NDArray
from quality import Case, Picture, cases

from frisket.matting import matte_picture
from frisket.matting.engine.assess import find_evidence
from frisket.models import Doubt, Model

#: Each model, whom it asks when in doubt, and from which probability on.
MODELS = {"classic": ("embedded", 0.0), "embedded": ("", 0.0), "u2netp": ("embedded", 0.05)}
LEFT_OUT = "left out"


def soft_iou(alpha: Picture, truth: Picture) -> float:
    """Sum of minima over sum of maxima, 0..1."""
    most = np.maximum(alpha, truth).sum(dtype=np.float64)
    return float(np.minimum(alpha, truth).sum(dtype=np.float64) / most) if most else 1.0


def left_out() -> Iterator[Case]:
    """The photographs of the training data that no weights were trained on."""
    root = shared_data()
    if root is None or not (root / "train").is_dir():
        return
    recipe = ROOT / "models" / "training"
    sys.path.append(str(recipe))
    import data  # type: ignore[import-not-found,unused-ignore]

    skip = data.read_skip(recipe / "skip.txt")
    for group, photo in data.list_pairs(root / "train"):
        if data.is_held_out(group, photo.stem) and f"{group}/{photo.stem}" not in skip:
            pair = data.load_pair(group, photo, None)
            yield Case(LEFT_OUT, f"{group}_{photo.stem}", pair.image, pair.mask)


def judge_case(case: Case, models: dict[str, Model]) -> dict[str, dict[str, Any]]:
    """What is seen of every model's answer to one picture, and how good its matte is."""
    matted = {name: matte_picture(model, case.rgb) for name, model in models.items()}
    answers = {name: one.solution.coarse for name, one in matted.items()}
    found = {}
    for name, (second, _) in MODELS.items():
        if answers[name].empty:  # flagged without any weighing
            continue
        other = answers[second].alpha if second else None
        said = matted[name].solution.assess()
        found[name] = {
            "seen": find_evidence(answers[name].alpha, other),
            "scores": {"overall": said.overall, "semantic": said.semantic, "edge": said.edge},
            "overlap": soft_iou(matted[name].alpha, case.truth),
        }
    return found


def rank(values: Sequence[float]) -> NDArray[np.float64]:
    """Ranks from 0; equal values share their mean rank."""
    array = np.asarray(values, np.float64)
    _, where, count = np.unique(array, return_inverse=True, return_counts=True)
    ends = np.cumsum(count)
    mean: NDArray[np.float64] = (ends - (count + 1) / 2)[where]
    return mean


def correlate(scores: Sequence[float], rows: Sequence[Row]) -> float:
    """Rank correlation of a score with the true overlap."""
    return float(np.corrcoef(rank(scores), rank([row.overlap for row in rows]))[0, 1])


def measure(shown: list[Row], more: list[Row], second: str, ask_from: float) -> dict[str, float]:
    """Precision and recall of the flag on the shown pictures, half by half."""
    chances, flags = report_halves(shown, more, second, ask_from)
    bad = np.array([row.bad for row in shown])
    hit = float((flags & bad).sum())
    counts = {"pictures": len(shown), "bad": int(bad.sum()), "flagged": int(flags.sum())}
    shares = {"precision": hit / max(1, flags.sum()), "recall": hit / max(1, bad.sum())}
    return {**counts, **shares, "brier": float(((chances - bad) ** 2).mean())}


def write_table(found: dict[str, dict[str, float]]) -> str:
    """Figures as Markdown."""
    lines = [
        f"Rank correlation of the overall score with the soft IoU; the flag against mattes below "
        f"{BAD}, each half of the pictures by what was chosen without it.",
        "",
        "| model, pictures | pictures | overall | bad | flagged | precision | recall | Brier |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {name} | {f['pictures']:g} | {f['overall']:.2f} | {f['bad']:g} | {f['flagged']:g} "
            f"| {f['precision']:.2f} | {f['recall']:.2f} | {f['brier']:.3f} |"
            for name, f in found.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def write_manifest(doubt: Doubt) -> str:
    """Return a doubt as a manifest holds it."""
    entries = [f"flag_from = {doubt.flag_from}"]
    if doubt.second:
        entries += [f'second = "{doubt.second}"', f"ask_from = {doubt.ask_from}"]
    for name in ("alone", "together"):
        if weights := getattr(doubt, name):
            given = ", ".join(f"{k} = {v}" for k, v in vars(weights).items() if v)
            entries.append(f"{name} = {{ {given} }}")
    return "\n".join(["[doubt]", *entries]) + "\n"


def report_model(name: str, kept: list[tuple[Case, dict[str, Any]]]) -> dict[str, dict[str, float]]:
    """Print a model's weights; return its figures on the shown pictures and on all."""
    second, ask_from = MODELS[name]
    rows = [Row(case.group, case.name, one["seen"], one["overlap"]) for case, one in kept]
    overall = [one["scores"]["overall"] for _, one in kept]
    shown = [row for row in rows if row.group != LEFT_OUT]
    more = [row for row in rows if row.group == LEFT_OUT]
    found = {f"{name}, shown": measure(shown, more, second, ask_from)}
    found[f"{name}, shown"]["overall"] = correlate(overall[: len(shown)], shown)
    if more:
        whole = {**measure(rows, [], second, ask_from), "overall": correlate(overall, rows)}
        found[f"{name}, all"] = whole
    print(f"# {name}\n{write_manifest(fit_doubt(rows, second, ask_from))}")
    return found


def main() -> None:
    """Measure, print and write."""
    cv2.setNumThreads(1)
    pictures = [case for name in ("masks", "mattes") for case in cases(name, 0)]
    models = {name: opened(name) for name in MODELS}
    judged = [(case, judge_case(case, models)) for case in (*pictures, *left_out())]
    found: dict[str, dict[str, float]] = {}
    for name in MODELS:
        found |= report_model(name, [(c, one[name]) for c, one in judged if name in one])
    print(write_table(found))
    (RESULTS / "assessment.md").write_text(write_table(found))
    lines = [
        json.dumps({"set": case.group, "name": case.name, "model": name, **flatten(one)})
        for case, every in judged
        for name, one in every.items()
    ]
    (RESULTS / "assessment.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


def flatten(one: dict[str, Any]) -> dict[str, float | None]:
    """Return what was found of one matte as numbers of five digits."""
    found = {"iou": one["overlap"], **one["scores"], **vars(one["seen"])}
    return {key: None if value is None else round(value, 5) for key, value in found.items()}


if __name__ == "__main__":
    main()

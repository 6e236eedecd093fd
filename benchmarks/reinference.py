"""Would a second, closer look of the same model at windows of the picture help? An ablation.

    python benchmarks/reinference.py                # measured mattes and masks
    python benchmarks/reinference.py --sets generated

The model sees the whole picture, then windows of it: the subject's own box, or a grid of
overlapping ones. A window whose answer disagrees with the first look is thrown away; the
others are blended, and count within the band only. Writes `benchmarks/results/reinference.md`
with medians of the errors after `standard` and `high`, as ratios to the single look.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from common import RESULTS
from quality import SETS, Case, Picture, cases, engine_alpha, looked, proxy_of, u2netp

from frisket.matting.engine import Quality
from frisket.matting.engine.band import find_band
from frisket.measure import metrics
from frisket.models import Coarse
from frisket.models.adapters.single import SingleModel

WAYS = ("once", "subject", "2 x 2", "3 x 3")
_MEASURES = ("sad", "gradient", "mse")
#: Mean difference of the blurred answers, 0..1, from which on a window is not believed.
_DISAGREE = 0.15
_MARGIN = 0.15
_OVERLAP = 1.34
_WORTH_WHILE = 0.75  # of the picture; a larger box would show the model nothing new

Window = tuple[slice, slice]


def windows(alpha: Picture, way: str) -> Iterator[Window]:
    """The parts of a picture that a way looks at again."""
    if way == "subject":
        yield from _subject(alpha)
    else:
        yield from _grid(alpha.shape, int(way[0]))


def _subject(alpha: Picture) -> Iterator[Window]:
    ys, xs = np.nonzero(alpha >= 64)
    if not ys.size:
        return
    box = tuple(_span(at, limit) for at, limit in zip((ys, xs), alpha.shape, strict=True))
    area = np.prod([part.stop - part.start for part in box])
    if area <= _WORTH_WHILE * alpha.size:
        yield box[0], box[1]


def _span(at: Picture, limit: int) -> slice:
    margin = int(_MARGIN * (np.ptp(at) + 1))
    return slice(max(0, int(at.min()) - margin), min(limit, int(at.max()) + margin + 1))


def _grid(shape: tuple[int, ...], count: int) -> Iterator[Window]:
    sides = [int(np.ceil(side / count * _OVERLAP)) for side in shape]
    starts = [
        [round(i * (side - part) / (count - 1)) for i in range(count)]
        for side, part in zip(shape, sides, strict=True)
    ]
    for y in starts[0]:
        for x in starts[1]:
            yield slice(y, y + sides[0]), slice(x, x + sides[1])


def closer(model: SingleModel, proxy: Picture, first: Coarse, way: str, quality: Quality) -> Coarse:
    """The first look, with the windows' answers in its band."""
    open_ = find_band(first.alpha, 2 * first.cell_px) == 128
    total = np.zeros(first.alpha.shape, np.float32)
    weight, cell = total.copy(), 0.0
    for window in windows(first.alpha, way):
        if not open_[window].any():
            continue
        again = looked(model, np.ascontiguousarray(proxy[window]), quality)
        if _apart(again.alpha, first.alpha[window], 2 * first.cell_px) > _DISAGREE:
            continue
        share = _bell(again.alpha.shape)
        total[window] += again.alpha * share
        weight[window] += share
        cell = max(cell, again.cell_px)
    mixed = np.where(open_ & (weight > 0), total / np.maximum(weight, 1e-9), first.alpha)
    return replace(first, alpha=np.rint(mixed).astype(np.uint8), cell_px=cell or first.cell_px)


def _apart(one: Picture, other: Picture, sigma: float) -> float:
    soft = [cv2.GaussianBlur(a.astype(np.float32), (0, 0), sigma) for a in (one, other)]
    return float(np.abs(soft[0] - soft[1]).mean()) / 255


def _bell(shape: tuple[int, ...]) -> Picture:
    rows, columns = (np.sin(np.pi * (np.arange(n) + 0.5) / n) ** 2 + 1e-3 for n in shape)
    return np.outer(rows, columns).astype(np.float32)


def measured(case: Case, model: SingleModel) -> dict[tuple[str, str], dict[str, Any]]:
    """Scores of every way at both qualities for one picture."""
    proxy, found = proxy_of(case.rgb), {}
    for quality in (Quality.STANDARD, Quality.HIGH):
        first = looked(model, proxy, quality)
        for way in WAYS:
            coarse = first if way == "once" else closer(model, proxy, first, way, quality)
            alpha, _ = engine_alpha(case.rgb, proxy, coarse, quality)
            scores = metrics.score(alpha, case.truth, fast=True).as_dict()
            found[quality.value, way] = scores
    print(case.group, case.name, flush=True)
    return found


def table(results: dict[str, list[dict[tuple[str, str], dict[str, Any]]]]) -> str:
    """Ratios of the medians to those of the single look, as Markdown."""
    lines = ["| set | quality | look | SAD | gradient | MSE |", "|---|---|---|---|---|---|"]
    for group, rows in results.items():
        for quality, way in rows[0]:
            ratios = [_ratio(rows, quality, way, measure) for measure in _MEASURES]
            shown = " | ".join(f"{ratio:.2f}" for ratio in ratios)
            lines.append(f"| {group} ({len(rows)}) | {quality} | {way} | {shown} |")
    return "\n".join(lines) + "\n"


def _ratio(rows: list[Any], quality: str, way: str, measure: str) -> float:
    medians = [np.median([row[quality, w][measure] for row in rows]) for w in (way, "once")]
    return float(medians[0] / max(medians[1], 1e-12))


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--megapixels", type=float, default=24.0, help="of generated pictures")
    arguments = parser.parse_args()
    model = u2netp()
    results = {
        name: [measured(case, model) for case in cases(name, arguments.megapixels)]
        for name in arguments.sets
    }
    text = table({name: rows for name, rows in results.items() if rows})
    print(text)
    (RESULTS / "reinference.md").write_text(text)


if __name__ == "__main__":
    main()

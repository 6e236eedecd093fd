"""How true the foreground's colours are at the edge, beside PyMatting's multilevel method.

    python benchmarks/colours.py

Each measured alpha mixes one photograph over another, so that the foreground is known; both
methods are given the true alpha. Prints the mean absolute colour error in 8-bit steps, weighted
by alpha, over the pixels that are neither clear nor full, and writes
`benchmarks/results/colours.json`.
"""

from __future__ import annotations

import dataclasses
import json

import cv2
import numpy as np
from common import RESULTS
from pymatting import estimate_foreground_ml
from quality import Picture, cases
from skimage import data

from frisket.matting.engine import Quality, solve
from frisket.matting.engine.foreground import clean_colours, prepare_colours

WAYS = ("none", "multilevel", "ours")
_PHOTOS = ("coffee", "astronaut", "chelsea", "rocket")


def photograph(name: str, size: tuple[int, int]) -> Picture:
    """(h, w, 3) uint8: one of scikit-image's photographs at a size (width, height)."""
    return np.asarray(cv2.resize(getattr(data, name)(), size, interpolation=cv2.INTER_AREA))


def ours(mixed: Picture, alpha: Picture) -> Picture:
    """The engine's colours, with the true alpha in place of a solved one."""
    solved = solve(mixed, alpha, (mixed.shape[1], mixed.shape[0]), Quality.DRAFT)
    matte = dataclasses.replace(solved, alpha=alpha)
    return clean_colours(prepare_colours(mixed, matte), matte, 0, 0, mixed, alpha)


def measured(alpha: Picture, turn: int) -> dict[str, float]:
    """Errors of one composite."""
    size = (alpha.shape[1], alpha.shape[0])
    count = len(_PHOTOS)
    fore = photograph(_PHOTOS[turn % count], size)
    back = photograph(_PHOTOS[(turn + 1) % count], size)
    share = alpha[..., None].astype(np.float64) / 255
    mixed = np.rint(share * fore + (1 - share) * back).astype(np.uint8)
    answers = {
        "none": mixed,
        "multilevel": 255 * estimate_foreground_ml(mixed / 255.0, share[..., 0]),
        "ours": ours(mixed, alpha),
    }
    band = (alpha > 0) & (alpha < 255)
    weight = np.repeat(share[band], 3, axis=1)
    return {
        way: float(
            np.average(np.abs(answers[way][band] - fore[band].astype(float)), weights=weight)
        )
        for way in WAYS
    }


def main() -> None:
    """Measure, print and write."""
    rows = []
    for turn, case in enumerate(cases("mattes", 0)):
        scale = 800 / max(case.truth.shape)
        alpha = cv2.resize(case.truth, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        rows.append({"name": case.name, **measured(alpha, turn)})
    means = {way: float(np.mean([row[way] for row in rows])) for way in WAYS}
    print(f"{len(rows)} composites: " + ", ".join(f"{w} {means[w]:.1f}" for w in WAYS))
    (RESULTS / "colours.json").write_text(
        json.dumps({"means": means, "rows": rows}, indent=1) + "\n"
    )


if __name__ == "__main__":
    main()

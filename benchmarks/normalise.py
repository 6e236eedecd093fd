"""Does `--normalise auto` help the model with difficult scans, and leave good ones alone?

    python benchmarks/normalise.py

Every third photograph with a mask is damaged in five ways (a strong cast, two stops too dark,
bleached, noisy, flat) and cut by embedded and u2netp, with and without `auto`. Prints the mean
IoU of the coarse alpha, since normalisation changes nothing else. Writes
`benchmarks/results/normalise.md`.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from common import RESULTS
from hints import opened
from numpy.typing import NDArray
from quality import Case, Picture, cases

from frisket.matting import engine
from frisket.measure import metrics
from frisket.models import Model

MODELS = ("embedded", "u2netp")
EVERY = 3


def _bytes(values: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), np.uint8)


def _noisy(rgb: Picture) -> Picture:
    return _bytes(rgb + np.random.default_rng(1).normal(0, 35, rgb.shape))


DAMAGE: dict[str, Callable[[Picture], Picture]] = {
    "none": lambda rgb: rgb,
    "cast": lambda rgb: _bytes(rgb * np.array([1.0, 0.75, 0.4])),
    "dark": lambda rgb: _bytes(255 * (rgb / 255) ** 2.2 * 0.35),
    "bleached": lambda rgb: _bytes(255 * (rgb / 255) ** 0.35),
    "noise": _noisy,
    "flat": lambda rgb: _bytes(110 + rgb * 0.12),
}


def overlap(model: Model, case: Case, rgb: Picture, choice: str) -> float:
    """IoU of what the model finds in a picture, normalised or not."""
    seen, _ = engine.normalise_picture(rgb, choice)
    alpha = model.matte([seen])[0].alpha
    return metrics.iou(metrics.unit(alpha), metrics.unit(case.truth))


def means(model: Model, pictures: list[Case], damage: str) -> tuple[float, float]:
    """Mean IoU of one kind of damage, without and with `auto`."""
    found = []
    for case in pictures:
        rgb = DAMAGE[damage](case.rgb)
        found.append([overlap(model, case, rgb, choice) for choice in ("off", "auto")])
    off, auto = np.mean(found, axis=0)
    return float(off), float(auto)


def main() -> None:
    """Measure, print and write."""
    cv2.setNumThreads(2)
    pictures = list(cases("masks", 0))[::EVERY]
    lines = [
        f"Mean IoU of the coarse alpha over {len(pictures)} photographs: off → auto.",
        "",
        "| damage | " + " | ".join(MODELS) + " |",
        "|---|" + "---|" * len(MODELS),
    ]
    models = [opened(name) for name in MODELS]
    for damage in DAMAGE:
        pairs = [means(model, pictures, damage) for model in models]
        lines.append(f"| {damage} | " + " | ".join(f"{a:.3f} → {b:.3f}" for a, b in pairs) + " |")
        print(lines[-1], flush=True)
    (RESULTS / "normalise.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()

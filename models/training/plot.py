"""Draw a run's log: the training loss and the validation scores by step.

`python plot.py --run RUN --out training.png`
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt


def read(log: Path) -> list[dict[str, Any]]:
    """Return every record of a log."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def draw(records: list[dict[str, Any]], out: Path) -> None:
    """Draw loss on the left, intersection over union of the validation split on the right."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4))
    losses = [(r["step"], r["loss"]) for r in records if "loss" in r]
    left.plot(*zip(*losses, strict=True))
    left.set(xlabel="step", title="training loss")
    scored = [r for r in records if "scores" in r]
    for group in scored[-1]["scores"]:
        points = [(r["step"], r["scores"][group]["iou"]) for r in scored]
        right.plot(*zip(*points, strict=True), marker=".", label=group)
    right.set(xlabel="step", title="mean IoU, validation split of the training data")
    right.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(out, dpi=90)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    draw(read(args.run / "log.jsonl"), args.out)


if __name__ == "__main__":
    main()

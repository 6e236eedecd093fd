"""What `high` makes of a network's band and guess, on measured mattes and hand-made masks.

`FRISKET_U2NETP=u2netp.onnx python -m band.evaluate --network band.onnx --sets mattes masks`

Where the network is sure of background or subject the band gets narrower; `--sure` is from which
probability on. What is left of it is solved with the model's answer as the wish, and with the
network's guess. Recall is the share of the truly open pixels that the band holds, width its area
over theirs. Ratios are to rembg's way with the same weights, as in `benchmarks/quality.py`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from data import Image

from band.features import SIDE, STRIDE, Plane, make_features
from band.network import BACKGROUND, CLASSES, SUBJECT
from frisket.matting.engine import Quality
from frisket.models import Coarse
from frisket.models.backends.onnx import import_runtime

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
import bands
import quality

Row = dict[str, Any]


def ask(session: Any, rgb: Image, coarse: Image) -> Plane:
    """Return the network's answer at the picture's size: (h, w, 4), 0..1."""
    high, wide = coarse.shape
    scale = min(1.0, SIDE / max(high, wide))
    size = (max(1, round(wide * scale)), max(1, round(high * scale)))
    small = (cv2.resize(plane, size, interpolation=cv2.INTER_AREA) for plane in (rgb, coarse))
    features = make_features(*small)
    extra = [(0, -side % STRIDE) for side in features.shape[:2]]
    shown = np.pad(features, (*extra, (0, 0)), mode="edge").transpose(2, 0, 1)[None]
    shares = session.run(None, {"features": shown})[0][0].transpose(1, 2, 0)
    inside = shares[: -(-size[1] // 2), : -(-size[0] // 2)]
    return np.asarray(cv2.resize(np.ascontiguousarray(inside), (wide, high)), np.float32)


def narrow(trimap: Image, shares: Plane, sure: float) -> Image:
    """Return a trimap with what the network is sure of taken from the band."""
    known = np.where(shares[..., SUBJECT] > sure, 255, 128)
    known = np.where(shares[..., BACKGROUND] > sure, 0, known)
    return np.where(trimap == 128, known, trimap).astype(np.uint8)


def measure(case: Any, model: Any, graph: Any, session: Any, sure: float) -> Row:
    """Return the errors of each way as ratios to rembg's way, its band's recall and width."""
    coarse = quality.looked(model, case.rgb, Quality.HIGH)
    near = quality.edge_of(case.truth)
    theirs = quality.scored(quality.rembg_way(graph, case.rgb), case.truth, near)
    row: Row = {"name": case.name}
    shares = ask(session, case.rgb, coarse.alpha)
    for name, trimap, wish in list_ways(coarse, shares, sure):
        alpha = bands.solved(case.rgb, trimap, wish, coarse.cell_px)
        errors = quality.scored(alpha, case.truth, near)
        row[name] = bands.share(errors, theirs) | judge_band(trimap, case.truth)
    return row


def list_ways(coarse: Coarse, shares: Plane, sure: float) -> Iterator[tuple[str, Image, Image]]:
    """Yield each way's name, its trimap and what is wished for where that is open."""
    own = bands.find_own(coarse)
    narrower = narrow(own, shares, sure)
    yield "own", own, coarse.alpha
    yield "narrower", narrower, coarse.alpha
    yield "guess", narrower, np.rint(shares[..., CLASSES] * 255).astype(np.uint8)


def judge_band(trimap: Image, truth: Image) -> dict[str, float]:
    """Return recall and width of a band; recall is 1 where nothing is truly open."""
    return bands.judge(trimap, (truth > 2) & (truth < 253))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", default=["mattes", "masks"])
    parser.add_argument("--sure", type=float, default=0.9)
    args = parser.parse_args()
    session = import_runtime().InferenceSession(str(args.network))
    model, graph = quality.u2netp(), quality.u2netp_graph()
    for name in args.sets:
        rows = [measure(c, model, graph, session, args.sure) for c in quality.cases(name, 0)]
        for half, part in (("all", rows), ("first half", rows[::2]), ("second half", rows[1::2])):
            if part:
                report(f"{name}, {half}", part)


def report(title: str, rows: list[Row]) -> None:
    """Print the medians of every way, and how many pictures are worse than rembg's way."""
    for band in (name for name in rows[0] if name != "name"):
        middle = {k: float(np.median([row[band][k] for row in rows])) for k in rows[0][band]}
        ratios = np.array([row[band]["sad"] for row in rows])
        figures = "  ".join(f"{key} {value:.3f}" for key, value in middle.items())
        print(f"{title:22} {band:8} {figures}  worse {(ratios > 1.02).mean():.0%}", end="")
        print(f"  worst {ratios.max():.2f}")


if __name__ == "__main__":
    main()

"""What would `high` make of a better band? Its own, the true one, and true ones made worse.

    python benchmarks/bands.py                       # measured mattes; some minutes

Each way replaces what is known before the solve, and nothing else. Recall is the share of the
truly open pixels that the band holds; width is the band's area over theirs. Writes
`benchmarks/results/bands.md` with medians of the pictures' own ratios to rembg's way.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from common import RESULTS
from quality import Case, Picture, cases, edge_of, looked, rembg_way, scored, u2netp, u2netp_graph

from frisket.matting.engine import Quality, Settled, open_band, refine, solve_settled
from frisket.matting.engine.band import dilate_disc
from frisket.models import Coarse

Row = dict[str, dict[str, float]]
#: Cells around what is truly open that a band holds beside it.
_MARGINS = (1, 4, 10)
_RECALLS = (0.98, 0.9)
MEASURES = ("sad", "gradient", "mse")


def find_open(truth: Picture, margin: int) -> Picture:
    """Where a true alpha is open or has an outline, and so far around: 0 or 1."""
    open_ = ((truth > 2) & (truth < 253)).astype(np.uint8)
    solid = (truth >= 128).astype(np.uint8)
    outline = cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return dilate_disc(np.maximum(open_, outline), margin)


def label(open_: Picture, alpha: Picture) -> Picture:
    """A trimap: 128 where open, else what an alpha says."""
    return np.where(open_ > 0, 128, np.where(alpha >= 128, 255, 0)).astype(np.uint8)


def ways(truth: Picture, coarse: Coarse) -> Iterator[tuple[str, Picture, Picture]]:
    """Name, trimap and the coarse alpha that is wished for in the band."""
    answer = coarse.alpha
    nothing = np.full_like(answer, 128)
    own = find_own(coarse)
    band = (own == 128).astype(np.uint8)
    yield "as it is", own, answer
    yield "as it is, known parts right", label(band, truth), answer
    for margin in _MARGINS:
        wide = label(find_open(truth, margin), truth)
        yield f"true, {margin} px wider", wide, answer
        yield f"true, {margin} px wider, without the answer", wide, nothing
    close = find_open(truth, 4)
    yield "what both hold", label(np.minimum(band, close), truth), answer
    yield "what either holds", label(np.maximum(band, close), truth), answer
    for recall in _RECALLS:
        held = close * _keep_patches(truth, recall)
        yield f"true, recall {recall:g}, the rest as in truth", label(held, truth), nothing
        said = np.where(close > 0, answer, truth)
        yield f"true, recall {recall:g}, the rest as answered", label(held, said), nothing


def _keep_patches(truth: Picture, recall: float) -> Picture:
    """Patches, 1, that hold a share of what is truly open."""
    noise = np.random.default_rng(0).random((60, 60)).astype(np.float32)
    field = cv2.resize(noise, truth.shape[::-1], interpolation=cv2.INTER_CUBIC)
    open_ = find_open(truth, 1) > 0
    return np.asarray(field >= np.quantile(field[open_], 1 - recall), np.uint8)


def solved(rgb: Picture, trimap: Picture, answer: Picture, cell_px: float) -> Picture:
    """What `high` makes of a trimap."""
    size = (rgb.shape[1], rgb.shape[0])
    matte = solve_settled(
        rgb, Settled(answer, trimap, whole=True), size, Quality.HIGH, None, cell_px
    )
    return refine(matte, 0, 0, rgb)


def find_own(coarse: Coarse) -> Picture:
    """The band that `high` opens by itself, at the picture's size."""
    return open_band(coarse.alpha, max(1.0, coarse.cell_px), Quality.HIGH)


def share(errors: dict[str, float], theirs: dict[str, float]) -> dict[str, float]:
    """Errors as shares of another way's."""
    return {name: errors[name] / max(theirs[name], 1e-12) for name in MEASURES}


def judge(trimap: Picture, open_: Picture) -> dict[str, float]:
    """Recall and width of a band, given what is truly open; recall is 1 where nothing is."""
    held = trimap == 128
    recall = float(held[open_].mean()) if open_.any() else 1.0
    return {"recall": recall, "width": float(held.sum()) / max(1, int(open_.sum()))}


def measured(case: Case, coarse: Coarse, theirs: Picture) -> Row:
    """Each way's errors as shares of rembg's, its recall and its width."""
    near = edge_of(case.truth)
    base, open_ = scored(theirs, case.truth, near), find_open(case.truth, 1)
    row: Row = {}
    for name, trimap, answer in ways(case.truth, coarse):
        errors = scored(solved(case.rgb, trimap, answer, coarse.cell_px), case.truth, near)
        row[name] = share(errors, base) | judge(trimap, open_ > 0)
    print(case.name, flush=True)
    return row


def main() -> None:
    """Measure the measured mattes and write the table."""
    model, graph = u2netp(), u2netp_graph()
    rows = [
        measured(case, looked(model, case.rgb, Quality.HIGH), rembg_way(graph, case.rgb))
        for case in cases("mattes", 0)
    ]
    text = "\n".join(tabulate(rows)) + "\n"
    (RESULTS / "bands.md").write_text(text)
    print(text)


def tabulate(rows: list[Row]) -> Iterator[str]:
    """The table's lines: medians over the pictures."""
    columns = (*MEASURES, "recall", "width")
    yield f"`python benchmarks/bands.py`: medians over {len(rows)} measured mattes of what `high`"
    yield "makes of a band. Errors are ratios to rembg's way, same weights (u2netp)."
    yield ""
    yield "| band | SAD | gradient | MSE | recall | width |"
    yield "|---|---|---|---|---|---|"
    for way in rows[0]:
        found = (float(np.median([row[way][column] for row in rows])) for column in columns)
        yield f"| {way} | " + " | ".join(f"{value:.2f}" for value in found) + " |"


if __name__ == "__main__":
    main()

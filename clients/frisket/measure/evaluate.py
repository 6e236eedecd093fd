"""Measures mattes over a folder of pictures with their truth, and shows the worst of them."""

from __future__ import annotations

import base64
import html
import io
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .metrics import Scores, score, unit

Alpha = NDArray[Any]
MakeAlpha = Callable[[Path], Alpha]
"""From a picture's file to its alpha: (h, w) uint8, uint16 or float 0..1."""

_PICTURES = {".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"}
_TRUTHS = ("alpha", "mask", "truth", "gt", "matte")
_SIDES = ("images", "image", "img", "im", "input")
_THUMB = 360


class EvaluationError(Exception):
    """The folder cannot be evaluated; the text is one clear sentence."""


@dataclass(frozen=True)
class Pair:
    """A picture and its truth; ``trimap`` limits where errors count, where there is one."""

    name: str
    image: Path
    truth: Path
    trimap: Path | None = None


@dataclass(frozen=True)
class Row:
    """One picture's scores, or the sentence that says why there are none."""

    pair: Pair
    scores: Scores | None = None
    unknown: Scores | None = None
    error: str = ""
    alpha: Alpha | None = field(default=None, repr=False)


def find_pairs(folder: Path) -> list[Pair]:
    """Return the pictures of a folder that have a truth.

    Understood are NAME_image.* beside NAME_alpha.*, NAME_mask.*, NAME_truth.* or NAME_gt.*
    (with NAME_trimap*.png where there is one), sub-folders ``images`` and ``alpha`` (or
    ``mask``, ``truth``, ``gt``) with equal names, and NAME.jpg beside NAME.png.

    Raises:
        EvaluationError: there is no such folder, or no pair in it.
    """
    if not folder.is_dir():
        raise EvaluationError(f"There is no folder {folder}.")
    files = sorted(p for p in folder.iterdir() if p.suffix.lower() in _PICTURES)
    found = [*_find_suffixed(files), *_find_in_folders(folder)] or list(_find_twins(files))
    if not found:
        raise EvaluationError(
            f"{folder} holds no picture with a truth: NAME_image.* beside NAME_alpha.* or "
            "NAME_mask.*, folders images and alpha, or NAME.jpg beside NAME.png are understood."
        )
    return found


def _find_suffixed(files: list[Path]) -> Iterator[Pair]:
    by_stem = {p.stem: p for p in files}
    for path in files:
        name, mark, _ = path.stem.rpartition("_image")
        if not mark:
            continue
        truth = next((by_stem[s] for t in _TRUTHS if (s := f"{name}_{t}") in by_stem), None)
        trimap = next((p for s, p in by_stem.items() if s.startswith(f"{name}_trimap")), None)
        if truth:
            yield Pair(name, path, truth, trimap)


def _find_in_folders(folder: Path) -> Iterator[Pair]:
    sides = {p.name.lower(): p for p in folder.iterdir() if p.is_dir()}
    images = next((sides[n] for n in _SIDES if n in sides), None)
    names = (f"{t}{s}" for t in _TRUTHS for s in ("", "s"))
    truths = next((sides[n] for n in names if n in sides), None)
    if images is None or truths is None:
        return
    known = {p.stem: p for p in truths.iterdir() if p.suffix.lower() in _PICTURES}
    for path in sorted(images.iterdir()):
        if path.suffix.lower() in _PICTURES and path.stem in known:
            yield Pair(path.stem, path, known[path.stem])


def _find_twins(files: list[Path]) -> Iterator[Pair]:
    truths = {p.stem: p for p in files if p.suffix.lower() == ".png"}
    for path in files:
        if path.suffix.lower() in (".jpg", ".jpeg", ".webp") and path.stem in truths:
            yield Pair(path.stem, path, truths[path.stem])


def _read_truth(path: Path) -> Alpha:
    with Image.open(path) as image:
        if image.mode.startswith("I"):
            return np.asarray(image).astype(np.uint16)
        return np.asarray(image.convert("L"))


def evaluate(
    folder: Path, make: MakeAlpha, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[Row]:
    """Measure every picture of a folder; one that fails does not stop the others.

    Args:
        folder: see ``pairs``.
        make: makes the alpha of one picture.
        progress: called with pictures done and pictures in all.

    Raises:
        EvaluationError: there is nothing to evaluate.
    """
    found = find_pairs(folder)
    rows = []
    for done, pair in enumerate(found, 1):
        rows.append(_row(pair, make))
        progress(done, len(found))
    return rows


def _row(pair: Pair, make: MakeAlpha) -> Row:
    try:
        truth, alpha = _read_truth(pair.truth), make(pair.image)
        scores = score(alpha, truth)
        unknown = None
        if pair.trimap is not None:
            level = _read_truth(pair.trimap)
            unknown = score(alpha, truth, (level > 5) & (level < 250))
    except Exception as error:
        # One bad picture, of whatever kind, is a line of the report and not its end.
        return Row(pair, error=str(error).splitlines()[0] if str(error) else repr(error))
    return Row(pair, scores, unknown, alpha=_small(alpha))


def _small(alpha: Alpha) -> Alpha:
    """8 bits, at most as large as the report shows: a folder may hold thousands."""
    grey = Image.fromarray(np.rint(unit(alpha) * 255).astype(np.uint8))
    grey.thumbnail((_THUMB, _THUMB))
    return np.asarray(grey)


def summary(rows: list[Row]) -> dict[str, Any]:
    """Mean and median of every measure, over the pictures that could be measured."""
    good = [row.scores.as_dict() for row in rows if row.scores]
    names = list(good[0]) if good else []
    return {
        "pictures": len(rows),
        "failed": sum(1 for row in rows if row.error),
        "mean": {n: statistics.fmean(s[n] for s in good) for n in names},
        "median": {n: statistics.median(s[n] for s in good) for n in names},
    }


def format_table(rows: list[Row]) -> str:
    """Return a line per picture, then mean and median, as plain text."""
    heads = ("SAD", "MSE", "grad", "conn", "IoU", "bndF", "MAE", "maxF")
    lines = ["picture".ljust(28) + "".join(h.rjust(10) for h in heads)]
    lines += [
        _line(row.pair.name, row.scores.as_dict() if row.scores else {}, row.error) for row in rows
    ]
    found = summary(rows)
    lines += [_line(name, found[name], "") for name in ("mean", "median")]
    return "\n".join(lines)


def _line(name: str, values: dict[str, float], error: str) -> str:
    if not values:
        return f"{name[:27].ljust(28)}  {error}"
    return name[:27].ljust(28) + "".join(f"{v:10.4f}" for v in values.values())


def _data(image: Image.Image) -> str:
    sink = io.BytesIO()
    image.save(sink, "JPEG", quality=85)
    return "data:image/jpeg;base64," + base64.b64encode(sink.getvalue()).decode()


def _strip(row: Row) -> str:
    """Picture, truth, ours, difference, side by side."""
    assert row.alpha is not None
    size = (row.alpha.shape[1], row.alpha.shape[0])
    with Image.open(row.pair.image) as image:
        picture = image.convert("RGB").resize(size)
    truth = Image.fromarray(np.rint(unit(_read_truth(row.pair.truth)) * 255).astype(np.uint8))
    known = np.asarray(truth.resize(size))
    away = np.abs(row.alpha.astype(np.int16) - known).astype(np.uint8)
    shown = [picture, *(Image.fromarray(a) for a in (known, row.alpha, away))]
    return "".join(f'<img src="{_data(i.convert("RGB"))}">' for i in shown)


def format_page(rows: list[Row], title: str, worst: int = 12) -> str:
    """Return an HTML page of the worst pictures: picture, truth, ours, difference."""
    ranked = sorted((r for r in rows if r.scores), key=lambda r: -_mae(r))[:worst]
    parts = [
        f"<h2>{html.escape(r.pair.name)}</h2><p>{_caption(r)}</p><div>{_strip(r)}</div>"
        for r in ranked
    ]
    failed = "".join(
        f"<li>{html.escape(r.pair.name)}: {html.escape(r.error)}</li>" for r in rows if r.error
    )
    return (
        f"<!doctype html><meta charset=utf-8><title>{html.escape(title)}</title><style>"
        "body{font:14px system-ui;margin:2em;background:#ddd}img{max-width:24%;margin:.2%}"
        f"</style><h1>{html.escape(title)}</h1><pre>{html.escape(format_table(rows))}</pre>"
        f"<ul>{failed}</ul>{''.join(parts)}"
    )


def _mae(row: Row) -> float:
    return row.scores.mae if row.scores else 0.0


def _caption(row: Row) -> str:
    assert row.scores is not None
    return ", ".join(f"{name} {value:.4f}" for name, value in row.scores.as_dict().items())

"""Draws the pictures of docs/paths.md from made pictures."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from frisket.documents import ArrayAlpha
from frisket.documents.core.outline import OutlineOptions
from frisket.paths.trace import trace
from frisket.paths.values import BezierPath

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from outlines import draw_product  # type: ignore[import-not-found]  # noqa: E402

IMAGES = ROOT / "docs" / "images"
_SIZE, _ENLARGED = 240, 2
_PATH, _ARM, _KNOT = (220, 30, 90), (40, 120, 220), (20, 20, 20)
_BACK, _FRONT = np.array([236, 232, 224]), np.array([196, 148, 96])


def main() -> None:
    """Write every picture."""
    matte = draw_product("mug", _SIZE)
    draw_paths(matte).save(IMAGES / "paths.png", optimize=True)


def draw_paths(matte: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image.Image:
    """Return a cup with its path, and beside it the path with an inset."""
    options = OutlineOptions(), OutlineOptions(inset=6)
    panels = [_draw_panel(matte, trace(ArrayAlpha(matte), one).path) for one in options]
    return Image.fromarray(np.hstack([np.asarray(one) for one in panels]))


def _draw_panel(
    matte: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], path: BezierPath
) -> Image.Image:
    share = matte[..., None] / 255
    colours = (_BACK * (1 - share) + _FRONT * share).astype(np.uint8)
    size = (_SIZE * _ENLARGED, _SIZE * _ENLARGED)
    panel = Image.fromarray(colours).resize(size, Image.Resampling.BICUBIC)
    pen = ImageDraw.Draw(panel)
    for curve in path.subpaths:
        line = curve.flatten() * _ENLARGED
        points = [(one.real, one.imag) for one in np.append(line, line[0])]
        pen.line(points, fill=_PATH, width=2)
        for before, knot, after in curve.knots * _ENLARGED:
            for end in (before, after):
                pen.line([(knot.real, knot.imag), (end.real, end.imag)], fill=_ARM)
            pen.rectangle((knot.real - 3, knot.imag - 3, knot.real + 3, knot.imag + 3), fill=_KNOT)
    return panel


if __name__ == "__main__":
    main()

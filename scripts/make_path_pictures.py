"""Draws the pictures of docs/paths.md and docs/cutlines.md from made pictures."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image, ImageDraw

from frisket import outline
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
_PAGES: tuple[dict[str, Any], ...] = (
    {"offset": "1.5mm", "scale": 4.0},
    {"bleed": "1.5mm", "scale": 4.0},
    {"offset": "1.5mm", "sheet": "90x90mm", "marks": True, "gap": "1mm", "scale": 1.6},
)
_BACK, _FRONT = np.array([236, 232, 224]), np.array([196, 148, 96])


def main() -> None:
    """Write every picture."""
    matte = draw_product("mug", _SIZE)
    draw_paths(matte).save(IMAGES / "paths.png", optimize=True)
    draw_cut_lines(matte).save(IMAGES / "cutlines.png", optimize=True)


def draw_paths(matte: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image.Image:
    """Return a cup with its path, and beside it the path with an inset."""
    options = OutlineOptions(), OutlineOptions(inset=6)
    panels = [_draw_panel(matte, trace(ArrayAlpha(matte), one).path) for one in options]
    return Image.fromarray(np.hstack([np.asarray(one) for one in panels]))


def draw_cut_lines(matte: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image.Image:
    """Return pages of cut lines, as PDFium draws them, side by side."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _colour(matte).save(folder / "cup.png", dpi=(254, 254))
        Image.fromarray(matte).save(folder / "matte.png")
        pages = [_draw_page(folder, **one) for one in _PAGES]
    height = max(one.height for one in pages)
    board = Image.new("RGB", (sum(one.width + 24 for one in pages), height + 24), (120, 120, 120))
    across = 12
    for page in pages:
        board.paste(page, (across, 12 + (height - page.height) // 2))
        across += page.width + 24
    return board


def _draw_page(folder: Path, scale: float, **options: Any) -> Image.Image:
    page = folder / "page.pdf"
    outline(folder / "cup.png", page, folder / "matte.png", kind="cutline", **options)
    drawn: Image.Image = pypdfium2.PdfDocument(page)[0].render(scale=scale).to_pil()
    return drawn.convert("RGB")


def _colour(matte: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> Image.Image:
    share = matte[..., None] / 255
    return Image.fromarray((_BACK * (1 - share) + _FRONT * share).astype(np.uint8))


def _draw_panel(
    matte: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], path: BezierPath
) -> Image.Image:
    size = (_SIZE * _ENLARGED, _SIZE * _ENLARGED)
    panel = _colour(matte).resize(size, Image.Resampling.BICUBIC)
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

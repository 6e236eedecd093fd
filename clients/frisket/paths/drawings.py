"""Paths as SVG, EPS and PDF: one unit is one pixel of the picture."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from frisket.paths.values import BezierPath

if TYPE_CHECKING:
    from pikepdf import Object, Pdf

    from frisket.paths.sheet import Box

_ORIGIN = "frisket"
_PRODUCT = f"%%Creator: {_ORIGIN}"
MOST_POINTS = 14400.0  # of a page's side, beyond which readers of PDF may refuse


def draw_svg(path: BezierPath, width: int, height: int, name: str) -> bytes:
    """Return a path as an SVG with one filled path."""
    from xml.sax.saxutils import escape

    data = " ".join(_write_curves(path, "M", "C", "Z"))
    text = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">\n<title>{escape(name)}</title>\n'
        f'<path fill-rule="evenodd" d="{data}"/>\n</svg>\n'
    )
    return text.encode()


def draw_eps(path: BezierPath, width: int, height: int, name: str) -> bytes:
    """Return a path as an EPS with one filled path."""
    title = name.encode("ascii", "replace").decode()
    lines = [
        "%!PS-Adobe-3.0 EPSF-3.0", f"%%BoundingBox: 0 0 {width} {height}", _PRODUCT,
        f"%%Title: ({_escape(title)})", "%%LanguageLevel: 2", "%%EndComments",
        "gsave", f"1 0 0 -1 0 {height} 6 array astore concat", "newpath",
        *_write_curves(path, " moveto", " curveto", "closepath", behind=True),
        "0 setgray eofill", "grestore", "showpage", "%%EOF", "",
    ]  # fmt: skip
    return "\n".join(lines).encode("ascii")


def draw_pdf(path: BezierPath, width: int, height: int, name: str) -> bytes:
    """Return a path as a PDF with one filled path; very large pictures in larger units."""
    import pikepdf

    pdf = pikepdf.new()
    add_page(pdf, (width, height), write_operators(path, height) + b"\nf*\n")
    pdf.docinfo["/Title"] = name
    return save(pdf)


def add_page(
    pdf: Pdf,
    size: tuple[float, float],
    content: bytes,
    resources: Object | None = None,
    boxes: tuple[Box, Box] | None = None,
) -> None:
    """Append a page, enlarging its unit where it would be too large.

    Args:
        pdf: the document.
        size: width and height in points.
        content: drawing operators.
        resources: what they name.
        boxes: what is left after trimming, and what is printed.
    """
    import pikepdf

    unit = max(1.0, max(size) / MOST_POINTS)
    scaled = (
        content if unit == 1 else b"q %.8f 0 0 %.8f 0 0 cm\n%sQ\n" % (1 / unit, 1 / unit, content)
    )
    page = pikepdf.Dictionary(
        Type=pikepdf.Name.Page,
        MediaBox=[0, 0, round(size[0] / unit, 4), round(size[1] / unit, 4)],
        Resources=pikepdf.Dictionary() if resources is None else resources,
        Contents=pdf.make_stream(scaled),
    )
    for name, box in zip(("/TrimBox", "/BleedBox"), boxes or (), strict=False):
        sides = (box.left, box.bottom, box.right, box.top)
        page[name] = [round(side / unit, 4) for side in sides]
    if unit > 1:
        page.UserUnit = unit
    pdf.pages.append(pikepdf.Page(page))


def save(pdf: Pdf) -> bytes:
    """Return a PDF's bytes, the same whenever they are asked for."""
    buffer = io.BytesIO()
    pdf.save(buffer, deterministic_id=True, compress_streams=True)
    return buffer.getvalue()


def write_operators(path: BezierPath, height: float) -> bytes:
    """Return a path in PDF's operators, turned over: there y goes up."""
    turned = BezierPath(
        tuple(type(one)(np.conj(one.knots) + 1j * height, one.linked) for one in path.subpaths)
    )
    return "\n".join(_write_curves(turned, " m", " c", "h", behind=True)).encode("ascii")


def _write_curves(
    path: BezierPath, move: str, curve: str, close: str, behind: bool = False
) -> Iterator[str]:
    """Yield a path's steps; the word for each stands before or behind its numbers."""
    for one in path.subpaths:
        yield _join(one.knots[0, 1:2], move, behind)
        for cubic in one.cubics:
            yield _join(cubic[1:], curve, behind)
        yield close


def _join(
    points: np.ndarray[tuple[int, ...], np.dtype[np.complex128]], word: str, behind: bool
) -> str:
    numbers = " ".join(f"{_tell(one.real)} {_tell(one.imag)}" for one in points)
    return numbers + word if behind else word + numbers


def _tell(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")

"""The page of a cut line: pictures, masks for special inks, lines and marks, for every copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from frisket.documents.colour.profile import CHANNELS
from frisket.documents.core.cutline import CutlineOptions
from frisket.paths.artwork import Artwork
from frisket.paths.drawings import add_page, write_operators
from frisket.paths.sheet import Box, Place, place_copies, place_marks
from frisket.paths.steps import (
    MARKS,
    SAFE,
    VARNISH,
    WHITE,
    Step,
    add_steps,
    make_cutting,
    make_spot,
    make_states,
    mark,
)
from frisket.paths.values import BezierPath

if TYPE_CHECKING:
    from pikepdf import Object, Pdf

_HAIR_PT = 0.25
_ROOM_PT = 6.0  # around one copy
_MARK_PT = 8.0
_DASHES = 4.0


@dataclass(frozen=True)
class Cut:
    """The lines of one copy.

    Attributes:
        ppi: pixels to an inch.
        size: width and height of the picture, in pixels.
        path: the cut line, in pixels of the picture, as all of them.
        bleed: where the picture ends; None where the cut-out subject alone is printed.
        safe: within which what matters lies, or None.
    """

    ppi: float
    size: tuple[int, int]
    path: BezierPath
    bleed: BezierPath | None
    safe: BezierPath | None

    def find_box(self, path: BezierPath) -> Box:
        """Return what a path covers, in pixels, y upwards from the picture's lower edge."""
        points = np.concatenate([one.flatten() for one in path.subpaths])
        height = self.size[1]
        return Box(
            float(points.real.min()), height - float(points.imag.max()),
            float(points.real.max()), height - float(points.imag.min()),
        )  # fmt: skip

    def draw(self, path: BezierPath) -> bytes:
        """Return a path's operators, y upwards."""
        return write_operators(path, self.size[1])


def build_page(pdf: Pdf, cut: Cut, artwork: Artwork, how: CutlineOptions) -> None:
    """Make the one page of a document that holds the picture.

    Args:
        pdf: as `frisket.paths.artwork.write_ground` wrote it.
        cut: the lines.
        artwork: what is printed.
        how: sheet and masks.

    Raises:
        NoRoom: the copies do not fit on the sheet.
    """
    scale = 72 / cut.ppi
    trim = cut.find_box(cut.path).scale(scale)
    covered = trim.join(cut.find_box(cut.bleed or cut.path).scale(scale))
    if how.sheet is None:
        page = covered.grow(_ROOM_PT)
        places, size = [(-page.left, -page.bottom)], (page.width, page.height)
    else:
        size, gap, margin = how.sheet, how.gap, how.margin
        places = place_copies(
            covered, size, gap.to_points(cut.ppi), margin.to_points(cut.ppi), how.copies
        )
    steps = _list_steps(cut, how)
    content = b"".join(
        (*_draw_copies(cut, how, places), *([_draw_marks(size, how, cut.ppi)] if how.marks else []))
    )
    boxes = None if how.sheet else (trim.move(*places[0]), covered.move(*places[0]))
    add_page(pdf, size, content, _make_resources(pdf, artwork, cut, steps), boxes)


def _list_steps(cut: Cut, how: CutlineOptions) -> list[Step]:
    steps = [make_cutting(how.spot)]
    steps += [WHITE] * how.white_ink + [VARNISH] * how.varnish
    return steps + [SAFE] * (cut.safe is not None) + [MARKS] * how.marks


def _draw_copies(cut: Cut, how: CutlineOptions, places: Sequence[Place]) -> Iterator[bytes]:
    """Yield what is drawn: pictures of all copies below the masks, and those below the lines."""
    layers = [_draw_art(cut)]
    layers += [mark(step, _draw_mask(cut, step), area=True) for step in _list_steps(cut, how)
               if step in (WHITE, VARNISH)]  # fmt: skip
    if cut.safe is not None:
        layers.append(mark(SAFE, _draw_line(cut, cut.safe, SAFE, dashed=True)))
    layers.append(mark(make_cutting(how.spot), _draw_line(cut, cut.path, make_cutting(how.spot))))
    scale = 72 / cut.ppi
    for layer in layers:
        for x, y in places:
            yield b"q %.8f 0 0 %.8f %.4f %.4f cm\n%sQ\n" % (scale, scale, x, y, layer)


def _draw_art(cut: Cut) -> bytes:
    clip = b"" if cut.bleed is None else cut.draw(cut.bleed) + b"\nW* n\n"
    return b"q " + clip + _show(cut, b"Art") + b"Q\n"


def _show(cut: Cut, name: bytes) -> bytes:
    return b"%d 0 0 %d 0 0 cm /%s Do\n" % (*cut.size, name)


def _draw_mask(cut: Cut, step: Step) -> bytes:
    return _show(cut, step.key.encode() + b"Mask")


def _draw_line(cut: Cut, path: BezierPath, step: Step, dashed: bool = False) -> bytes:
    width = _HAIR_PT * cut.ppi / 72
    dash = b"[%.3f] 0 d " % (_DASHES * cut.ppi / 72) if dashed else b""
    colour = b"/%sSpot CS 1 SCN " % step.key.encode()
    return b"%s%.4f w 1 j %s\n%s\nS" % (colour, width, dash, cut.draw(path))


def _draw_marks(sheet: Place, how: CutlineOptions, ppi: float) -> bytes:
    drawn = b"".join(
        b"%.3f %.3f m %.3f %.3f l S %.3f %.3f m %.3f %.3f l S\n"
        % (x - _MARK_PT, y, x + _MARK_PT, y, x, y - _MARK_PT, x, y + _MARK_PT)
        for x, y in place_marks(sheet, how.margin.to_points(ppi))
    )
    return mark(MARKS, b"/MarksSpot CS 1 SCN %.3f w\n%s" % (_HAIR_PT, drawn))


def _make_resources(pdf: Pdf, artwork: Artwork, cut: Cut, steps: Sequence[Step]) -> Object:
    import pikepdf

    spots = {step.key: pdf.make_indirect(make_spot(step)) for step in steps}
    images = {"/Art": _finish_art(pdf, artwork, cut)}
    for step in steps:
        if step in (WHITE, VARNISH):
            images[f"/{step.key}Mask"] = _copy_mask(pdf, spots[step.key])
    del pdf.Root.Alpha
    return pikepdf.Dictionary(
        XObject=pikepdf.Dictionary(images),
        ColorSpace=pikepdf.Dictionary({f"/{key}Spot": spot for key, spot in spots.items()}),
        ExtGState=make_states(),
        Properties=add_steps(pdf, steps),
    )


def _finish_art(pdf: Pdf, artwork: Artwork, cut: Cut) -> Object:
    """Return the picture, with its profile, and transparent where the subject alone is printed."""
    import pikepdf

    art = pdf.Root.Art
    del pdf.Root.Art
    if "/Icc" in pdf.Root:
        profile = pdf.Root.Icc
        profile.Alternate = art.ColorSpace
        profile.N = CHANNELS[artwork.mode]
        art.ColorSpace = pikepdf.Array([pikepdf.Name.ICCBased, profile])
        del pdf.Root.Icc
    if cut.bleed is None:
        art.SMask = pdf.Root.Alpha
    return art


def _copy_mask(pdf: Pdf, spot: Object) -> Object:
    """Return the alpha as an image of a spot colour: opaque is full ink."""
    import pikepdf

    alpha = pdf.Root.Alpha
    mask = pikepdf.Stream(pdf, alpha.read_raw_bytes())
    for key in ("/Type", "/Subtype", "/Width", "/Height", "/BitsPerComponent", "/Filter"):
        mask[key] = alpha[key]
    mask.ColorSpace = spot
    return mask

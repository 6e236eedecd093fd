"""The kind of result `cutline`: a PDF with the picture and the line that is cut around it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.documents.base.document import BaseDocument
from frisket.documents.base.writer import ResultWriter
from frisket.documents.core.cutline import CutlineOptions
from frisket.documents.core.errors import OutputError, PlaceError, UnsupportedDocument
from frisket.documents.core.model import Layer
from frisket.documents.core.outline import OutlineOptions
from frisket.documents.core.results import LayerResult, ResultOptions
from frisket.documents.io.output import atomic_output, check_place
from frisket.paths.artwork import Artwork, describe_artwork, write_ground
from frisket.paths.cutpage import Cut, build_page
from frisket.paths.sheet import NoRoom
from frisket.paths.trace import NoOutline, Traced, trace
from frisket.paths.values import BezierPath
from frisket.paths.writer import require_packages, tell_coarse
from frisket.protocol.printable import make_printable

if TYPE_CHECKING:
    from pikepdf import Pdf

_DEFAULT_PPI = 300.0
_PPI_LIMITS = (10.0, 10_000.0)
_CHANNELS = 4
_EDGE = 0.5
_SIDES = ("left", "top", "right", "bottom")
_MORE = 16 << 20  # beside the picture: paths, for every copy


def check_cutline(
    document: BaseDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a cut line that could not be written.

    Raises:
        UnsupportedDocument: The packages that draw one are missing.
        OutputError: A length is not possible for this picture, or there is no room.
    """
    require_packages(document)
    [layer] = layers
    list_outlines(document, layer, options)
    how = options.cutline
    if (how.copies or how.marks) and how.sheet is None:
        raise OutputError(
            output, "copies and marks need a sheet", advice="add --sheet WIDTHxHEIGHT"
        )
    check_place(output, layer.width * layer.height * (_CHANNELS + 1))


@dataclass(frozen=True)
class Outlines:
    """How each line is drawn; those that are not wanted are None."""

    cut: OutlineOptions
    bleed: OutlineOptions | None
    safe: OutlineOptions | None


def find_ppi(document: BaseDocument, layer: Layer, options: CutlineOptions) -> float:
    """Return pixels to an inch: those that are asked for, that the picture tells, or 300."""
    if options.ppi:
        return options.ppi
    told = document.tell_beside(layer).resolution
    low, high = _PPI_LIMITS
    return told[0] if told and low <= told[0] <= high else _DEFAULT_PPI


def list_outlines(document: BaseDocument, layer: Layer, options: ResultOptions) -> Outlines:
    """Return how the lines are drawn, in pixels.

    Raises:
        OutputError: One lies further away than a line can be moved.
    """
    how, ppi = options.cutline, find_ppi(document, layer, options.cutline)
    offset = how.offset.to_pixels(ppi)

    def move(outwards: float) -> OutlineOptions:
        try:
            return replace(options.outline, inset=options.outline.inset - outwards)
        except ValueError as error:
            raise OutputError(
                document.path, f"at {ppi:g} pixels to an inch the line is moved too far ({error})",
                advice="give a smaller --offset, --bleed or --safe, or another --ppi",
            ) from None  # fmt: skip

    return Outlines(
        move(offset),
        move(offset + how.bleed.to_pixels(ppi)) if how.bleed.value else None,
        move(offset - how.safe.to_pixels(ppi)) if how.safe.value else None,
    )


def write_cutline(
    document: BaseDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> list[str]:
    """Write a picture with its cut line, and return sentences on what should be looked at."""
    import pikepdf

    [result] = results
    outlines = list_outlines(document, result.layer, options)
    traced = _trace(document, result, outlines.cut)
    cut = Cut(
        find_ppi(document, result.layer, options.cutline),
        (result.layer.width, result.layer.height),
        traced.path,
        _trace_other(document, result, outlines.bleed),
        _trace_other(document, result, outlines.safe),
    )
    artwork = describe_artwork(document, result.layer, result.alpha, result.colours)
    with tempfile.TemporaryDirectory(prefix="frisket-") as folder:
        ground = Path(folder) / "ground.pdf"
        _write_ground(ground, artwork)
        with pikepdf.open(ground) as pdf:
            try:
                build_page(pdf, cut, artwork, options.cutline)
            except NoRoom as error:
                raise UnsupportedDocument(
                    document.path, str(error), advice="give a larger --sheet or fewer --copies"
                ) from None
            pdf.docinfo["/Title"] = make_printable(Path(document.path).stem)
            _save(pdf, output, ground.stat().st_size)
    return [
        *tell_coarse(output, traced, outlines.cut),
        *([f"{output.name}: {artwork.fault}, so it is left out"] if artwork.fault else []),
        *_tell(cut, outlines, options.cutline, output),
    ]


def _write_ground(ground: Path, artwork: Artwork) -> None:
    try:
        write_ground(ground, artwork)
    except OSError as error:
        raise PlaceError(
            ground.parent, "there is no room for the picture while it is worked on",
            advice="make room, or name another folder with TMPDIR",
        ) from error  # fmt: skip


def _save(pdf: Pdf, output: Path, size: int) -> None:
    with (
        atomic_output(output, size + _MORE) as file,
        os.fdopen(os.dup(file.descriptor), "wb") as raw,
    ):
        pdf.save(raw, deterministic_id=True, min_version="1.6")


def _trace(document: BaseDocument, result: LayerResult, outline: OutlineOptions) -> Traced:
    try:
        return trace(result.alpha, outline)
    except NoOutline as error:
        raise UnsupportedDocument(document.path, str(error)) from None


def _trace_other(
    document: BaseDocument, result: LayerResult, outline: OutlineOptions | None
) -> BezierPath | None:
    return _trace(document, result, outline).path if outline else None


def _tell(cut: Cut, outlines: Outlines, how: CutlineOptions, output: Path) -> list[str]:
    """Return sentences on where the picture is too small for its bleed, or the subject cut off."""
    width, height = cut.size
    box = cut.find_box(cut.bleed or cut.path)
    rooms = (box.left, height - box.top, width - box.right, box.bottom)
    outwards = -(outlines.bleed or outlines.cut).inset
    ended = [side for side, room in zip(_SIDES, rooms, strict=True) if room + outwards < _EDGE]
    told = []
    if ended:
        sides = " and ".join(part for part in (", ".join(ended[:-1]), ended[-1]) if part)
        told.append(
            f"{output.name}: the picture cuts the subject off at its {sides} "
            f"edge{'s' * (len(ended) > 1)}, and the line runs straight there"
        )
    if cut.bleed and min(rooms) < -_EDGE:
        told.append(
            f"{output.name}: the picture ends before its bleed of "
            f"{how.bleed.to_pixels(cut.ppi):.0f} px does, so a strip without ink may show; take a "
            "picture with more room, or a smaller --bleed"
        )
    return told


WRITER = ResultWriter(check_cutline, write_cutline)

"""The kind of result `path`: a clipping path in a copy of the document, or a drawing of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from frisket.documents.base.carrier import CLIPPING, FIRST_PATH, LAST_PATH, ResourceCarrier
from frisket.documents.base.document import BaseDocument
from frisket.documents.base.writer import ResultWriter
from frisket.documents.core.errors import OutputError, UnsupportedDocument
from frisket.documents.core.model import Layer
from frisket.documents.core.outline import OutlineOptions, encode_name
from frisket.documents.core.resources import ImageResource
from frisket.documents.core.results import LayerResult, ResultOptions
from frisket.documents.io.output import atomic_output, check_place
from frisket.extras import advise_install
from frisket.paths.drawings import draw_eps, draw_pdf, draw_svg
from frisket.paths.records import GREATEST_SHARE, encode_clipping, encode_path
from frisket.paths.trace import NoOutline, Traced, trace
from frisket.paths.values import BezierPath, Subpath

if TYPE_CHECKING:
    from frisket.documents.base.oriented import Turn

_DRAWINGS: dict[str, Callable[[BezierPath, int, int, str], bytes]] = {
    ".svg": draw_svg,
    ".eps": draw_eps,
    ".pdf": draw_pdf,
}
_KNOT_BYTES = 32


def check_path(
    document: BaseDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a path that could not be written.

    Raises:
        UnsupportedDocument: The document holds no paths, or the packages that draw one are missing.
        UnreadableDocument: What holds its paths is damaged.
        OutputError: A path is there that was not to be touched, or the layer lies too far away.
    """
    require_packages(document)
    [layer] = layers
    if output.suffix.lower() in _DRAWINGS:
        check_place(output)
        return
    carrier = _require_carrier(document, output, layer)
    carrier.check(output, _KNOT_BYTES * options.outline.max_knots + (1 << 16))
    _check_reach(document, layer, carrier, options.outline)
    _choose_numbers(document, carrier, options)


def require_packages(document: BaseDocument) -> None:
    """Refuse to draw outlines without the packages that it takes.

    Raises:
        UnsupportedDocument: One is missing.
    """
    try:
        import contourpy
        import pikepdf
        import shapely
    except ImportError as error:
        raise UnsupportedDocument(
            document.path, f"outlines need the package {error.name}",
            advice=advise_install("paths"),
        ) from error  # fmt: skip
    del contourpy, pikepdf, shapely


def _require_carrier(document: BaseDocument, output: Path, layer: Layer) -> ResourceCarrier:
    carrier = document.carry_resources(layer)
    suffix = output.suffix.lower()
    if carrier is None or suffix not in carrier.suffixes:
        known = (*(carrier.suffixes if carrier else ()), *_DRAWINGS)
        raise OutputError(
            output,
            f"a path of a {document.format} is not written as {suffix or 'a file without suffix'}",
            advice=f"use {', '.join(known)}",
        )
    return carrier


def _check_reach(
    document: BaseDocument, layer: Layer, carrier: ResourceCarrier, outline: OutlineOptions
) -> None:
    """Refuse a layer that lies further outside than a path's numbers reach."""
    more = max(0.0, -outline.inset) + 2 * outline.tolerance + 1
    reach = GREATEST_SHARE * carrier.width, GREATEST_SHARE * carrier.height
    turned = carrier.turn is not None and carrier.turn.transposed
    across, down = reach[::-1] if turned else reach
    far = max(abs(layer.x), abs(layer.x + layer.width)) + more > across
    if far or max(abs(layer.y), abs(layer.y + layer.height)) + more > down:
        raise OutputError(
            document.path,
            f"layer {layer.path!r} lies further outside of the picture than a path can reach",
            advice="move it nearer, or write the path as .svg, .eps or .pdf",
        )


def _choose_numbers(
    document: BaseDocument, carrier: ResourceCarrier, options: ResultOptions
) -> int:
    """Return the number of the path's resource: that of its name, or the first that is free.

    Raises:
        OutputError: The name or the place of the clipping path is taken, or no number is free.
    """
    outline, found = options.outline, carrier.read()
    if options.existing == "multiply":
        raise OutputError(
            document.path, "paths cannot be multiplied", advice="use --existing replace"
        )
    name = encode_name(outline.name)
    taken = {one.id: one for one in found}
    same = [one.id for one in found if one.name == name and one.id != CLIPPING]
    if same and options.existing == "refuse":
        raise OutputError(
            document.path, f"it already has a path named {outline.name!r}",
            advice="--existing replace puts the new one in its place, --path-name names another",
        )  # fmt: skip
    if outline.clip and CLIPPING in taken and options.existing == "refuse":
        raise OutputError(
            document.path, "it already has a clipping path",
            advice="--existing replace lets the new one clip, --no-clip adds a path that does not",
        )  # fmt: skip
    free = (number for number in range(FIRST_PATH, LAST_PATH + 1) if number not in taken)
    number = same[0] if same else next(free, None)
    if number is None:
        raise OutputError(
            document.path, "it has as many paths as it can hold", advice="delete one first"
        )
    return number


def write_path(
    document: BaseDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> list[str]:
    """Write a path, and return sentences on what is not as it was asked."""
    [result] = results
    traced = trace_layer(document, result, options.outline)
    path, outline = traced.path, options.outline
    draw = _DRAWINGS.get(output.suffix.lower())
    if draw is not None:
        write_whole(output, draw(path, document.width, document.height, outline.name))
    else:
        _splice(document, output, result.layer, path, options)
    return tell_coarse(output, traced, outline)


def trace_layer(document: BaseDocument, result: LayerResult, outline: OutlineOptions) -> Traced:
    """Return the outline of a layer's alpha, in pixels of its document's canvas.

    Raises:
        UnsupportedDocument: There is none, or it has too many knots.
    """
    try:
        traced = trace(result.alpha, outline)
    except NoOutline as error:
        raise UnsupportedDocument(document.path, str(error)) from None
    return replace(traced, path=traced.path.move(result.layer.x, result.layer.y))


def write_whole(output: Path, data: bytes) -> None:
    """Write bytes as a file, whole or not at all."""
    with atomic_output(output, len(data)) as file:
        file.write(data)


def tell_coarse(output: Path, traced: Traced, outline: OutlineOptions) -> list[str]:
    """Return a sentence on a path that had to be drawn more coarsely, where it was."""
    if traced.tolerance <= outline.tolerance:
        return []
    return [
        f"{output.name}: the path is up to {traced.tolerance:g} px off so that it has no more than "
        f"{outline.max_knots} knots, since printing devices fail on more; --max-knots allows more"
    ]


def _splice(
    document: BaseDocument, output: Path, layer: Layer, path: BezierPath, options: ResultOptions
) -> None:
    carrier = _require_carrier(document, output, layer)
    number, name = _choose_numbers(document, carrier, options), encode_name(options.outline.name)
    stored = path if carrier.turn is None else to_stored(path, carrier.turn, document)
    data = encode_path(stored, carrier.width, carrier.height)
    changes = [ImageResource(number, name, data)]
    if options.outline.clip:
        changes.append(ImageResource(CLIPPING, b"", encode_clipping(name)))
    carrier.write(output, changes)


def to_stored(path: BezierPath, turn: Turn, document: BaseDocument) -> BezierPath:
    """Return an upright path on the picture as it is stored, its curves the same way round."""
    mirrored = (turn.flip_x + turn.flip_y + turn.transposed) % 2 == 1
    curves = []
    for one in path.subpaths:
        x = document.width - one.knots.real if turn.flip_x else one.knots.real
        y = document.height - one.knots.imag if turn.flip_y else one.knots.imag
        knots = y + 1j * x if turn.transposed else x + 1j * y
        # A mirror turns clockwise into counter-clockwise; walked backwards it is clockwise again.
        curves.append(
            Subpath(np.ascontiguousarray(knots[::-1, ::-1]), one.linked[::-1])
            if mirrored else Subpath(knots, one.linked)
        )  # fmt: skip
    return BezierPath(tuple(curves))


WRITER = ResultWriter(check_path, write_path)

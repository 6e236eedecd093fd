"""An alpha as one more page of a TIFF."""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.writer import ResultWriter
from ..colour.alpha import Placed, at_depth
from ..core.model import AlphaSource, Layer
from ..core.results import LayerResult, ResultOptions
from ..encode.tiled import ASCII, RATIONAL, SHORT, Tag, TiledPlan, TiledWriter, write_tiles
from ..io.output import check_place
from ..io.source import Source
from .directory import Layout, read_directory, read_layout, read_raw_value
from .splice_directories import check_publish, check_values, choose_layout, publish
from .unaware import tell_page_lost

if TYPE_CHECKING:
    from .document import TiffDocument

_PAGE_NAME = 285
_PLACE = (286, 287)
_RESOLUTION = (282, 283, 296)


def check_page(
    document: TiffDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a page that the document cannot take.

    Raises:
        UnreadableDocument: The chain of pages runs in a circle or out of the file.
        OutputError: There is no room for the page.
    """
    [layer] = layers
    with contextlib.closing(Source(document.path)) as source:
        layout = read_layout(source)
        check_values(source, layout, (page.offset for page in document.pages))
        plan = _plan_page(document, source, layer, layout, (layer.width, layer.height))
        check_place(output, source.size + plan.raw_bytes)
        tiles = sum(1 for _ in plan.tiles())
        check_publish(source, layout, None, source.size + plan.raw_bytes, _estimate_more(tiles))


def _estimate_more(tiles: int) -> int:
    """Return the bytes that the directories take at most."""
    return 32 * tiles + (1 << 20)


def splice_page(
    document: TiffDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Append a greyscale page; every byte before it stays but one pointer.

    The page has the size of the picture that it is a page of, for a layer inside it too. Where that
    has a place on a canvas, as GIMP's layers have, it has the same place.
    """
    [result] = results
    with contextlib.closing(Source(document.path)) as source:
        layout = read_layout(source)
        alpha = _place_in_picture(document, result)
        plan = _plan_page(document, source, result.layer, layout, (alpha.width, alpha.height))
        with document.open_copy(output, source.size + plan.raw_bytes) as file:
            file.copy(source.path, source.descriptor, 0, source.size)
            file.align(8)
            writer = TiledWriter(file, plan)
            write_tiles(writer, plan, at_depth(alpha, _choose_depth(document)))
            new = choose_layout(file, layout, _estimate_more(writer.count))
            position = writer.directory(new.big)
            publish(file, source, layout, new, None, position)


def _choose_depth(document: TiffDocument) -> int:
    return 8 if document.depth == 8 else 16


def _is_inside(layer: Layer) -> bool:
    """Tell whether a layer is one of Photoshop's inside the first page."""
    return layer.kind not in ("page", "image")


def _place_in_picture(document: TiffDocument, result: LayerResult) -> AlphaSource:
    layer = result.layer
    if not _is_inside(layer):
        return result.alpha
    return Placed(result.alpha, layer.x, layer.y, document.width, document.height)


def _plan_page(
    document: TiffDocument, source: Source, layer: Layer, layout: Layout, size: tuple[int, int]
) -> TiledPlan:
    inside = _is_inside(layer)
    width, height = (document.width, document.height) if inside else size
    number = 0 if inside else document.page_number(layer)
    place = _read_place(source, layout, document.pages[number].offset)
    return TiledPlan(
        width,
        height,
        1,
        np.dtype(np.uint8 if _choose_depth(document) == 8 else np.uint16),
        photometric=1,
        level=4,
        order=layout.order,
        bigtiff=True,
        extra_tags=(Tag(_PAGE_NAME, ASCII, b"Frisket alpha\0"), *place),
    )


def _read_place(source: Source, layout: Layout, offset: int) -> list[Tag]:
    """Return where a page lies on its canvas, with the resolution that the place is told in."""
    entries = read_directory(source, layout, offset).entries
    if not entries.keys() & set(_PLACE):
        return []
    found = []
    for code in (*_RESOLUTION, *_PLACE):
        if code in entries:
            kind = struct.unpack_from(layout.entry, entries[code])[1]
            if kind in (SHORT, RATIONAL):
                found.append(Tag(code, kind, read_raw_value(source, layout, entries[code])))
    return found


WRITER = ResultWriter(check_page, splice_page, tell_lost=tell_page_lost)

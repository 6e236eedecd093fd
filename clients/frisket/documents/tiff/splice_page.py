"""An alpha as one more page of a TIFF."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.writer import ResultWriter
from ..colour.alpha import at_depth
from ..core.model import Layer
from ..core.results import LayerResult, ResultOptions
from ..encode.tiled import ASCII, Tag, TiledPlan, TiledWriter, write_tiles
from ..io.output import atomic_output, check_place
from ..io.source import Source
from .directory import Layout, read_layout
from .splice_directories import check_publish, choose_layout, publish

if TYPE_CHECKING:
    from .document import TiffDocument

_PAGE_NAME = 285


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
        plan = _plan_page(document, layer.width, layer.height, layout)
        check_place(output, source.size + plan.raw_bytes)
        tiles = sum(1 for _ in plan.tiles())
        check_publish(source, layout, None, source.size + plan.raw_bytes, _estimate_more(tiles))


def _estimate_more(tiles: int) -> int:
    """Return the bytes that the directories take at most."""
    return 32 * tiles + (1 << 20)


def splice_page(
    document: TiffDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Append a greyscale page; every byte before it stays but one pointer."""
    [result] = results
    alpha = result.alpha
    with contextlib.closing(Source(document.path)) as source:
        layout = read_layout(source)
        plan = _plan_page(document, alpha.width, alpha.height, layout)
        with atomic_output(output, source.size + plan.raw_bytes) as file:
            file.copy(source.path, source.descriptor, 0, source.size)
            file.align(8)
            writer = TiledWriter(file, plan)
            write_tiles(writer, plan, at_depth(alpha, _choose_depth(document)))
            new = choose_layout(file, layout, _estimate_more(writer.count))
            position = writer.directory(new.big)
            publish(file, source, layout, new, None, position)


def _choose_depth(document: TiffDocument) -> int:
    return 8 if document.depth == 8 else 16


def _plan_page(document: TiffDocument, width: int, height: int, layout: Layout) -> TiledPlan:
    return TiledPlan(
        width,
        height,
        1,
        np.dtype(np.uint8 if _choose_depth(document) == 8 else np.uint16),
        photometric=1,
        level=4,
        order=layout.order,
        bigtiff=True,
        extra_tags=(Tag(_PAGE_NAME, ASCII, b"Frisket alpha\0"),),
    )


WRITER = ResultWriter(check_page, splice_page)

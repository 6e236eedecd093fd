"""An alpha as one more page of a TIFF."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..colour.alpha import at_depth
from ..core.model import AlphaSource
from ..encode.tiled import ASCII, Plan, Tag, TiledWriter, write_tiles
from ..io.output import atomic_output
from ..io.source import Source
from .directory import Layout, read_layout
from .splice_directories import layout_for, publish

if TYPE_CHECKING:
    from .document import TiffDocument

_PAGE_NAME = 285


def splice_page(document: TiffDocument, out: str | os.PathLike[str], alpha: AlphaSource) -> None:
    """Append a greyscale page; every byte before it stays but one pointer."""
    source = Source(document.path)
    try:
        layout = read_layout(source)
        deep = at_depth(alpha, 8 if document.depth == 8 else 16)
        plan = _plan(deep, layout)
        with atomic_output(out, source.size + plan.raw_bytes) as file:
            file.copy(source.path, source.descriptor, 0, source.size)
            file.align(8)
            writer = TiledWriter(file, plan)
            write_tiles(writer, plan, deep)
            new = layout_for(file, layout, 32 * writer.count + (1 << 20))
            position = writer.directory(new.big)
            publish(file, source, layout, new, None, position)
    finally:
        source.close()


def _plan(alpha: AlphaSource, layout: Layout) -> Plan:
    return Plan(
        alpha.width,
        alpha.height,
        1,
        np.dtype(np.uint8 if alpha.depth == 8 else np.uint16),
        photometric=1,
        level=4,
        order=layout.order,
        bigtiff=True,
        extra_tags=(Tag(_PAGE_NAME, ASCII, b"Frisket alpha\0"),),
    )

"""An alpha as one more page of a TIFF."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import numpy as np

from ..alpha import at_depth
from ..errors import OutputError
from ..model import AlphaSource
from ..output import atomic_output
from ..source import Source
from ..write.matte import write_tiles
from ..write.tiled import ASCII, Plan, Tag, TiledWriter
from .directory import Layout, read_directory, read_layout

if TYPE_CHECKING:
    from .document import TiffDocument

_CLASSIC_LIMIT = (1 << 32) - 1
_PAGE_NAME = 285


def splice_page(document: TiffDocument, out: str | os.PathLike[str], alpha: AlphaSource) -> None:
    """Append a greyscale page; every byte before it stays but one pointer."""
    source = Source(document.path)
    try:
        layout = read_layout(source)
        source_alpha = at_depth(alpha, 8 if document.depth == 8 else 16)
        plan = Plan(
            alpha.width, alpha.height, 1,
            np.dtype(np.uint8 if source_alpha.depth == 8 else np.uint16),
            photometric=1, level=4, order=layout.order, bigtiff=layout.big,
            extra_tags=(Tag(_PAGE_NAME, ASCII, b"Frisket alpha\0"),),
        )  # fmt: skip
        room = source.size + plan.raw_bytes
        if not layout.big and room > _CLASSIC_LIMIT:
            raise OutputError(
                document.path,
                "with one more page the file may pass four gigabytes",
                advice="save it as BigTIFF first, or use --as matte",
            )
        with atomic_output(out, room) as file:
            file.copy(source.path, source.descriptor, 0, source.size)
            file.align(8)
            writer = TiledWriter(file, plan)
            write_tiles(writer, plan, source_alpha)
            last = _last_link(source, layout)
            file.patch(last, struct.pack(layout.word, writer.directory()))
    finally:
        source.close()


def _last_link(source: Source, layout: Layout) -> int:
    """Where the chain of directories ends; a chain that runs in a circle is refused."""
    at, seen = layout.first_at, set()
    while True:
        here = struct.unpack(layout.word, source.read(at, layout.inline))[0]
        if here == 0:
            return at
        if here in seen:
            raise OutputError(source.path, "its directories run in a circle", offset=here)
        seen.add(here)
        at = read_directory(source, layout, here).next_at

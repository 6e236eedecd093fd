"""Where the planes of the merged image lie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .channel import RAW

if TYPE_CHECKING:
    from .host import MergedHost


def read_compression(document: MergedHost) -> int:
    """Return how the merged image is packed."""
    return int.from_bytes(document.source.read(document.structure.merged_at, 2), "big")


def find_end(document: MergedHost, compression: int) -> int:
    """Return where the last plane of the merged image ends.

    Raises:
        UnreadableDocument: Beyond the end of the file.
    """
    found, source = document.structure, document.source
    end = find_row(document, compression, found.height * found.channels)
    source.read(min(end, source.size + 1) - 1, 1)  # it must lie inside the file
    return end


def find_row(document: MergedHost, compression: int, row: int) -> int:
    """Return where a row of the merged image begins, counted over all planes.

    Raises:
        UnreadableDocument: The table of rows is cut off.
    """
    found, source = document.structure, document.source
    table, rows, width = found.merged_at + 2, found.height * found.channels, 4 if found.big else 2
    if compression == RAW:
        return table + row * ((found.width * found.depth + 7) // 8)
    lengths = np.frombuffer(source.read(table, rows * width), f">u{width}")
    return table + rows * width + int(lengths[:row].sum(dtype=np.int64))

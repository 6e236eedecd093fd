"""A bitmap PSD written anew in grey of 8 bits, which can hold a selection."""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from ..core.model import Rect
from ..io.output import Output, check_place, scratch
from ..io.splicing import Edit, Splice
from .channel import RAW
from .encode import split_bands
from .merged import find_end, read_compression
from .splice_records import check_limit
from .structure import COUNT_LENGTH, DEPTH_AT, MERGED_CHANNELS_AT

if TYPE_CHECKING:
    from pathlib import Path

    from .document import PsdDocument

_GREY, _BITS = 1, 8


def is_convertible(document: PsdDocument) -> bool:
    """Tell whether a document is a bitmap whose every bit a grey one keeps."""
    found = document.structure
    return found.mode == "BITMAP" and found.channels == 1 and not document.nodes


def check_grey(document: PsdDocument, output: Path) -> None:
    """Refuse a bitmap that cannot be read, or that has no room in grey.

    Raises:
        UnreadableDocument: The merged image is cut off.
        OutputError: There is no room, or the result would be too large for its format.
    """
    size = _estimate_size(document)
    find_end(document, read_compression(document))
    check_place(output, 2 * size)
    check_limit(document, output, size)


def _estimate_size(document: PsdDocument) -> int:
    return document.source.size + document.width * document.height


@contextlib.contextmanager
def as_grey(document: PsdDocument, output: str | os.PathLike[str]) -> Iterator[PsdDocument]:
    """Yield the document, a bitmap as grey; the converted copy lies beside the output meanwhile.

    Raises:
        OutputError: There is no room for it.
    """
    if not is_convertible(document):
        yield document
        return
    with scratch(output, _estimate_size(document)) as file:
        _write_grey(document, file)
        converted = type(document)(file.path)
        try:
            # Errors name the file that people know.
            converted.path = converted.source.path = document.path
            yield converted
        finally:
            converted.close()


def _write_grey(document: PsdDocument, out: Output) -> None:
    found = document.structure
    end = find_end(document, read_compression(document))
    edits = [
        Edit(MERGED_CHANNELS_AT, MERGED_CHANNELS_AT + COUNT_LENGTH, struct.pack(">H", 1)),
        Edit(DEPTH_AT, DEPTH_AT + 4, struct.pack(">HH", _BITS, _GREY)),
        Edit(found.merged_at, end, partial(_write_rows, document)),
    ]
    Splice(document.source, edits).write(out)


def _write_rows(document: PsdDocument, out: Output) -> None:
    out.write(RAW.to_bytes(2, "big"))
    raster = document.raster(document.layers[0])
    for band in split_bands(document.width, document.height):
        rows = raster.read(Rect(0, band.y, document.width, band.height))
        out.write(raster.colour.to_straight(rows).tobytes())

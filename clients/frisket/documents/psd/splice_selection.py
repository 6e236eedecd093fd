"""A saved selection: one more channel of the merged image, with its name in the resources."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.writer import ResultWriter
from ..colour.alpha import Floating, Placed, at_depth
from ..core.errors import OutputError, UnsupportedDocument
from ..core.model import AlphaSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth
from ..core.resources import ImageResource
from ..core.results import LayerResult, ResultOptions
from ..io.output import Output
from ..io.splicing import Edit, Splice
from .channel import RAW, RLE
from .convert import check_named, convert_as_named
from .encode import pack_rows, split_bands, to_stored_bytes
from .grey import as_grey, check_grey, is_convertible
from .merged import find_end, find_row, read_compression
from .planar import Plane
from .rasters import open_merged_plane
from .splice_records import check_depth, check_limit, check_size, estimate_room
from .splice_resources import append_resources, exchange_content, patch_resources
from .structure import COUNT_LENGTH, MERGED_CHANNELS_AT, Structure

if TYPE_CHECKING:
    from .document import PsdDocument

_MOST_CHANNELS = 56
NAMES, UNICODE_NAMES, IDENTIFIERS, DISPLAY = 1006, 1045, 1053, 1077
# Colour space RGB, red, at half opacity, kind "selected areas": what programs show it with.
_DISPLAY = struct.pack(">H4HHB", 0, 65535, 0, 0, 0, 50, 0)


def splice_selection(
    document: PsdDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    """Write a copy of the document with an alpha as a saved selection.

    The alpha is in the coordinates of its layer; what lies outside the canvas is cut off. A
    selection of the same name is replaced or multiplied.
    """
    [result] = results
    alpha = _place_on_canvas(document, result)
    with convert_as_named(document, output) as named, as_grey(named, output) as plain:
        _splice(plain, output, alpha, options)


def _raise_count(found: Structure) -> Edit:
    end = MERGED_CHANNELS_AT + COUNT_LENGTH
    return Edit(MERGED_CHANNELS_AT, end, struct.pack(">H", found.channels + 1))


def _place_on_canvas(document: PsdDocument, result: LayerResult) -> AlphaSource:
    layer, alpha = result.layer, result.alpha
    place = layer.x, layer.y, alpha.width, alpha.height
    if place == (0, 0, document.width, document.height):
        return alpha
    return Placed(alpha, layer.x, layer.y, document.width, document.height)


def _splice(document: PsdDocument, out: Path, alpha: AlphaSource, options: ResultOptions) -> None:
    found = document.structure
    old = find_selection(document, options.name)
    if old is not None and options.existing == "multiply":
        alpha = MultipliedSelection(alpha, open_merged_plane(document, old))
    source = Floating(at_depth(alpha, 16)) if found.depth == 32 else at_depth(alpha, found.depth)
    plane = _SelectionPlane(document, source, read_compression(document), old)
    edits = plane.plan_edits()
    if old is None:
        edits += [_raise_count(found), *_plan_resources(document, options.name)]
    splice = Splice(document.source, edits)
    with document.open_copy(out, estimate_room(document, [alpha])) as file:
        splice.write(file)
        check_size(document, file)
        plane.patch(file)
        patch_resources(file, splice, found, edits)


def find_selection(document: PsdDocument, name: str) -> int | None:
    """Return the channel of the merged image that holds the saved selection of a name."""
    found, colours = document.structure, document.count_colours()
    for number, split in ((UNICODE_NAMES, _split_long_names), (NAMES, _split_short_names)):
        resource = found.find_resource(number)
        if resource is None:
            continue
        names = list(split(document.source.read(resource.data, resource.length)))
        if len(names) == found.channels - colours:  # else which is which is not known
            return colours + names.index(name) if name in names else None
    return None


class MultipliedSelection:
    """A new alpha times the selection that it takes the place of."""

    def __init__(self, alpha: AlphaSource, old: Plane) -> None:
        self._alpha, self._old = alpha, old
        self.width, self.height, self.depth = alpha.width, alpha.height, alpha.depth

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or None: only nothing stays nothing without a look at the old one."""
        return 0 if self._alpha.solid(rect) == 0 else None

    def read(self, rect: Rect) -> Pixels:
        """Return the product, in the new alpha's depth."""
        new, top = self._alpha.read(rect), (1 << self.depth) - 1
        rows = self._old.read_rows(rect.y, rect.bottom)[:, rect.x : rect.right]
        old = convert_depth(rows, self.depth).astype(np.uint32)
        return np.asarray((old * new + top // 2) // top).astype(new.dtype)


def check_selection(
    document: PsdDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a selection that the document cannot take.

    Raises:
        UnsupportedDocument: The colour mode or compression has no room for one.
        OutputError: A selection of the name is there and was not to be touched, or the document
            has the most channels it can have, or would be too large.
        UnreadableDocument: The merged image is cut off.
    """
    check_named(document, output)
    found = document.structure
    if options.convert and is_convertible(document):
        check_grey(document, output)
        return
    if found.mode in ("BITMAP", "MULTICHANNEL"):
        raise UnsupportedDocument(
            document.path,
            f"a {found.mode.lower()} document cannot hold a selection",
            advice="use --convert or --as matte" if is_convertible(document) else "use --as matte",
        )
    check_depth(document)
    _check_place(document, options)
    document.check_channels()
    compression = read_compression(document)
    if compression not in (RAW, RLE):
        raise UnsupportedDocument(
            document.path, f"the merged image has compression {compression}", advice="use --as mask"
        )
    find_end(document, compression)
    check_limit(document, output, document.source.size)


def _check_place(document: PsdDocument, options: ResultOptions) -> None:
    """Refuse a selection whose name is taken, or that is one too many."""
    found = document.structure
    old = find_selection(document, options.name)
    if old is not None and options.existing == "refuse":
        raise OutputError(
            document.path, f"it already has a selection named {options.name!r}",
            advice="--existing replace or --existing multiply says what becomes of it",
        )  # fmt: skip
    if old is None and found.channels >= _MOST_CHANNELS:
        raise OutputError(
            document.path,
            f"the document has {found.channels} channels, the most it can have",
            advice="delete a saved selection first, or use --as matte",
        )


class _SelectionPlane:
    """The edits that append one plane to the merged image, or exchange one."""

    def __init__(
        self, document: PsdDocument, alpha: AlphaSource, compression: int, replaced: int | None
    ) -> None:
        self._document, self._alpha, self._compression = document, alpha, compression
        found = document.structure
        self._width = 4 if found.big else 2
        first = found.channels if replaced is None else replaced
        last = first if replaced is None else replaced + 1
        self._first, self._last = first * found.height, last * found.height
        self._lengths: list[int] = []
        self._table_edit: Edit | None = None

    def plan_edits(self) -> list[Edit]:
        """Put row lengths into the table, and the plane's rows among the rows."""
        find_end(self._document, self._compression)
        start, end = (
            find_row(self._document, self._compression, row) for row in (self._first, self._last)
        )
        if self._compression == RAW:
            return [Edit(start, end, self._write_raw)]
        table = self._document.structure.merged_at + 2
        self._table_edit = Edit(
            table + self._first * self._width,
            table + self._last * self._width,
            bytes(self._alpha.height * self._width),
        )
        return [self._table_edit, Edit(start, end, self._write_rle)]

    def _write_raw(self, out: Output) -> None:
        for band in split_bands(self._alpha.width, self._alpha.height):
            out.write(to_stored_bytes(self._alpha.read(band), ">").tobytes())

    def _write_rle(self, out: Output) -> None:
        for band in split_bands(self._alpha.width, self._alpha.height):
            rows = pack_rows(self._alpha, band)
            self._lengths += map(len, rows)
            out.write(b"".join(rows))
        if self._width == 2 and max(self._lengths, default=0) > 0xFFFF:
            raise OutputError(
                out.path, "a row of the selection is too long for PSD",
                advice="name the output .psb, and it is written as a PSB",
            )  # fmt: skip

    def patch(self, out: Output) -> None:
        """Fill in the row lengths."""
        if self._table_edit is not None:
            out.patch(self._table_edit.at, np.array(self._lengths, f">u{self._width}").tobytes())


def _plan_resources(document: PsdDocument, name: str) -> list[Edit]:
    """Return the edits of the saved selections' names, identifiers and display."""
    found = document.structure
    before = max(0, found.channels - document.count_colours())
    edits = []
    fresh = b""
    for number, extend in (
        (NAMES, _extend_short_names),
        (UNICODE_NAMES, _extend_long_names),
        (IDENTIFIERS, _extend_identifiers),
        (DISPLAY, _extend_displays),
    ):
        old = found.find_resource(number)
        data = document.source.read(old.data, old.length) if old else b""
        data = extend(data, before, name, old is not None)
        if not data:
            continue
        if old is not None:
            edits.append(exchange_content(found, old, data))
        else:
            fresh += ImageResource(number, b"", data).pack()
    return edits + append_resources(found, fresh)


def _extend_short_names(data: bytes, before: int, name: str, exists: bool) -> bytes:
    """Add Pascal strings, one for every selection."""
    count = len(list(_split_short_names(data)))
    names = [f"Alpha {number + 1}" for number in range(count, before)] + [name]
    for one in names:
        raw = one.encode("mac-roman", "replace")[:255]
        data += bytes((len(raw),)) + raw
    return data


def _split_short_names(data: bytes) -> Iterator[str]:
    position = 0
    while position < len(data):
        length = data[position]
        yield data[position + 1 : position + 1 + length].decode("mac-roman")
        position += 1 + length


def _extend_long_names(data: bytes, before: int, name: str, exists: bool) -> bytes:
    """Add UTF-16 strings with a count and a final zero, one for every selection."""
    count = len(list(_split_long_names(data)))
    names = [f"Alpha {number + 1}" for number in range(count, before)] + [name]
    for one in names:
        raw = (one + "\0").encode("utf-16-be")
        data += struct.pack(">I", len(raw) // 2) + raw
    return data


def _split_long_names(data: bytes) -> Iterator[str]:
    position = 0
    while position + 4 <= len(data):
        end = position + 4 + 2 * int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : end].decode("utf-16-be", "replace").rstrip("\0")
        position = end


def _extend_identifiers(data: bytes, before: int, name: str, exists: bool) -> bytes:
    """Add a number; a list that is not there is not begun for old selections."""
    if len(data) != 4 * before:
        return b""
    numbers = struct.unpack(f">{before}I", data)
    return data + struct.pack(">I", max(numbers, default=0) + 1)


def _extend_displays(data: bytes, before: int, name: str, exists: bool) -> bytes:
    """Add thirteen bytes; before the first selection, version 1 too."""
    if not exists and before == 0:
        data = struct.pack(">I", 1)
    return data + _DISPLAY if len(data) == 4 + 13 * before else b""


WRITER = ResultWriter(check_selection, splice_selection)

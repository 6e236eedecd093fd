"""Two TIFF files compared byte by byte: what directories say, their pixels, and all the rest.

Directories of the same name are compared entry by entry, a tag that is there twice with both, and
what a pointer leads to is a directory of its own. Pixels are the same where every strip and tile
has the same bytes; else they are decoded, and the samples that differ are named. Bytes of no
directory must be in both files at the same place, where a copy keeps them.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..core.difference import Difference
from ..core.errors import DocumentError
from ..core.model import Rect
from ..io.comparing import Stretch, are_zeros, have_same_bytes
from ..io.source import Source
from .census import Census, list_pointers, take_census
from .directory import read_raw_value, split_entries
from .splice_directories import SEGMENTS

if TYPE_CHECKING:
    from .document import TiffDocument
    from .raster import TiffRaster

# Where segments lie and how long they are follows from the segments, which are compared.
_PLACES = {*SEGMENTS, *SEGMENTS.values()}
_TILED = (322, 323)
_BAND = 256
_STORED_ANEW = "stored anew, the samples that both have are the same"


def compare(a: TiffDocument, b: TiffDocument) -> list[Difference]:
    """Return all differences, directory by directory."""
    with (
        contextlib.closing(Source(a.path)) as first,
        contextlib.closing(Source(b.path)) as second,
    ):
        pair = _Pair(a, b, take_census(a, first), take_census(b, second))
        return list(pair.compare())


class _Pair:
    """Two files, and what each is made of."""

    def __init__(self, a: TiffDocument, b: TiffDocument, one: Census, two: Census) -> None:
        self._documents, self._one, self._two = (a, b), one, two

    def compare(self) -> Iterator[Difference]:
        one, two = self._one, self._two
        if one.layout != two.layout:
            yield Difference("format", "changed", " → ".join(map(_tell_layout, (one, two))))
        for name in {**one.directories, **two.directories}:
            if name not in two.directories or name not in one.directories:
                yield Difference(name, "removed" if name in one.directories else "added")
                continue
            yield from self._compare_tags(name)
            yield from self._compare_pixels(name)
        if not (_is_rest_kept(one, two) and _is_rest_kept(two, one)):
            yield Difference("bytes of no directory", "changed")

    def _compare_tags(self, name: str) -> Iterator[Difference]:
        one, two = self._one.directories[name], self._two.directories[name]
        followed = _list_followed(self._one, name) & _list_followed(self._two, name)
        for code in sorted((one.entries.keys() | two.entries.keys()) - _PLACES - followed):
            if code not in two.entries or code not in one.entries:
                yield Difference(
                    f"{name} tag {code}", "removed" if code in one.entries else "added"
                )
            elif not self._is_same_tag(one.entries[code], two.entries[code]):
                yield Difference(f"{name} tag {code}", "changed")

    def _is_same_tag(self, left: bytes, right: bytes) -> bool:
        """Compare type, number and value of every entry that a tag has."""
        pairs = split_entries(self._one.layout, left), split_entries(self._two.layout, right)
        return len(pairs[0]) == len(pairs[1]) and all(map(self._is_same_entry, *pairs))

    def _is_same_entry(self, left: bytes, right: bytes) -> bool:
        one, two = self._one, self._two
        heads = struct.calcsize(one.layout.entry), struct.calcsize(two.layout.entry)
        told = (
            struct.unpack_from(one.layout.entry, left),
            struct.unpack_from(two.layout.entry, right),
        )
        if told[0] != told[1]:
            return False
        if one.layout.inline == two.layout.inline and not one.find_value(left)[1]:
            return left[heads[0] :] == right[heads[1] :]
        try:
            values = one.find_value(left), two.find_value(right)
            if values[0][1] and values[1][1]:
                return have_same_bytes(one.source, two.source, *values)
            return _read_short(one, left) == _read_short(two, right)
        except DocumentError:  # it leads out of a file
            return left == right

    def _compare_pixels(self, name: str) -> Iterator[Difference]:
        segments = [
            census.list_segments(census.directories[name]) for census in (self._one, self._two)
        ]
        pages = self._one.pages.get(name), self._two.pages.get(name)
        if len(segments[0]) == len(segments[1]) and self._have_same_segments(*segments):
            return
        if None in pages:
            yield Difference(f"{name} data", "changed")
            return
        try:
            rasters = [
                document.open_page(page)
                for document, page in zip(self._documents, pages, strict=True)
            ]
            yield from self._compare_samples(name, rasters[0], rasters[1], segments)
        except DocumentError:
            yield Difference(f"{name} pixels", "changed", "they cannot be decoded")

    def _have_same_segments(self, left: Any, right: Any) -> bool:
        return len(left) == len(right) and all(
            self._is_same_segment((one[0], one[1]), (two[0], two[1]))
            for one, two in zip(left.tolist(), right.tolist(), strict=True)
        )

    def _is_same_segment(self, left: Stretch, right: Stretch) -> bool:
        try:
            return have_same_bytes(self._one.source, self._two.source, left, right)
        except DocumentError:  # both are cut off
            return left == right

    def _compare_samples(
        self, name: str, a: TiffRaster, b: TiffRaster, segments: list[Any]
    ) -> Iterator[Difference]:
        if (a.width, a.height, a.dtype) != (b.width, b.height, b.dtype):
            yield Difference(f"{name} pixels", "changed", "another size or depth")
            return
        shared = min(a.geometry.samples, b.geometry.samples)
        if not self._have_same_planes(a, b, segments, shared):
            changed = _find_changed(a, b, shared)
            for sample in sorted(changed):
                yield Difference(f"{name} sample {sample}", "changed")
            if not changed:
                yield Difference(f"{name} pixels", "changed", _STORED_ANEW)
        for sample in range(shared, max(a.geometry.samples, b.geometry.samples)):
            how = "added" if b.geometry.samples > shared else "removed"
            yield Difference(f"{name} sample {sample}", how)

    def _have_same_planes(
        self, a: TiffRaster, b: TiffRaster, segments: list[Any], shared: int
    ) -> bool:
        """Tell whether the samples that both have are stored apart, in the same bytes."""
        one, two = a.geometry, b.geometry
        if not (one.planar and two.planar and one.index(1, 0, 0) == two.index(1, 0, 0)):
            return False
        most = one.index(shared, 0, 0)
        return self._have_same_segments(segments[0][:most], segments[1][:most])


def _tell_layout(census: Census) -> str:
    order = {"<": "little-endian", ">": "big-endian"}[census.layout.order]
    return f"{order} {'BigTIFF' if census.layout.big else 'TIFF'}"


def _list_followed(census: Census, name: str) -> set[int]:
    """Return the tags whose directories were found, and are compared by themselves."""
    found = {one.offset for one in census.directories.values()}
    pointers = list_pointers(census, census.directories[name])
    return {code for code, places in pointers if found.issuperset(places)}


def _read_short(census: Census, entry: bytes) -> bytes:
    """Return a value that is short enough to stand inside a wide entry."""
    return read_raw_value(census.source, census.layout, entry)


def _find_changed(a: TiffRaster, b: TiffRaster, shared: int) -> set[int]:
    changed: set[int] = set()
    for y in range(0, a.height, _BAND):
        rect = Rect(0, y, a.width, min(_BAND, a.height - y))
        left, right = a.read_samples(rect), b.read_samples(rect)
        for sample in range(shared):
            if left[..., sample].tobytes() != right[..., sample].tobytes():
                changed.add(sample)
    return changed


def _is_rest_kept(one: Census, two: Census) -> bool:
    """Tell whether the bytes of no directory are in the other file at the same place."""
    for start, length in one.list_unclaimed():
        held = max(0, min(length, two.source.size - start))
        if not have_same_bytes(one.source, two.source, (start, held), (start, held)):
            return False
        if not are_zeros(one.source, (start + held, length - held)):
            return False
    return True

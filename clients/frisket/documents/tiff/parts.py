"""Two TIFF files compared: every tag of every directory, and every sample of every page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..core.difference import Difference
from ..core.model import Rect
from ..io.source import Source
from .directory import Directory, Layout, read_directory, read_layout, read_raw_value, split_entries

if TYPE_CHECKING:
    from .document import TiffDocument
    from .raster import TiffRaster

# Where segments lie and how long they are follows from the pixels, which are compared.
_PLACES = {273, 279, 324, 325}
_BAND = 256


def compare(a: TiffDocument, b: TiffDocument) -> list[Difference]:
    """Return all differences, page by page."""
    first, second = Source(a.path), Source(b.path)
    try:
        found = list(_compare_pages(a, b))
        for number in range(min(len(a.pages), len(b.pages))):
            found += _compare_tags(first, second, a, b, number)
            found += _compare_pixels(
                a.open_stored(number), b.open_stored(number), f"page {number + 1}"
            )
        return found
    finally:
        first.close()
        second.close()


def _compare_pages(a: TiffDocument, b: TiffDocument) -> Iterator[Difference]:
    for number in range(len(a.pages), len(b.pages)):
        yield Difference(f"page {number + 1}", "added")
    for number in range(len(b.pages), len(a.pages)):
        yield Difference(f"page {number + 1}", "removed")


def _compare_tags(
    first: Source, second: Source, a: TiffDocument, b: TiffDocument, number: int
) -> Iterator[Difference]:
    left, right = read_layout(first), read_layout(second)
    one = read_directory(first, left, a.pages[number].offset)
    two = read_directory(second, right, b.pages[number].offset)
    for code in sorted((one.entries.keys() | two.entries.keys()) - _PLACES):
        what = f"page {number + 1} tag {code}"
        if code not in two.entries:
            yield Difference(what, "removed")
        elif code not in one.entries:
            yield Difference(what, "added")
        elif _read_value(first, left, one, code) != _read_value(second, right, two, code):
            yield Difference(what, "changed")


def _read_value(source: Source, layout: Layout, directory: Directory, code: int) -> list[bytes]:
    """Return the bytes of every entry that a tag has."""
    entries = split_entries(layout, directory.entries[code])
    return [read_raw_value(source, layout, one) for one in entries]


def _compare_pixels(a: TiffRaster, b: TiffRaster, label: str) -> Iterator[Difference]:
    if (a.width, a.height, a.dtype) != (b.width, b.height, b.dtype):
        yield Difference(f"{label} pixels", "changed", "another size or depth")
        return
    shared = min(a.geometry.samples, b.geometry.samples)
    changed: set[int] = set()
    for y in range(0, a.height, _BAND):
        rect = Rect(0, y, a.width, min(_BAND, a.height - y))
        left, right = a.read_samples(rect), b.read_samples(rect)
        for sample in range(shared):
            if left[..., sample].tobytes() != right[..., sample].tobytes():
                changed.add(sample)
    for sample in sorted(changed):
        yield Difference(f"{label} sample {sample}", "changed")
    for sample in range(shared, max(a.geometry.samples, b.geometry.samples)):
        how = "added" if b.geometry.samples > shared else "removed"
        yield Difference(f"{label} sample {sample}", how)

"""Which directories of a TIFF are pages, and which are smaller versions of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..base.oriented import TURNS, Turn
from ..core.errors import UnreadableDocument

if TYPE_CHECKING:
    from .raster import TiffRaster

_MAX_PAGES = 1 << 16
_ORIENTATION = 274
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType


def sort_pages(file: Any, path: str) -> tuple[list[Any], dict[int, list[Any]]]:
    """Return pages at full resolution, and for each the reduced versions that belong to it.

    Raises:
        UnreadableDocument: No page has pixels, or one has sides that are no numbers.
    """
    pages: list[Any] = []
    reduced: dict[int, list[Any]] = {}
    waiting: list[Any] = []  # previews that come before their picture
    seen: set[int] = set()
    for page in _walk_pages(file):
        if page.offset in seen or len(seen) >= _MAX_PAGES:  # the chain runs in a circle
            break
        seen.add(page.offset)
        if not (isinstance(page.imagewidth, int) and isinstance(page.imagelength, int)):
            raise UnreadableDocument(path, "the sides of a page are no whole numbers")
        if not page.imagewidth or not page.imagelength:
            continue
        whole, smaller = _sort_family(page)
        if not whole and pages:
            reduced.setdefault(len(pages) - 1, []).extend(smaller)
        elif not whole:
            waiting += smaller
        for picture in whole:
            reduced[len(pages)], waiting = [*waiting, *smaller], []
            pages.append(picture)
    if not pages:  # nothing but previews: then they are what there is
        pages, reduced = [page for page in waiting if page.offset in seen], {}
    if not pages:
        raise UnreadableDocument(path, "no page with pixels")
    return pages, reduced


def _walk_pages(file: Any) -> Iterator[Any]:
    """Yield the pages; rubbish as the pointer after the last one is the end, as readers take it."""
    import tifffile

    found, pages = False, iter(file.pages)
    while True:
        try:
            page = next(pages)
        except StopIteration:
            return
        except tifffile.TiffFileError:
            if not found:
                raise
            return
        found = True
        yield page


def _sort_family(page: Any) -> tuple[list[Any], list[Any]]:
    """Return the pictures among a page and those that hang below it, and the smaller versions."""
    below = _list_sub_pages(page) if page.subifds else []
    smaller = [sub for sub in below if int(sub.subfiletype) & _REDUCED]
    larger = [sub for sub in below if _is_larger(sub, page)]
    if larger:
        return larger, [page, *smaller]
    return ([], [page, *smaller]) if int(page.subfiletype) & _REDUCED else ([page], smaller)


def _list_sub_pages(page: Any) -> list[Any]:
    """Return pages that hang below a page; damaged ones only cost the short cut they offer."""
    with contextlib.suppress(Exception):
        return list(page.pages)
    return []


def _is_larger(sub: Any, page: Any) -> bool:
    """Tell whether a page below another one is the picture, and the other its preview."""
    with contextlib.suppress(Exception):
        whole = int(sub.subfiletype) & (_REDUCED | _MASK) == 0
        return whole and sub.imagewidth * sub.imagelength > page.imagewidth * page.imagelength
    return False


def is_level(level: TiffRaster, full: TiffRaster) -> bool:
    """Tell whether a page shows the same as another one, only smaller."""
    same = level.mode == full.mode and level.channels == full.channels
    if not same or level.width >= full.width:
        return False
    skew = abs(level.width * full.height - level.height * full.width)
    return skew <= max(full.width, full.height)


def find_turn(page: Any) -> Turn | None:
    """Return how the stored page is turned upright; None where it is already."""
    tag = page.tags.get(_ORIENTATION)
    return TURNS.get(int(tag.value)) if tag is not None and isinstance(tag.value, int) else None

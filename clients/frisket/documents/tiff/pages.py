"""Which directories of a TIFF are pages, and which are smaller versions of them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from ..base.oriented import TURNS, Turn
from ..core.errors import UnreadableDocument

if TYPE_CHECKING:
    from .raster import TiffRaster

_MAX_PAGES = 1 << 16
_ORIENTATION = 274
_REDUCED = 1


def sort_pages(file: Any, path: str) -> tuple[list[Any], dict[int, list[Any]]]:
    """Return pages at full resolution, and for each the reduced versions that belong to it.

    Raises:
        UnreadableDocument: No page has pixels, or one has sides that are no numbers.
    """
    pages: list[Any] = []
    reduced: dict[int, list[Any]] = {}
    seen: set[int] = set()
    for page in file.pages:
        if page.offset in seen or len(seen) >= _MAX_PAGES:  # the chain runs in a circle
            break
        seen.add(page.offset)
        if not (isinstance(page.imagewidth, int) and isinstance(page.imagelength, int)):
            raise UnreadableDocument(path, "the sides of a page are no whole numbers")
        if not page.imagewidth or not page.imagelength:
            continue
        if pages and int(page.subfiletype) & _REDUCED:
            reduced.setdefault(len(pages) - 1, []).append(page)
            continue
        pages.append(page)
        if page.subifds:
            reduced.setdefault(len(pages) - 1, []).extend(_list_sub_pages(page))
    if not pages:
        raise UnreadableDocument(path, "no page with pixels")
    return pages, reduced


def _list_sub_pages(page: Any) -> list[Any]:
    """Return levels that hang below a page; damaged ones only cost the short cut they offer."""
    with contextlib.suppress(Exception):
        return [sub for sub in page.pages if int(sub.subfiletype) & _REDUCED]
    return []


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

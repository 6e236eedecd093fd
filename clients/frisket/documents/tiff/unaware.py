"""What a TIFF says that knows nothing of an alpha or a page spliced into it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core.model import Layer
from .page import UNASSOCIATED, list_extras

if TYPE_CHECKING:
    from .document import TiffDocument

_GDAL_NODATA = 42113


def tell_alpha_lost(document: TiffDocument, output: Path, layers: Sequence[Layer]) -> list[str]:
    """Return what a page with an alpha goes without, since its description says nothing of it."""
    [layer] = layers
    number = document.page_number(layer)
    return list(
        _tell_alpha(document, document.pages[number], len(document.reduced.get(number, ())))
    )


def _tell_alpha(document: TiffDocument, page: Any, reduced: int) -> Iterator[str]:
    extras = list_extras(page)
    if reduced:
        which = f"its {reduced} smaller versions" if reduced > 1 else "its smaller version"
        yield f"the alpha in {which}, which programs show from afar"
    if UNASSOCIATED not in extras:
        name = _name_description(document)
        if name:
            yield f"a word on the alpha in its {name}"
        if extras:
            yield "an effect of the alpha where the first extra sample is taken for transparency"
    if _GDAL_NODATA in page.tags:
        yield "an effect of the alpha in GDAL, which hides what has its nodata value instead"


def tell_page_lost(document: TiffDocument, output: Path, layers: Sequence[Layer]) -> list[str]:
    """Return what a file with one more page goes without."""
    name = _name_description(document)
    return [f"a word on the page in its {name}"] if name else []


def _name_description(document: TiffDocument) -> str:
    """Return what describes all pages of a file at once; nothing where nothing does."""
    text = document.pages[0].description
    if not isinstance(text, str):
        return ""
    if text.lstrip().startswith("<") and "<OME" in text[:2048]:
        return "OME-XML"
    return "ImageJ description" if text.startswith("ImageJ=") else ""

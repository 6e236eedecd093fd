"""A TIFF file as a document: one layer per page."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from typing import Any

from ..base import BaseDocument
from ..errors import DocumentError, LayerNotFound, UnreadableDocument
from ..model import Layer
from .page import samples_of
from .raster import TiffRaster

_MAX_PAGES = 4096


class TiffDocument(BaseDocument):
    """A TIFF or BigTIFF file, opened lazily."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__(path)
        self.format = "TIFF"
        self._rasters: dict[int, TiffRaster] = {}
        self._file = _open(self.path)
        try:
            self._begin()
        except DocumentError:
            self.close()
            raise
        except Exception as error:
            self.close()
            raise _damaged(self.path, error) from error

    def _begin(self) -> None:
        self.size = os.path.getsize(self.path)
        self.pages: list[Any] = _full_pages(self._file, self.path)
        first = self.pages[0]
        self.width, self.height = first.imagewidth, first.imagelength
        self.mode = samples_of(first).mode
        self.icc_profile = first.iccprofile or None
        self.depth = self._raster_of(0).depth

    def _layers(self) -> Sequence[Layer]:
        single = len(self.pages) == 1
        return [self._layer(number, page, single) for number, page in enumerate(self.pages)]

    def _layer(self, number: int, page: Any, single: bool) -> Layer:
        samples = samples_of(page)
        name = "Image" if single else f"Page {number + 1}"
        return Layer(
            id=number + 1,
            path=name,
            name=name,
            kind="image" if single else "page",
            x=0,
            y=0,
            width=page.imagewidth,
            height=page.imagelength,
            visible=True,
            blend_mode="normal",
            has_mask=False,
            depth=_depth(page),
            mode=samples.mode,
            has_alpha=samples.alpha,
        )

    def raster(self, layer: Layer) -> TiffRaster:
        """The pixels of a page."""
        number = layer.id - 1
        if not 0 <= number < len(self.pages):
            raise LayerNotFound(self.path, f"#{layer.id}", [one.path for one in self.layers])
        return self._raster_of(number)

    def _raster_of(self, number: int) -> TiffRaster:
        if number not in self._rasters:
            descriptor = self._file.filehandle.fileno()
            page = self.pages[number]
            self._rasters[number] = TiffRaster(self.path, descriptor, self.size, page)
        return self._rasters[number]

    def close(self) -> None:
        """Close the file; rasters cannot be read afterwards."""
        self._file.close()


def _depth(page: Any) -> int:
    if page.dtype is None:
        return 8
    return 32 if page.dtype.kind == "f" else min(32, page.dtype.itemsize * 8)


def _open(path: str) -> Any:
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        return tifffile.TiffFile(path)
    except OSError as error:
        raise UnreadableDocument(path, error.strerror or str(error)) from error
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: str, error: Exception) -> UnreadableDocument:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableDocument(path, f"not a sound TIFF file ({reason})")


def _full_pages(file: Any, path: str) -> list[Any]:
    """Pages at full resolution: reduced versions of them are left out."""
    pages = []
    for number, page in enumerate(file.pages):
        if number >= _MAX_PAGES:
            break
        reduced = number > 0 and bool(int(page.subfiletype) & 1)
        if not reduced and page.imagewidth and page.imagelength:
            pages.append(page)
    if not pages:
        raise UnreadableDocument(path, "no page with pixels")
    return pages

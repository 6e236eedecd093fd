"""A TIFF file as a document: one layer per page."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ..base import BaseDocument, BaseRaster
from ..errors import DocumentError, LayerNotFound, UnreadableDocument
from ..model import Layer
from ..oriented import OrientedRaster
from .page import samples_of
from .pages import is_level, sort_pages, turn_of
from .raster import TiffRaster


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
        self.size = Path(self.path).stat().st_size
        self.pages, self._reduced = sort_pages(self._file, self.path)
        first = self.pages[0]
        raster = self._raster_of(0)
        self.width, self.height = raster.width, raster.height
        self.mode, self.depth = raster.mode, raster.depth
        self.icc_profile = first.iccprofile or None

    def _layers(self) -> Sequence[Layer]:
        single = len(self.pages) == 1
        return [self._layer(number, page, single) for number, page in enumerate(self.pages)]

    def _layer(self, number: int, page: Any, single: bool) -> Layer:
        samples = samples_of(page)
        name = "Image" if single else f"Page {number + 1}"
        turn = turn_of(page)
        size = page.imagewidth, page.imagelength
        width, height = size[::-1] if turn and turn.transposed else size
        return Layer(
            id=number + 1,
            path=name,
            name=name,
            kind="image" if single else "page",
            x=0,
            y=0,
            width=width,
            height=height,
            visible=True,
            blend_mode="normal",
            has_mask=False,
            depth=_depth(page),
            mode=samples.mode,
            has_alpha=samples.alpha,
        )

    def raster(self, layer: Layer) -> BaseRaster:
        """The pixels of a page, upright."""
        number = layer.id - 1
        if not 0 <= number < len(self.pages):
            raise LayerNotFound(self.path, f"#{layer.id}", [one.path for one in self.layers])
        return self._raster_of(number)

    def _raster_of(self, number: int) -> BaseRaster:
        stored = self.stored(number)
        turn = turn_of(self.pages[number])
        return stored if turn is None else OrientedRaster(stored, turn)

    def stored(self, number: int) -> TiffRaster:
        """The pixels of a page as they are stored, whatever its orientation."""
        if number not in self._rasters:
            raster = self._new_raster(self.pages[number])
            raster.levels = self._levels(number, raster)
            self._rasters[number] = raster
        return self._rasters[number]

    def _new_raster(self, page: Any) -> TiffRaster:
        return TiffRaster(self.path, self._file.filehandle.fileno(), self.size, page)

    def _levels(self, number: int, raster: TiffRaster) -> list[TiffRaster]:
        """Reduced versions of a page, smallest first."""
        found = []
        for page in self._reduced.get(number, ()):
            with contextlib.suppress(DocumentError):
                level = self._new_raster(page)
                if is_level(level, raster):
                    found.append(level)
        return sorted(found, key=lambda level: level.width)

    def rasters(self) -> Iterator[tuple[Any, TiffRaster]]:
        """Every page with its stored pixels; pages that cannot be read are left out."""
        for number, page in enumerate(self.pages):
            with contextlib.suppress(DocumentError):
                yield page, self.stored(number)

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

"""How a page takes an alpha: as it is stored, or in plain samples where that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core.errors import UnsupportedDocument
from ..core.model import Rect
from ..core.results import ResultOptions
from ..io.source import Source
from .directory import Directory, Layout, read_directory, read_layout
from .encode import DEFLATE, KEPT, Coding
from .page import JPEG, UNASSOCIATED, list_extras
from .plain import PlainRaster, can_be_plain

if TYPE_CHECKING:
    from .document import TiffDocument
    from .raster import TiffRaster

DIRECTORY_ROOM = 1 << 20
_LARGEST = 32 << 20
_TILE = 512
_MODES = ("RGB", "GRAY", "CMYK", "LAB")


@dataclass(frozen=True)
class PagePlan:
    """The page an alpha goes to, and how its segments will be stored.

    Attributes:
        raster: Its pixels as they are stored, or in plain samples where they are converted.
        page: The page itself.
        layout: Byte order and width of the file's numbers.
        directory: Its raw entries.
        coding: How new segments are packed.
        width: Columns of a new segment.
        height: Rows of one.
        tiled: Whether they are tiles.
        samples: Samples of a pixel with the alpha.
        replaced: Which of them the alpha takes the place of; None where it is one more.
        multiplied: Whether that one is multiplied with the alpha.
        extras: What the samples after the colours are, before the alpha is added.
        photometric: The new photometric of a page that is converted.
        dropped: Tags that tell of samples as they were before that.
    """

    raster: TiffRaster | PlainRaster
    page: Any
    layout: Layout
    directory: Directory
    coding: Coding
    width: int
    height: int
    tiled: bool
    samples: int
    replaced: int | None
    multiplied: bool
    extras: tuple[int, ...]
    photometric: int | None
    dropped: tuple[int, ...]

    @property
    def copied(self) -> bool:
        """Whether the segments of the other samples stay where they are."""
        return self.raster.geometry.planar and int(self.page.compression) == self.coding.compression

    @property
    def room(self) -> int:
        """Bytes that the new segments and the directory take at most."""
        raster = self.raster
        raw = raster.width * raster.height * self.samples * raster.dtype.itemsize
        return raw + DIRECTORY_ROOM

    def rects(self) -> Iterator[Rect]:
        """Yield the segments of the new page, cropped to it."""
        for y in range(0, self.raster.height, self.height):
            for x in range(0, self.raster.width, self.width):
                yield Rect(
                    x, y, min(self.width, self.raster.width - x),
                    min(self.height, self.raster.height - y),
                )  # fmt: skip


def plan_alpha(
    document: TiffDocument, source: Source, number: int, options: ResultOptions
) -> PagePlan:
    """Return how page ``number`` takes an alpha.

    Raises:
        UnsupportedDocument: Its samples cannot be extended, or its alpha not be replaced.
        UnreadableDocument: Its directory cannot be read.
    """
    raster, page = document.open_stored(number), document.pages[number]
    reason = _explain_refusal(page, raster)
    if reason and not (options.convert and can_be_plain(raster, page)):
        more = "--convert, " if can_be_plain(raster, page) else ""
        raise UnsupportedDocument(
            document.path, reason, advice=f"use {more}--as page or --as matte"
        )
    layout = read_layout(source)
    directory = read_directory(source, layout, page.offset)
    if reason:
        return _plan_plain(PlainRaster(raster, page), page, layout, directory, options)
    if options.existing == "replace":
        _check_replaced(document, page, raster)
    return _plan_stored(raster, page, layout, directory, options)


def _plan_stored(
    raster: TiffRaster, page: Any, layout: Layout, directory: Directory, options: ResultOptions
) -> PagePlan:
    shape = raster.geometry
    lossless = int(page.compression) in KEPT
    compression = int(page.compression) if lossless else DEFLATE
    predictor = int(page.predictor) if lossless else 1
    coding = Coding(compression, predictor, layout.order, reversed_bits=int(page.fillorder) == 2)
    # Premultiplied colours belong to the alpha they were multiplied by: that pair is kept.
    extras = list_extras(page)
    first = shape.samples - len(extras)
    replaced = first + extras.index(UNASSOCIATED) if UNASSOCIATED in extras else None
    samples = shape.samples + (replaced is None)
    width, height, tiled = shape.tile_width, shape.tile_height, shape.tiled
    if width * height * samples * raster.dtype.itemsize > _LARGEST and not shape.planar:
        width = height = _TILE
        tiled = True
    return PagePlan(
        raster, page, layout, directory, coding, width, height, tiled, samples, replaced,
        multiplied=options.existing != "replace", extras=extras, photometric=None,
        dropped=(),
    )  # fmt: skip


def _plan_plain(
    raster: PlainRaster, page: Any, layout: Layout, directory: Directory, options: ResultOptions
) -> PagePlan:
    own, shape = raster.samples.alpha, raster.geometry
    coding = Coding(DEFLATE, 1 if raster.dtype.kind == "f" else 2, layout.order)
    return PagePlan(
        raster, page, layout, directory, coding, shape.tile_width, shape.tile_height,
        tiled=True, samples=shape.samples + (not own), replaced=shape.samples - 1 if own else None,
        multiplied=options.existing != "replace", extras=(UNASSOCIATED,) if own else (),
        photometric=raster.photometric, dropped=raster.dropped,
    )  # fmt: skip


def _explain_refusal(page: Any, raster: TiffRaster) -> str:
    """Return why the page's samples cannot carry an alpha as they are; nothing where they can."""
    if raster.mode not in _MODES:
        return f"{raster.mode} pixels cannot carry an alpha"
    if int(page.compression) in JPEG:
        return "JPEG-compressed pixels would have to be decoded to carry an alpha"
    if page.bitspersample not in (8, 16, 32) or page.dtype.kind not in "uf":
        kind = {"i": "signed samples", "f": "floats"}.get(page.dtype.kind, "samples")
        return f"{kind} of {page.bitspersample} bits cannot carry an alpha"
    return ""


def _check_replaced(document: TiffDocument, page: Any, raster: TiffRaster) -> None:
    """Refuse to replace the only alpha where the colours were multiplied by it: they need it."""
    if raster.samples.premultiplied and UNASSOCIATED not in list_extras(page):
        raise UnsupportedDocument(
            document.path,
            "--existing replace is not possible where colours are multiplied by the old alpha",
            advice="use --existing multiply, --as page or --as matte",
        )

"""A TIFF file as a document: one layer per page."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.document import BaseDocument
from ..base.oriented import OrientedRaster
from ..base.raster import BaseRaster
from ..base.writer import ResultWriter
from ..core.errors import DocumentError, LayerNotFound, UnreadableDocument
from ..core.model import AlphaSource, Layer, Rect
from ..core.results import ResultOptions
from ..psd.rasters import build_node_raster, is_blank, read_mask
from .layered import LayeredBlock, read_block
from .opaque import OpaqueRaster
from .page import describe_samples
from .pages import find_turn, is_level, sort_pages
from .raster import TiffRaster

if TYPE_CHECKING:
    from ..core.pixels import Pixels
    from ..encode.beside import Beside
    from .splice_resources import TiffResources

_PAGE_IDS = 1_000_001
# The kinds of result that a document takes, and the module that splices each.
_SPLICED = {"alpha": ".splice_alpha", "mask": ".splice_mask", "page": ".splice_page"}
_SPLICED_INTO_PAGES = ("alpha", "page")
_SPLICED_BESIDE = ("page",)  # where the picture hangs below its preview
_SPLICED_INTO_LAYERS = ("mask", "page")


class TiffDocument(BaseDocument):
    """A TIFF or BigTIFF file, opened lazily."""

    suffixes = (".tif", ".tiff")

    def __init__(self, path: str | os.PathLike[str], encoding: str = "") -> None:
        """Index the file at ``path``; ``encoding`` is that of names without a Unicode form."""
        super().__init__(path)
        self.encoding = encoding
        self.format = "TIFF"
        self._rasters: dict[int, TiffRaster] = {}
        self._file = _open_file(self.path)
        with contextlib.ExitStack() as undo, _name_damage(self.path):
            undo.callback(self.close)
            self.size = Path(self.path).stat().st_size
            self.pages, self.reduced = sort_pages(self._file, self.path)
            first = self._open_upright(0)
            self.width, self.height = first.width, first.height
            self.mode, self.depth = first.mode, first.depth
            self.icc_profile = self.pages[0].iccprofile or None
            undo.pop_all()

    def _list_layers(self) -> Sequence[Layer]:
        with _name_damage(self.path):  # tags of the wrong type are found only when they are used
            inner = [node.layer for node in self.layered.nodes] if self.layered else []
            single = len(self.pages) == 1
            pages = [
                self._describe_page(number, page, single) for number, page in enumerate(self.pages)
            ]
            return inner + pages

    def carries(self, layer: Layer) -> frozenset[str]:
        """Return what can be spliced in: pages take an alpha, layers inside the first a mask."""
        if not _is_page(layer):
            return frozenset(_SPLICED_INTO_LAYERS)
        page = self.pages[self.page_number(layer)]
        below = getattr(page, "treeindex", (0,))[1:]
        return frozenset(_SPLICED_BESIDE if below else _SPLICED_INTO_PAGES)

    def open_mask(self, layer: Layer) -> AlphaSource | None:
        """Return the mask of pixels that a layer inside the first page carries."""
        from ..psd.splice_mask import open_mask

        inside = self.layered is not None and layer.has_mask and not _is_page(layer)
        return open_mask(self.layered, layer) if self.layered and inside else None

    def carry_resources(self, layer: Layer) -> TiffResources:
        """Return the image resources of the layer's page; those inside the first are its own."""
        from .splice_resources import TiffResources

        return TiffResources(self, self.page_number(layer) if _is_page(layer) else 0)

    def _find_writer(self, kind: str) -> ResultWriter[TiffDocument]:
        module = import_module(_SPLICED[kind], __package__)
        writer: ResultWriter[TiffDocument] = module.WRITER
        return writer

    @cached_property
    def layered(self) -> LayeredBlock | None:
        """Photoshop's layers inside the first page; None where there are none, or damaged ones."""
        with contextlib.suppress(DocumentError):  # the page is sound without them
            return read_block(self)
        return None

    @property
    def _first_id(self) -> int:
        """Ids of pages begin above those of layers."""
        return _PAGE_IDS if self.layered else 1

    def _describe_page(self, number: int, page: Any, single: bool) -> Layer:
        samples = describe_samples(page)
        name = "Image" if single else f"Page {number + 1}"
        turn = find_turn(page)
        size = page.imagewidth, page.imagelength
        width, height = size[::-1] if turn and turn.transposed else size
        return Layer(
            id=number + self._first_id,
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
            depth=_tell_depth(page),
            mode=samples.mode,
            has_alpha=samples.alpha,
        )

    def _is_blank(self, layer: Layer) -> bool:
        block = None if _is_page(layer) else self.layered
        return block is not None and is_blank(block, block.find_node(layer).record)

    def raster(self, layer: Layer) -> BaseRaster:
        """Return the pixels of a page, upright, or of a layer inside the first one."""
        if self.layered is not None and not _is_page(layer):
            return build_node_raster(self.layered, self.layered.find_node(layer))
        return self._open_upright(self.page_number(layer))

    def read_mask(self, layer: Layer, rect: Rect) -> Pixels | None:
        """Return a rectangle of ``layer`` as its mask lets it through, or None without one."""
        if self.layered is None or _is_page(layer):
            return None
        return read_mask(self.layered, self.layered.find_node(layer).record, rect)

    def tell_beside(self, layer: Layer) -> Beside:
        """Return resolution, EXIF, XMP and IPTC of the layer's page."""
        from .beside import read_beside

        inner = self.layered is not None and not _is_page(layer)
        page = self.pages[0 if inner else self.page_number(layer)]
        return read_beside(self._file.filehandle.fileno(), page, describe_samples(page))

    def show(self, layer: Layer, kind: str, options: ResultOptions) -> BaseRaster:
        """Return a page without the transparency that a new alpha replaces."""
        if kind != "alpha" or options.existing != "replace" or not layer.has_alpha:
            return self.raster(layer)
        number = self.page_number(layer)
        page = self.pages[number]
        if describe_samples(page).premultiplied:  # that alpha stays
            return self.raster(layer)
        with _name_damage(self.path):
            stored = OpaqueRaster(self.path, self._file.filehandle.fileno(), self.size, page)
        turn = find_turn(page)
        return stored if turn is None else OrientedRaster(stored, turn)

    def page_number(self, layer: Layer) -> int:
        """Return which page a layer stands for.

        Raises:
            LayerNotFound: It is none of this document's pages.
        """
        number = layer.id - self._first_id
        if not 0 <= number < len(self.pages):
            raise LayerNotFound(self.path, f"#{layer.id}", [one.path for one in self.layers])
        return number

    def _open_upright(self, number: int) -> BaseRaster:
        stored = self.open_stored(number)
        turn = find_turn(self.pages[number])
        return stored if turn is None else OrientedRaster(stored, turn)

    def open_stored(self, number: int) -> TiffRaster:
        """Return the pixels of a page as they are stored, whatever its orientation."""
        if number not in self._rasters:
            raster = self.open_page(self.pages[number])
            raster.levels = self._find_levels(number, raster)
            self._rasters[number] = raster
        return self._rasters[number]

    def open_page(self, page: Any) -> TiffRaster:
        """Return a page, or a reduced version of one, as it is stored."""
        with _name_damage(self.path):
            return TiffRaster(self.path, self._file.filehandle.fileno(), self.size, page)

    def _find_levels(self, number: int, raster: TiffRaster) -> list[TiffRaster]:
        """Return reduced versions of a page, smallest first."""
        found = []
        for page in self.reduced.get(number, ()):
            with contextlib.suppress(DocumentError):
                level = self.open_page(page)
                if is_level(level, raster):
                    found.append(level)
        return sorted(found, key=lambda level: level.width)

    def open_rasters(self) -> Iterator[tuple[Any, TiffRaster]]:
        """Yield every page with its stored pixels; pages that cannot be read are left out."""
        for number, page in enumerate(self.pages):
            with contextlib.suppress(DocumentError):
                yield page, self.open_stored(number)

    def close(self) -> None:
        """Close the file; rasters cannot be read afterwards."""
        if self.__dict__.get("layered") is not None:
            self.__dict__["layered"].source.close()
        self._file.close()


def _is_page(layer: Layer) -> bool:
    return layer.kind in ("page", "image")


def _tell_depth(page: Any) -> int:
    if page.dtype is None:
        return 8
    return 32 if page.dtype.kind == "f" else min(32, page.dtype.itemsize * 8)


def _open_file(path: str) -> Any:
    import tifffile

    logging.getLogger("tifffile").setLevel(logging.CRITICAL)
    try:
        return tifffile.TiffFile(path)
    except OSError as error:
        raise UnreadableDocument(path, error.strerror or str(error)) from error
    except Exception as error:
        raise _refuse_damaged(path, error) from error


@contextlib.contextmanager
def _name_damage(path: str) -> Iterator[None]:
    """Turn whatever a damaged file makes its parser raise into one error that says so."""
    try:
        yield
    except DocumentError:
        raise
    except Exception as error:
        raise _refuse_damaged(path, error) from error


def _refuse_damaged(path: str, error: Exception) -> UnreadableDocument:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return UnreadableDocument(path, f"not a sound TIFF file ({reason})")

"""The way in: a layer and its matte become mapped files that libvips reads by region."""

from __future__ import annotations

import errno
import math
import mmap
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frisket.documents import AlphaSource, ColourSource, Document, Layer, PlaceError, Rect
from frisket.documents.base.raster import BaseRaster
from frisket.documents.colour.profile import CHANNELS, find_fault
from frisket.documents.core.pixels import Pixels, convert_depth
from frisket.protocol.heap import empty_the_heap

from .geometry import Box
from .space import Space
from .vips import TYPES, Image, to_array, wrap_map

# From this share of opacity on a pixel belongs to the subject's box: stray haze does not.
_SEEN = 0.05
_EVICT_S = 0.01
_FRESH_BYTES = 8 << 20
_ROWS, _LEAST_ROWS = 512, 64
_BAND_PIXELS, _HALO_PIXELS = 2 << 20, 1 << 20  # what looks around takes several copies
_BAND_BYTES, _BAND_COLUMNS = 16 << 20, 8192
Seen = Callable[[int], None]
Progress = Callable[[str, int, int], None]
"""Called with a stage, what is done, and of how much."""


class Mapped:
    """Samples in a temporary file without a name, mapped into memory.

    Args:
        width, height, bands: the shape.
        form: uchar, ushort or float.
    """

    def __init__(self, width: int, height: int, bands: int, form: str) -> None:
        self._shape = (width, height, bands, form)
        kind = TYPES[form]
        self._file = tempfile.TemporaryFile(prefix="frisket-")  # noqa: SIM115
        _reserve(self._file.fileno(), width * height * bands * kind.itemsize)
        self._map = mmap.mmap(self._file.fileno(), 0)
        self._fresh = 0  # bytes written since they were last let go
        flat = np.frombuffer(self._map, kind)
        self._values = flat.reshape(height, width, bands)

    def write(self, rect: Rect, values: Pixels) -> None:
        """Put samples (height, width, bands) into a rectangle."""
        self._values[rect.y : rect.bottom, rect.x : rect.right] = values
        self._fresh += values.nbytes
        if self._fresh > _FRESH_BYTES:
            self.forget()
            self._fresh = 0

    def show(self) -> Image:
        """Return them as an image; nothing more may be written."""
        return wrap_map(self._map, *self._shape)

    def forget(self) -> None:
        """Let the system take back the memory of what was used; the file keeps it."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)

    def close(self) -> None:
        """Give the file back; the mapping goes when no image uses it any more."""
        self._file.close()


def _reserve(descriptor: int, size: int) -> None:
    """Give a file its size, and the disk's room for it: a mapping that finds none ends the process.

    Raises:
        PlaceError: there is no room in the temporary folder.
    """
    folder = tempfile.gettempdir()
    try:
        if shutil.disk_usage(folder).free < size:
            raise OSError(errno.ENOSPC, "no space left")
        os.truncate(descriptor, size)
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        raise PlaceError(
            folder, f"there is no room for {size / 1e6:.0f} MB of a picture while it is worked on",
            advice="make room, or name another folder with TMPDIR",
        ) from error  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A picture in libvips.

    Attributes:
        colours: straight colours, the edge's cleaned where there are such.
        alpha: opacity, one band in the same depth; None where everything is opaque.
        original: the colours as they are in the document.
        space: what the colours mean.
        box: what the alpha shows; None where it shows nothing.
    """

    colours: Image
    alpha: Image | None
    original: Image
    space: Space
    box: Box | None


def describe_space(document: Document, layer: Layer) -> tuple[Space, str]:
    """Return what a layer's samples become here, and a note where that is not what they are.

    RGB, grey and CMYK of 8 and 16 bits stay; everything else becomes sRGB of 16 bits, palettes
    the RGB of 8 bits that they hold.
    """
    form = document.describe_pixels(layer)
    if form.mode not in CHANNELS or form.depth > 16:
        kind = f"{form.mode} of {form.depth} bits"
        return Space("RGB", 16), f"{document.path}: {kind} is converted to sRGB of 16 bits"
    indexed = document.mode in ("INDEXED", "DUOTONE")
    icc = None if indexed else document.icc_profile
    fault = find_fault(icc, form.mode)
    note = f"{document.path}: {fault}, so it is left out; colours count as sRGB" if fault else ""
    if fault and form.mode == "CMYK":
        note = f"{document.path}: {fault}, so it is left out"
    return Space(form.mode, form.depth, None if fault else icc), note


class Workplace:
    """Holds the mapped files and the folder of one finish; a context.

    Args:
        progress: for steps that take long.

    Attributes:
        folder: for small files, such as profiles.
    """

    def __init__(self, progress: Progress = lambda stage, done, total: None) -> None:
        self.progress = progress
        self._stack = ExitStack()
        self._planes: list[Mapped] = []
        self._over = threading.Event()

    def __enter__(self) -> Workplace:
        self.folder = Path(
            self._stack.enter_context(tempfile.TemporaryDirectory(prefix="frisket-"))
        )
        keeper = threading.Thread(target=self._forget_often, daemon=True)
        keeper.start()
        self._stack.callback(keeper.join)
        self._stack.callback(self._over.set)
        return self

    def make_folder(self) -> Path:
        """Return a new empty folder that goes with the rest."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def _forget_often(self) -> None:
        """Keep what was read from mapped files out of memory, whichever step reads it."""
        while not self._over.wait(_EVICT_S):
            self.forget()

    def forget(self) -> None:
        """Let the system take back the memory of what was read so far."""
        for plane in tuple(self._planes):
            plane.forget()

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def read(
        self,
        document: Document,
        layer: Layer,
        matte: AlphaSource | None,
        colours: ColourSource | None = None,
        seen: Seen = lambda pixels: None,
    ) -> Subject:
        """Read a layer once, from top to bottom.

        Args:
            document: where the layer is from.
            layer: what to read.
            matte: of the layer's size; multiplied by its own transparency. None for that alone.
            colours: cleaned colours of the edge.
            seen: called with the number of pixels of each block that was read.
        """
        space, _ = describe_space(document, layer)
        raster = document.raster(layer)
        reader = _Reader(raster, matte, colours, space)
        bands = [space.channels, *[1] * reader.has_alpha, *[space.channels] * (colours is not None)]
        size = (raster.width, raster.height)
        planes = [self._open_plane(*size, one, space.form) for one in bands]
        census = _Census(raster.width, raster.height)
        for x, y, block in raster.blocks():
            reader.read(Rect(x, y, block.shape[1], block.shape[0]), block, planes, census)
            seen(block.shape[0] * block.shape[1])
        images = [plane.show() for plane in planes]
        empty_the_heap()  # of what the threads that decoded have left
        return _compose(images, reader, census)

    def _open_plane(self, width: int, height: int, bands: int, form: str) -> Mapped:
        plane = Mapped(width, height, bands, form)
        self._planes.append(plane)
        self._stack.callback(plane.close)
        return plane

    def keep(self, image: Image, cost: int = 1) -> Image:
        """Compute an image into a mapped file, to be read many times; see `compute`."""
        return self.compute(image, lambda rows: rows, cost=cost)

    def compute(
        self, image: Image, change: Callable[[Pixels], Pixels], halo: int = 0, cost: int = 1
    ) -> Image:
        """Compute an image, changed by a function of arrays, into a mapped file.

        What was read is let go of part by part: by the clock alone that may come too late.

        Args:
            image: uchar, ushort or float.
            change: returns rows (height, width, bands) of the same shape and type.
            halo: how many rows above and below a pixel it depends on.
            cost: how many pixels of mapped files each pixel is made of.
        """
        plane = self._open_plane(image.width, image.height, image.bands, image.format)
        for rect in _split(image, halo, cost):
            top, bottom = max(0, rect.y - halo), min(image.height, rect.bottom + halo)
            part = image.crop(rect.x, top, rect.width, bottom - top)
            plane.write(rect, change(to_array(part))[rect.y - top :][: rect.height])
            self.forget()
        kept = plane.show().copy(
            interpretation=image.interpretation, xres=image.xres, yres=image.yres
        )
        for name in image.get_fields():
            if name.endswith("-data"):
                kept.set_type(image.get_typeof(name), name, image.get(name))
        return kept


def _split(image: Image, halo: int, cost: int) -> Iterator[Rect]:
    """Yield the parts that an image is computed in; see `Workplace.compute`.

    What looks around takes whole rows; libvips holds some for each step that a part goes through.
    """
    columns = max(1, min(_BAND_COLUMNS // math.isqrt(cost), _BAND_PIXELS // cost))
    across = image.width if halo else min(image.width, columns)
    most: int = (_HALO_PIXELS if halo else _BAND_PIXELS) // (across * cost)
    held: int = _BAND_BYTES // (across * image.bands * TYPES[image.format].itemsize)
    rows = max(_LEAST_ROWS if halo else 1, min(_ROWS, most, held))
    for y in range(0, image.height, rows):
        for x in range(0, image.width, across):
            yield Rect(x, y, min(across, image.width - x), min(rows, image.height - y))


def _compose(images: list[Image], reader: _Reader, census: _Census) -> Subject:
    name = reader.space.name
    colours = images[0].copy(interpretation=name)
    cleaned = reader.colours is not None
    whole = Box(0, 0, reader.raster.width, reader.raster.height)
    return Subject(
        colours=colours,
        alpha=images[1] if reader.has_alpha else None,
        original=images[-1].copy(interpretation=name) if cleaned else colours,
        space=reader.space,
        box=census.find_box() if reader.has_alpha else whole,
    )


@dataclass(frozen=True)
class _Reader:
    """Turns bands of a raster into what the mapped files hold."""

    raster: BaseRaster
    matte: AlphaSource | None
    colours: ColourSource | None
    space: Space

    @property
    def has_alpha(self) -> bool:
        return self.matte is not None or self.raster.has_alpha

    def read(self, rect: Rect, block: Pixels, planes: list[Mapped], census: _Census) -> None:
        straight = self._straighten(block)
        own, rest = np.split(straight, [self.space.channels], axis=-1)
        cleaned = own if self.colours is None else self.colours.read(rect, own)
        planes[0].write(rect, cleaned)
        if self.colours is not None:
            planes[-1].write(rect, own)
        if self.has_alpha:
            alpha = self._multiply(rest, rect)
            census.take(rect, alpha)
            planes[1].write(rect, alpha[..., None])

    def _straighten(self, block: Pixels) -> Pixels:
        colour = self.raster.colour
        form = self.raster.form
        if form.mode not in CHANNELS or form.depth > 16:
            return convert_depth(colour.native_to_srgb(block), 16)
        return colour.to_straight(block)

    def _multiply(self, rest: Pixels, rect: Rect) -> Pixels:
        """Return the matte times the layer's own transparency, in the space's depth."""
        if self.matte is None:
            return rest[..., 0]
        solid = self.matte.solid(rect)
        if solid == 0:
            return np.zeros((rect.height, rect.width), f"u{self.space.depth // 8}")
        alpha = convert_depth(self.matte.read(rect), self.space.depth)
        if not rest.shape[-1]:
            return alpha
        peak = self.space.peak
        product = (alpha.astype(np.uint64) * rest[..., 0] + peak // 2) // peak
        return np.asarray(product.astype(alpha.dtype))


class _Census:
    """Finds the box of what an alpha shows, band by band."""

    def __init__(self, width: int, height: int) -> None:
        self._columns = np.zeros(width, bool)
        self._rows = np.zeros(height, bool)

    def take(self, rect: Rect, alpha: Pixels) -> None:
        seen = alpha >= np.iinfo(alpha.dtype).max * _SEEN
        self._columns[rect.x : rect.right] |= seen.any(axis=0)
        self._rows[rect.y : rect.bottom] |= seen.any(axis=1)

    def find_box(self) -> Box | None:
        columns, rows = np.flatnonzero(self._columns), np.flatnonzero(self._rows)
        if not len(columns):
            return None
        return Box(int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)

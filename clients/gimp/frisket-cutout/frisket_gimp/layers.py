"""Reads GIMP's layers, masks and selections through GEGL, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from gi.repository import Babl, Gegl, Gimp

from frisket.client.options import LayerSpec, describe_layer
from frisket.hosts.planes import raise_to, split_area
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect, proxy_size

# Whole layers are never read at once: GEGL would hold them twice.
_BLOCK_ROWS, _BLOCK_COLUMNS = 128, 256
_EIGHT_BITS = (
    Gimp.Precision.U8_LINEAR,
    Gimp.Precision.U8_NON_LINEAR,
    Gimp.Precision.U8_PERCEPTUAL,
)


def is_deep(image: Gimp.Image) -> bool:
    """Tell whether an image holds more than 8 bits a sample."""
    return image.get_precision() not in _EIGHT_BITS


class LayerReader:
    """A layer (or a group, as it looks) as sRGB, whatever it is stored as.

    Args:
        layer: the layer.
        deep: tiles have 16 bits a sample.
        check: raises what has to be said before a layer is read that is not there any more.
    """

    def __init__(
        self, layer: Gimp.Layer, deep: bool, check: Callable[[], None] = lambda: None
    ) -> None:
        self._check = check
        self._buffer = layer.get_buffer()
        self._alpha = layer.has_alpha()
        self._deep = deep
        self.width, self.height = layer.get_width(), layer.get_height()
        self.proxy_width, self.proxy_height = proxy_size(self.width, self.height)

    @property
    def spec(self) -> LayerSpec:
        """Sizes and formats for the server."""
        return describe_layer(
            self.width,
            self.height,
            PixelFormat.RGB16 if self._deep else PixelFormat.RGB8,
            PixelFormat.RGBA8 if self._alpha else PixelFormat.RGB8,
        )

    def proxy(self) -> bytes:
        """Return the layer reduced by GEGL's own pyramid."""
        self._check()
        babl = "R'G'B'A u8" if self._alpha else "R'G'B' u8"
        size = (self.proxy_width, self.proxy_height)
        return reduce_buffer(self._buffer, size, find_scale(self.spec), babl)

    def read_tile(self, rect: TileRect) -> bytes:
        """Return the rows of a rectangle."""
        self._check()
        babl = "R'G'B' u16" if self._deep else "R'G'B' u8"
        return self._buffer.get(to_rectangle(rect), 1.0, babl, Gegl.AbyssPolicy.CLAMP)


def to_rectangle(rect: TileRect) -> Gegl.Rectangle:
    """Return GEGL's form of a rectangle."""
    return Gegl.Rectangle.new(rect.x, rect.y, rect.width, rect.height)


def find_scale(spec: LayerSpec) -> float:
    """Return how much smaller a layer's proxy is, by its longer side: the other is rounded up."""
    return max(spec.proxy_width, spec.proxy_height) / max(spec.width, spec.height)


def reduce_buffer(
    buffer: Gegl.Buffer,
    size: tuple[int, int],
    scale: float,
    babl: str,
    origin: tuple[int, int] = (0, 0),
    abyss: Gegl.AbyssPolicy = Gegl.AbyssPolicy.CLAMP,
) -> bytes:
    """Return the rows of a part of a buffer reduced by GEGL's own pyramid.

    Block by block, so that what the pyramid is made of stays in GEGL's small cache.

    Args:
        buffer: what to read.
        size: width and height of the result.
        scale: how much smaller the result is, at most 1.
        babl: format of the result.
        origin: where the part begins, in pixels of the result.
        abyss: what lies beyond the buffer.
    """
    width, height = size
    rows: list[bytes] = []
    for y in range(0, height, _BLOCK_ROWS):
        band = TileRect(origin[0], origin[1] + y, width, min(_BLOCK_ROWS, height - y))
        blocks = [buffer.get(rect, scale, babl, abyss) for rect in _split(band)]
        rows += _join(blocks, band.height)
    return b"".join(rows)


def _split(band: TileRect) -> list[Gegl.Rectangle]:
    """Return the blocks of a band from left to right."""
    return [
        Gegl.Rectangle.new(band.x + x, band.y, min(_BLOCK_COLUMNS, band.width - x), band.height)
        for x in range(0, band.width, _BLOCK_COLUMNS)
    ]


def _join(blocks: list[bytes], count: int) -> list[bytes]:
    """Return the pieces of `count` rows that run through blocks side by side."""
    strides = [len(block) // count for block in blocks]
    pairs = list(zip(blocks, strides))  # noqa: B905
    return [
        block[row * stride : (row + 1) * stride] for row in range(count) for block, stride in pairs
    ]


def make_hidden(image: Gimp.Image, size: tuple[int, int]) -> Gimp.Image:
    """Return an image that nobody sees, with the colours of another one; delete it at the end."""
    hidden = Gimp.Image.new_with_precision(*size, image.get_base_type(), image.get_precision())
    if (profile := image.get_color_profile()) is not None:
        hidden.set_color_profile(profile)
    return hidden


def copy_layer(layer: Gimp.Layer, hidden: Gimp.Image) -> Gimp.Layer:
    """Return a copy of a layer in another image of the same colours.

    GIMP ends a plug-in that reads a layer which is deleted in that moment; the copy stays, and
    shares its pixels with the layer.
    """
    copy = Gimp.Layer.new_from_drawable(layer, hidden)
    hidden.insert_layer(copy, None, 0)
    return copy


class Painting(Protocol):
    """What alpha can be painted into."""

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Paint a rectangle of alpha: coarse in 8 bits, else in the image's depth."""


@dataclass(frozen=True)
class Stencil:
    """A selection or a mask as seen from a layer: 8-bit, 0 where there is none.

    Attributes:
        buffer: the selection's or the mask's values.
        babl: how they are read.
        dx: column of the buffer at the layer's left edge.
        dy: row of the buffer at the layer's top edge.
    """

    buffer: Gegl.Buffer
    babl: str
    dx: int = 0
    dy: int = 0

    @classmethod
    def of(cls, drawable: Gimp.Drawable) -> Stencil:
        """Return the stencil of a selection or mask as it is at any time."""
        return cls(drawable.get_buffer(), name_format(drawable, deep=False))

    def freeze(self, area: TileRect) -> Stencil:
        """Return a copy that stays as it is, whatever the artist does meanwhile.

        Args:
            area: what is copied, in pixels of the buffer; beyond it the copy is 0.
        """
        extent = self.buffer.get_extent()
        size = extent.x, extent.y, extent.width, extent.height
        copy = Gegl.Buffer.new(self.babl, *size)
        for x, y, width, height in split_area(area.width, area.height, 1024):
            rect = Gegl.Rectangle.new(area.x + x, area.y + y, width, height)
            copy.set(rect, self.babl, self.buffer.get(rect, 1.0, self.babl, Gegl.AbyssPolicy.NONE))
        return replace(self, buffer=copy)

    def see_from(self, layer: Gimp.Layer) -> Stencil:
        """Return the stencil of a canvas as seen from a layer."""
        _, dx, dy = layer.get_offsets()
        return replace(self, dx=dx, dy=dy)

    def read(self, rect: TileRect) -> bytes:
        """Return the rows of a rectangle of the layer."""
        moved = TileRect(rect.x + self.dx, rect.y + self.dy, rect.width, rect.height)
        return self.buffer.get(to_rectangle(moved), 1.0, self.babl, Gegl.AbyssPolicy.NONE)

    def reduce(self, spec: LayerSpec) -> bytes:
        """Return the stencil at the proxy's size."""
        scale = find_scale(spec)
        size = (spec.proxy_width, spec.proxy_height)
        origin = (round(self.dx * scale), round(self.dy * scale))
        return reduce_buffer(self.buffer, size, scale, self.babl, origin, self._find_abyss(spec))

    def _find_abyss(self, spec: LayerSpec) -> Gegl.AbyssPolicy:
        """Return what lies beyond: of a stencil just as large as the layer, its border's values.

        A proxy's last pixels reach a little beyond the layer: what is opaque there stays so.
        """
        rect = self.buffer.get_extent()
        found = rect.x - self.dx, rect.y - self.dy, rect.width, rect.height
        is_whole = found == (0, 0, spec.width, spec.height)
        return Gegl.AbyssPolicy.CLAMP if is_whole else Gegl.AbyssPolicy.NONE


def name_format(drawable: Gimp.Drawable, deep: bool) -> str:
    """Return the babl format that hands a mask's or channel's values over unbent.

    A mask is linear; another name would apply the sRGB curve to it.
    """
    stored = Babl.format_get_encoding(drawable.get_format())
    curve = "Y'" if stored.startswith("Y'") else "Y"
    return f"{curve} u16" if deep else f"{curve} u8"


def merge_pixels(source: Gimp.Drawable, target: Gimp.Drawable) -> None:
    """Raise the values of a mask or channel to those of another one of the same size."""
    old, new = source.get_buffer(), target.get_buffer()
    babl, other = name_format(source, False), name_format(target, False)
    for piece in split_area(source.get_width(), source.get_height(), 1024):
        rect = Gegl.Rectangle.new(*piece)
        there = new.get(rect, 1.0, other, Gegl.AbyssPolicy.NONE)
        fresh = old.get(rect, 1.0, babl, Gegl.AbyssPolicy.NONE)
        new.set(rect, other, raise_to(there, fresh))
    new.flush()
    target.update(0, 0, target.get_width(), target.get_height())


def copy_pixels(source: Gimp.Drawable, target: Gimp.Drawable) -> None:
    """Copy the pixels of a layer, or of a group as it looks, into a layer of the same size."""
    old, new = source.get_buffer(), target.get_buffer()
    babl = Babl.format_get_encoding(source.get_format())
    for piece in split_area(source.get_width(), source.get_height(), 1024):
        rect = Gegl.Rectangle.new(*piece)
        new.set(rect, babl, old.get(rect, 1.0, babl, Gegl.AbyssPolicy.NONE))
    new.flush()


def copy_into(channel: Gimp.Channel, canvas: Painting, deep: bool) -> None:
    """Paint what a channel of a layer's size holds, with 8 or 16 bits."""
    buffer, babl = channel.get_buffer(), name_format(channel, deep)
    for piece in split_area(channel.get_width(), channel.get_height(), 1024):
        rect = TileRect(*piece)
        alpha = buffer.get(to_rectangle(rect), 1.0, babl, Gegl.AbyssPolicy.NONE)
        canvas.paint(rect, alpha, not deep)


def keep_selection(image: Gimp.Image) -> Stencil | None:
    """Return a copy of the image's selection as seen from the canvas; None when there is none.

    GIMP's user goes on working, and may select something else while a layer is cut out.
    """
    selected, left, top, right, bottom = Gimp.Selection.bounds(image)[1:]
    if not selected:
        return None
    return Stencil.of(image.get_selection()).freeze(TileRect(left, top, right - left, bottom - top))


def find_selection(image: Gimp.Image, layer: Gimp.Layer) -> Stencil | None:
    """Return the same as seen from a layer."""
    kept = keep_selection(image)
    return kept.see_from(layer) if kept else None

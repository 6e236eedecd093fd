"""What a document looks like to everyone else: rectangles, layers, rasters, alphas.

Nothing here touches a file, and numpy is imported only when pixels are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from .pixels import Pixels


@dataclass(frozen=True)
class Rect:
    """A rectangle of whole pixels; x to the right, y down, from the layer's top left."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of the rectangle."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """The first row below the rectangle."""
        return self.y + self.height

    @property
    def empty(self) -> bool:
        """Whether there is no pixel inside."""
        return self.width <= 0 or self.height <= 0

    def intersect(self, other: Rect) -> Rect:
        """Return the common part of two rectangles; its sides are 0 where there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width = max(0, min(self.right, other.right) - x)
        height = max(0, min(self.bottom, other.bottom) - y)
        return Rect(x, y, width, height)

    def shift(self, dx: int, dy: int) -> Rect:
        """Return the same rectangle, shifted."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


@dataclass(frozen=True)
class Layer:
    """One node of a document's tree, as ``frisket layers`` lists it.

    Attributes:
        id: The document's own number for the layer where it has one; unique in the document.
        path: Names from the root to the layer, joined with ``/``.
        name: The layer's own name.
        kind: pixel, group, text, shape, adjustment, smart, page or image.
        x: Left edge on the canvas, in pixels; may be negative.
        y: Top edge on the canvas, in pixels; may be negative.
        width: Width of the layer's raster, in pixels.
        height: Height of the layer's raster, in pixels.
        visible: The layer's own eye; a hidden group hides it all the same.
        blend_mode: The blend mode in words, for example ``normal`` or ``linear-burn``.
        has_mask: Whether it carries a layer mask of pixels.
        depth: Bits of a sample: 8, 16 or 32.
        mode: RGB, GRAY, CMYK, LAB, INDEXED, DUOTONE, MULTICHANNEL, BITMAP or YCBCR.
        has_alpha: Whether it carries transparency.
        level: How many groups enclose it.
    """

    id: int
    path: str
    name: str
    kind: str
    x: int
    y: int
    width: int
    height: int
    visible: bool
    blend_mode: str
    has_mask: bool
    depth: int
    mode: str
    has_alpha: bool
    level: int = 0


class Raster(Protocol):
    """The pixels of one layer, decoded by rectangle in bounded memory.

    PageSamples of ``read`` and ``bands`` are the document's own: uint8, uint16 or float32, colour
    channels first, transparency last where there is any.
    """

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def depth(self) -> int:
        """Bits of a sample: 8, 16 or 32 (float)."""

    @property
    def mode(self) -> str:
        """Colour mode, as in :class:`Layer`."""

    @property
    def has_alpha(self) -> bool:
        """Whether the last channel is transparency."""

    @property
    def channels(self) -> int:
        """Channels that ``read`` returns."""

    @property
    def prefers_rows(self) -> bool:
        """True where whole rows are decoded anyway: ask for tiles row by row."""

    def read(self, rect: Rect) -> Pixels:
        """Return the rectangle as ``(height, width, channels)`` in the document's own samples."""

    def read_srgb(self, rect: Rect) -> Pixels:
        """Return the rectangle as sRGB ``(height, width, 3 or 4)``, uint8 or uint16 (depth > 8)."""

    def read_colours(self, rect: Rect) -> Pixels:
        """Return what ``read_srgb`` does without transparency: ``(height, width, 3)``."""

    def bands(self, rows: int = 0) -> Iterator[tuple[int, Pixels]]:
        """Yield ``(first row, pixels)`` in storage order, each byte decoded once."""

    def proxy(self, max_side: int = ..., seen: Callable[[int], None] = ...) -> Pixels:
        """Return the whole raster, area-averaged to at most ``max_side``, uint8 sRGB.

        ``max_side`` is that of the protocol by default. ``seen`` is called on this thread with
        the number of pixels of each block that was read.
        """


class AlphaSource(Protocol):
    """An alpha matte by rectangle, in the coordinates of the layer it belongs to."""

    @property
    def width(self) -> int:
        """Columns."""

    @property
    def height(self) -> int:
        """Rows."""

    @property
    def depth(self) -> int:
        """8 (uint8, 0..255) or 16 (uint16, 0..65535)."""

    def read(self, rect: Rect) -> Pixels:
        """Return the rectangle as ``(height, width)``, uint8 or uint16 by ``depth``."""

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or the greatest value where the rectangle is known to be constant, else None."""


class ColourSource(Protocol):
    """Replaced colours by rectangle: straight, upright and in full range, without alpha."""

    def read(self, rect: Rect, own: Pixels | None = None) -> Pixels:
        """Return the rectangle as ``(height, width, colour channels)``.

        They have the type of ``Colour.to_straight``: uint8, uint16, or float32 for floats.
        ``own`` are the layer's own colours there, where the caller has read them already.
        """

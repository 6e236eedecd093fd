"""Shows alpha in GIMP as it arrives, in one undo step.

Cancel in GIMP kills the plug-in's process without a word. No undo group stays open while
tiles arrive: what is cancelled half-way is one step to undo, like what is complete.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from gi.repository import Gegl, Gimp

from frisket.hosts.language import _
from frisket.hosts.pace import Pace
from frisket.hosts.planes import crop, intersect, multiply, multiply16, split_area
from frisket.protocol.grid import TileRect
from frisket_gimp.layers import Stencil, name_format, to_rectangle

_PIECE = 1024
# The server finds a subject where alpha reaches this; below it no mask is made.
_TRACE = 26
# Tiles that are held back: 64 MB of 8-bit ones.
_MOST_FAINT = 256


class Progress:
    """GIMP's progress bar, told only what the eye can see."""

    def __init__(self, first: float = 0.0, last: float = 1.0) -> None:
        self._first, self._last = first, last
        self._text = ""
        self._told = -1.0
        self._when = 0.0

    def tell(self, share: float, text: str) -> None:
        """Show how far it is."""
        if text != self._text:
            self._text = text
            Gimp.progress_set_text(_(text))
        share = self._first + share * (self._last - self._first)
        now = time.monotonic()
        if share >= self._last or now - self._when > 0.1:
            self._told, self._when = share, now
            Gimp.progress_update(share)


class Canvas:
    """Paints alpha into one mask or channel.

    Args:
        drawable: the mask or channel to paint.
        deep: sharp alpha comes with 16 bits.
        offset: where the layer lies in the drawable, in pixels.
        stencils: what the alpha is multiplied by: selection, existing mask.
        shadow: write behind the scenes; `on_finish` merges at the end, as one undo step.

    Attributes:
        on_finish: called when all is painted.
        on_discard: takes away what was made, when the job fails.
    """

    def __init__(
        self,
        drawable: Gimp.Drawable,
        deep: bool,
        offset: tuple[int, int] = (0, 0),
        stencils: tuple[Stencil, ...] = (),
        shadow: bool = False,
    ) -> None:
        self._drawable = drawable
        self._deep = deep
        self._offset = offset
        self._stencils = stencils
        self._shadow = shadow
        self._buffer = drawable.get_shadow_buffer() if shadow else drawable.get_buffer()
        self._dirty: tuple[int, int, int, int] | None = None
        self._painted: set[tuple[int, int]] = set()
        self._pace = Pace(self.show, least=0.25, share=0.2)
        self.on_finish: Callable[[], None] = lambda: None
        self.on_discard: Callable[[], None] = lambda: None

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Paint a rectangle of constant alpha."""
        if opaque and self._stencils:
            for x, y, width, height in split_area(rect.width, rect.height, _PIECE):
                piece = TileRect(rect.x + x, rect.y + y, width, height)
                self.paint(piece, b"\xff" * (width * height), True)
            return
        if part := self._clip(rect):
            self._buffer.set_color(
                to_rectangle(part), Gegl.Color.new("white" if opaque else "black")
            )
            self._touch(rect, part)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Paint a rectangle of alpha, multiplied by every stencil."""
        deep = self._deep and not coarse
        for stencil in self._stencils:
            times = multiply16 if deep else multiply
            alpha = times(alpha, stencil.read(rect))
        if part := self._clip(rect):
            alpha = crop(alpha, self._shift(rect), part, 2 if deep else 1)
            self._buffer.set(to_rectangle(part), name_format(self._drawable, deep), alpha)
            self._touch(rect, part)

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Ignore cleaned colours: a mask or channel has none."""

    def refresh(self) -> None:
        """Let GIMP redraw what changed, at once the first time and seldom after that."""
        self._pace.ask()

    def has_painted(self, rect: TileRect) -> bool:
        """Tell whether a rectangle may hold anything but the mask's first black."""
        return self._shadow or (rect.x, rect.y) in self._painted

    def finish(self) -> None:
        """Make sure that all is shown, and part of the undo step."""
        self.on_finish()
        self._drawable.update(0, 0, self._drawable.get_width(), self._drawable.get_height())
        Gimp.displays_flush()

    def discard(self) -> None:
        """Take away what was made; what was there before stays as it was."""
        if self._drawable.is_valid():
            self.on_discard()
            Gimp.displays_flush()

    def _shift(self, rect: TileRect) -> TileRect:
        x, y = self._offset
        return TileRect(rect.x + x, rect.y + y, rect.width, rect.height)

    def _clip(self, rect: TileRect) -> TileRect | None:
        # Pixels beyond the drawable end the plug-in: GIMP does not know such tiles.
        drawable = self._drawable
        return intersect(self._shift(rect), drawable.get_width(), drawable.get_height())

    def _touch(self, rect: TileRect, part: TileRect) -> None:
        """Remember that a rectangle of the layer was painted, and which part of the drawable."""
        # What lingers here when the layer is deleted or locked makes GIMP end the plug-in.
        self._buffer.flush()
        self._painted.add((rect.x, rect.y))
        x, y = part.x, part.y
        right, bottom = x + part.width, y + part.height
        if self._dirty:
            left, top, old_right, old_bottom = self._dirty
            x, y = min(x, left), min(y, top)
            right, bottom = max(right, old_right), max(bottom, old_bottom)
        self._dirty = (x, y, right, bottom)

    def show(self) -> None:
        """Let GIMP redraw what changed, at once."""
        if self._shadow or not self._dirty:
            return
        left, top, right, bottom = self._dirty
        self._drawable.update(left, top, right - left, bottom - top)
        Gimp.displays_flush()
        self._dirty = None


class CutoutCanvas(Canvas):
    """Paints alpha into the mask of a layer whose colours may be cleaned as well."""

    def __init__(self, layer: Gimp.Layer, *rest: object) -> None:
        super().__init__(layer.get_mask(), *rest)  # type: ignore[arg-type]
        self._layer = layer
        self._colours = layer.get_buffer()

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Replace the layer's colours, and leave its own transparency alone."""
        size = 2 if self._deep else 1
        babl = "R'G'B'A u16" if self._deep else "R'G'B'A u8"
        pixels = bytearray(self._colours.get(to_rectangle(rect), 1.0, babl, Gegl.AbyssPolicy.CLAMP))
        for byte in range(3 * size):
            pixels[byte :: 4 * size] = colours[byte :: 3 * size]
        self._colours.set(to_rectangle(rect), babl, bytes(pixels))
        self._colours.flush()

    def finish(self) -> None:
        """Show the colours too."""
        self._layer.update(0, 0, self._layer.get_width(), self._layer.get_height())
        super().finish()


class LatePainter:
    """A canvas made when there is something to paint, so that no empty mask flashes by.

    Args:
        progress: GIMP's progress bar.
        make: makes the canvas.
        check: raises what has to be said before a layer is painted that is not there any more.
    """

    def __init__(
        self,
        progress: Progress,
        make: Callable[[], Canvas],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._progress = progress
        self._make = make
        self._check = check
        self._canvas: Canvas | None = None
        self._faint: dict[TileRect, tuple[bytes, bool]] = {}

    @property
    def has_something(self) -> bool:
        """Whether anything but transparency has been painted."""
        return self._canvas is not None or bool(self._faint)

    def _need_canvas(self) -> Canvas:
        if self._canvas is None:
            self._canvas = self._make()
            for rect, (alpha, coarse) in self._faint.items():
                self._canvas.paint(rect, alpha, coarse)
            self._faint.clear()
        self._check()
        return self._canvas

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Paint a rectangle of constant alpha."""
        self._faint.pop(rect, None)
        # A new mask hides everything already: sending it blank tiles would only cost time.
        if opaque or (self._canvas is not None and self._canvas.has_painted(rect)):
            self._need_canvas().fill(rect, opaque)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Paint a rectangle of alpha; wait where there is no more than a trace of a subject."""
        if self._canvas is None and len(self._faint) < _MOST_FAINT:
            samples = alpha if len(alpha) == rect.width * rect.height else alpha[1::2]
            if not any(samples):
                self._faint.pop(rect, None)
                return
            if max(samples) < _TRACE:
                self._faint[rect] = alpha, coarse
                return
        self._need_canvas().paint(rect, alpha, coarse)

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Replace colours by cleaned ones."""
        if self._canvas is not None:
            self._need_canvas().recolour(rect, colours)

    def refresh(self) -> None:
        """Let GIMP redraw what changed."""
        if self._canvas is not None:
            self._need_canvas().refresh()

    def progress(self, share: float, text: str) -> None:
        """Tell the progress bar."""
        self._progress.tell(share, text)

    def finish(self) -> None:
        """Make sure that all is shown."""
        if self.has_something:
            self._need_canvas().finish()

    def discard(self) -> None:
        """Take away what was made; what was there before stays as it was."""
        self._faint.clear()
        if self._canvas is not None:
            self._canvas.discard()
            self._canvas = None

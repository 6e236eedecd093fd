"""Shows alpha in Krita as it arrives: one undo step, a seldom and quiet redraw."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from frisket.hosts.handwork import Handwork
from frisket.hosts.pace import Pace
from frisket.hosts.planes import multiply
from frisket.protocol.grid import TileRect

from . import making
from .mainthread import MainThread
from .targetlayer import GivenUp, TargetLayer

# What is written in one go on the main thread: about two milliseconds.
_BATCH_PIXELS = 4 << 20
_PATIENCE_S = 5.0


@dataclass
class Painter:
    """Paints alpha into what `making` makes.

    Attributes:
        target_layer: the layer.
        main: the way to the main thread.
        region: where the layer lies in the image.
        make: a key of `making.RESULTS`.
        tell: takes a share 0..1 and a text, on any thread.
        selected: whether to multiply by the image's selection as it was at the start.
        replaced: id of a mask that the new one takes the place of.
        clean: returns native pixels of a tile with cleaned colours in them.
    """

    target_layer: TargetLayer
    main: MainThread
    region: TileRect
    make: str
    tell: Callable[[float, str], None]
    selected: object = None
    replaced: object = None
    clean: Callable[[TileRect, bytes, bytes], bytes] | None = None
    _result: making.Result | None = None
    _batch: dict[TileRect, bytes] = field(default_factory=dict)
    _pending: int = 0
    _pace: Pace | None = None
    _alpha: Handwork = field(default_factory=Handwork)
    _colours: Handwork = field(default_factory=Handwork)

    @property
    def kept(self) -> bool:
        """Whether something was not painted over because a person had painted it."""
        return self._alpha.kept or self._colours.kept

    def hear_undo(self) -> None:
        """Take note that a person has undone or redone something."""
        self._alpha.undos += 1
        self._colours.undos += 1

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Paint a rectangle of constant alpha."""
        value = b"\xff" if opaque else b"\0"
        self.paint(rect, value * (rect.width * rect.height), True)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Paint a rectangle of alpha."""
        moved = self._shift(rect)
        if self.selected is not None:
            alpha = multiply(alpha, self._read_stencil(moved))
        self._batch[moved] = alpha
        self._pending += rect.width * rect.height
        if self._pending >= _BATCH_PIXELS:
            self._flush()

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Replace the new layer's colours by cleaned ones, where they differ."""
        result, moved = self._need_result(), self._shift(rect)
        if self.clean is None or self.main.call(result.colours) is None:
            return
        if (last := self._colours.recall(moved)) is None:
            # The new layer began as a copy of its original.
            last = self._read_pixels(self.target_layer.find_node, moved)
            self._colours.note(moved, last)
        native = self._read_pixels(result.colours, moved)
        data = self.clean(rect, native, colours)
        work = lambda: making.write(result.colours(), moved, data, self._colours, last)  # noqa: E731
        self._colours.note(moved, self.main.call(work))

    def _read_pixels(self, node: Callable[[], object], rect: TileRect) -> bytes:
        grab = lambda: node().pixelData(rect.x, rect.y, rect.width, rect.height)  # noqa: E731
        return self.main.call(grab).data()

    def refresh(self) -> None:
        """Let Krita redraw, at once the first time and seldom after that."""
        self._flush()
        if self._pace is None:
            self._pace = Pace(self._redraw, least=0.3, share=0.15)
        self._pace.ask()

    def progress(self, share: float, text: str) -> None:
        """Tell the docker."""
        self.tell(share, text)

    def finish(self) -> None:
        """Write and show what is left."""
        self._flush()
        self.main.call(self._need_result().finish)
        self._redraw()

    def release(self) -> None:
        """Let go of what is Krita's; for the main thread."""
        self._result = self.selected = None

    def _shift(self, rect: TileRect) -> TileRect:
        return TileRect(rect.x + self.region.x, rect.y + self.region.y, rect.width, rect.height)

    def _read_stencil(self, rect: TileRect) -> bytes:
        return self._read_pixels(lambda: self.selected, rect)

    def _flush(self) -> None:
        batch, self._batch, self._pending = self._batch, {}, 0
        if not batch:
            return
        result = self._need_result()
        patches = [(rect, data, self._alpha.recall(rect)) for rect, data in batch.items()]
        for rect, written in self.main.call(lambda: self._write(result, patches)):
            self._alpha.note(rect, written)

    def _write(self, result: making.Result, patches) -> list[tuple[TileRect, bytes]]:
        holder = result.holder()
        return [
            (rect, making.write(holder, rect, data, self._alpha, last))
            for rect, data, last in patches
        ]

    def _need_result(self) -> making.Result:
        if self._result is None:
            self._result = self._make_result()
        return self._result

    def _make_result(self) -> making.Result:
        """Make the result; Krita 5.1 needs a moment for it."""
        result = making.RESULTS[self.make](self.target_layer, self.region, self.replaced)
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.main.call(result.make)
                return result
            except making.NotYet:
                if time.monotonic() > end:
                    text = "Krita made no mask. Click into the image and try again."
                    raise GivenUp(text) from None
                time.sleep(0.4)

    def _redraw(self) -> None:
        self.main.call(self._need_result().redraw)

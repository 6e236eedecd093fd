"""Shows alpha in Krita as it arrives: one undo step, a seldom and quiet redraw."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from frisket.hosts.handwork import Handwork
from frisket.hosts.language import _
from frisket.hosts.pace import Pace
from frisket.hosts.planes import multiply
from frisket.protocol.grid import TileRect

from . import making
from .adding import NotYet
from .mainthread import MainThread
from .selecting import RESULTS
from .targetlayer import GivenUp, TargetLayer

# What is written in one go on the main thread: about two milliseconds.
_BATCH_PIXELS = 4 << 20
_PATIENCE_S = 5.0
# The server calls fainter alpha no subject.
_FAINT = bytes(range(26))


@dataclass
class Painter:
    """Paints alpha into what `making` and `selecting` make, once there is a subject to be seen.

    Attributes:
        target_layer: the layer.
        main: the way to the main thread.
        region: where the layer lies in the image.
        make: a key of `selecting.RESULTS`.
        tell: takes a share 0..1 and a text, on any thread.
        selected: whether to multiply by the image's selection as it was at the start.
        replaced: id of a mask that the new one takes the place of.
        clean: returns native pixels of a tile with cleaned colours in them.
        joined: a selection that the result is added to.
    """

    target_layer: TargetLayer
    main: MainThread
    region: TileRect
    make: str
    tell: Callable[[float, str], None]
    selected: object = None
    replaced: object = None
    clean: Callable[[TileRect, bytes, bytes], bytes] | None = None
    joined: object = None
    version: int = 0
    _result: making.Result | None = None
    _is_visible: bool = False
    _renewing: bool = False
    _batch: dict[TileRect, bytes] = field(default_factory=dict)
    _pending: int = 0
    _pace: Pace | None = None
    _alpha: Handwork = field(default_factory=Handwork)
    _colours: Handwork = field(default_factory=Handwork)

    @property
    def kept(self) -> bool:
        """Whether something was not painted over because a person had painted it."""
        return self._alpha.kept or self._colours.kept

    @property
    def made(self) -> bool:
        """Whether there is something in the image."""
        return self._result is not None

    def hear_undo(self) -> None:
        """Take note that a person has undone or redone something."""
        self._alpha.undos += 1
        self._colours.undos += 1
        if self._result is not None and self._result.is_active():
            self._renewing = True

    def look_around(self) -> None:
        """Take note of a person who paints on the result; for the main thread."""
        if self._result is not None and self._result.is_painted():
            self._renewing = True

    def begin_change(self, is_step: bool) -> None:
        """Prepare for another revision.

        Args:
            is_step: it is a step to undo by itself; strokes are not, theirs are.
        """
        if self._result is not None:
            self._renewing = self._renewing or is_step
            self.main.call(self._result.begin_change)

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
        self._flush()
        if self._is_visible:
            self._prepare_result()
        if self.clean is None or self._result is None:
            return
        result, moved = self._result, self._shift(rect)
        if self.main.call(result.colours) is None:
            return
        if (last := self._colours.recall(moved)) is None:
            # The new layer began as a copy of its original.
            last = self._read_pixels(self.target_layer.find_node, moved)
            self._colours.note(moved, last)
        native = self._read_pixels(result.colours, moved)
        data = self.clean(rect, native, colours)
        work = lambda: making.write(result.colours(), moved, data, self._colours, last)  # noqa: E731
        self._colours.note(moved, self.main.call(work))

    def read(self, rect: TileRect, step: int) -> bytes | None:
        """Return every `step`-th pixel of every `step`-th row; for the main thread."""
        if self._result is None:
            return None
        holder, x, y = self._result.look_at(), rect.x + self.region.x, rect.y + self.region.y
        if step == 1:
            return bytes(holder.pixelData(x, y, rect.width, rect.height).data())
        rows = range(y, y + rect.height, step)
        return b"".join(holder.pixelData(x, row, rect.width, 1).data()[::step] for row in rows)

    def find_holder(self):
        """Return what holds the alpha; for the main thread."""
        return self._result.holder()

    def _read_pixels(self, node: Callable[[], object], rect: TileRect) -> bytes:
        grab = lambda: node().pixelData(rect.x, rect.y, rect.width, rect.height)  # noqa: E731
        return self.main.call(grab).data()

    def refresh(self) -> None:
        """Let Krita redraw, at once the first time and seldom after that."""
        self._flush()
        if self._pace is None:
            self._pace = Pace(self._draw, least=0.3, share=0.15)
        if self._result is not None or self._is_visible:
            self._pace.ask()

    def progress(self, share: float, text: str) -> None:
        """Tell the docker."""
        self.tell(share, text)

    def finish(self) -> None:
        """Write and show what is left, however faint."""
        self._flush()
        result = self._result if self._result is not None else self._prepare_result()
        self.main.call(result.finish)
        self._redraw()

    def take_back(self) -> None:
        """Take away what was made; what is written next makes it again."""
        self._batch.clear()
        self._is_visible = False
        result, self._result = self._result, None
        if result is not None:
            self.main.call(result.take_back)

    def step_back(self) -> None:
        """Bring back what was there before a change that came to nothing."""
        self._batch.clear()
        if self._result is not None:
            self.main.call(self._result.step_back)

    def release(self) -> None:
        """Let go of what is Krita's; for the main thread."""
        if self._result is not None:
            self._result.release()
        self._result = self.selected = self.joined = None

    def _shift(self, rect: TileRect) -> TileRect:
        return TileRect(rect.x + self.region.x, rect.y + self.region.y, rect.width, rect.height)

    def _read_stencil(self, rect: TileRect) -> bytes:
        return self._read_pixels(lambda: self.selected, rect)

    def _flush(self) -> None:
        batch, self._batch, self._pending = self._batch, {}, 0
        if not batch:
            return
        self.version += 1
        if self._result is None:
            self._hold(batch)
            return
        result = self._prepare_result()
        patches = [(rect, data, self._alpha.recall(rect)) for rect, data in batch.items()]
        for rect, written in self.main.call(lambda: self._write(result, patches)):
            self._alpha.note(rect, written)

    def _hold(self, batch: dict[TileRect, bytes]) -> None:
        """Keep what comes before there is a result; what is all faint never makes one."""
        for rect, data in batch.items():
            self._is_visible = self._is_visible or bool(data.translate(None, _FAINT))
            self._alpha.note(rect, data)

    def _write(self, result: making.Result, patches) -> list[tuple[TileRect, bytes]]:
        holder = result.holder()
        return [
            (rect, making.write(holder, rect, data, self._alpha, last))
            for rect, data, last in patches
        ]

    def _prepare_result(self) -> making.Result:
        """Return what is to be written into."""
        if self._result is None:
            self._result = self._make_result()
            self._renewing = False
            # Not before it is known: what is in the image can be taken back from here on.
            if not self._result.comes_filled:
                self._put_held(self._result)
        if self._renewing:
            self.main.call(self._renew)
        return self._result

    def _renew(self) -> None:
        self._result.renew()
        # Here, on the main thread: `look_around` may have seen what is replaced now.
        self._renewing = False

    def _make_result(self) -> making.Result:
        kind = RESULTS[self.make]
        result = kind(self.target_layer, self.region, self.replaced, self.selected, self.joined)
        try:
            if self.main.call(result.prepare):
                self._put_held(result)
            self._add(result)
        except BaseException:
            self.main.call(result.release)
            raise
        return result

    def _put_held(self, result: making.Result) -> None:
        """Write what was held back so far, a batch at a time."""
        held = self._alpha.replay()
        while batch := _take(held, _BATCH_PIXELS):
            self.main.call(lambda batch=batch: [result.put(*each) for each in batch])

    def _add(self, result: making.Result) -> None:
        """Add the result to the image; Krita 5.1 needs a moment for it."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self.main.call(result.make)
                return
            except NotYet:
                if time.monotonic() > end:
                    text = _("Krita made no mask. Click into the image and try again.")
                    raise GivenUp(text) from None
                time.sleep(0.4)

    def _draw(self) -> None:
        """Bring the result in, which Krita draws where it comes filled, or have it drawn anew."""
        if self._result is None and self._prepare_result().comes_filled:
            return
        self._redraw()

    def _redraw(self) -> None:
        self.main.call(self._result.redraw)


def _take(tiles: Iterator[tuple[TileRect, bytes]], pixels: int) -> list[tuple[TileRect, bytes]]:
    """Return the next tiles, of about so many pixels together."""
    taken = []
    for rect, data in tiles:
        taken.append((rect, data))
        pixels -= rect.width * rect.height
        if pixels <= 0:
            break
    return taken

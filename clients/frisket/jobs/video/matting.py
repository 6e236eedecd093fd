"""Mattes frames through a server, several at once, and gives them back in their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from frisket.client.errors import ProtocolError, TransportError
from frisket.client.events import (
    AlphaReady,
    Event,
    Opened,
    Outcome,
    SolidReady,
    TileRejected,
    TilesNeeded,
)
from frisket.client.options import HintSet, LayerSpec, Options
from frisket.client.sequence import Sequence
from frisket.client.transport import SequenceCall
from frisket.jobs.connection import Connection
from frisket.protocol.formats import PixelFormat, pixel_format
from frisket.protocol.grid import Grid, TileRect, proxy_size
from frisket.protocol.limits import MAX_REJECTIONS

Samples = npt.NDArray[Any]
"""uint8 or uint16."""
TILE_PX = 256
"""Edge of a frame's tile: a smaller one costs more by itself than the pixels it saves."""
PROXY_SIDES = {"draft": 640, "standard": 640, "high": 1024, "best": 1024}
"""Pixels of the longer side of a frame's proxy."""


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """A frame to be matted.

    Attributes:
        number: of the stream; it rises, though a place may come twice.
        rgb: (height, width, 3) uint8 or uint16.
        restart: forget the frames before it.
        run_in: it only steadies those after it.
        place: in the source, from 0.
        pts: its time stamp, in the source's own unit.
        late_ok: it may be left out where a later one comes before the model begins with it.
        hints: what is said of it: they hold from here on, moved along with the picture.
    """

    number: int
    rgb: Samples
    restart: bool = False
    run_in: bool = False
    place: int = 0
    pts: int = 0
    late_ok: bool = False
    hints: HintSet | None = None


@dataclass(eq=False)
class MattedFrame:
    """A frame with its matte; complete once it is given back.

    Attributes:
        frame: the frame.
        alpha: (height, width) uint8 or uint16.
        colours: (height, width, 3) like the frame: its colours, the edge's cleaned where that
            was asked for.
        outcome: the server's last word about it.
    """

    frame: SourceFrame
    alpha: Samples
    colours: Samples
    outcome: Outcome = field(default_factory=Outcome)
    done: bool = False

    @property
    def is_late(self) -> bool:
        """Whether it was left out, for a later frame came before its turn."""
        return self.outcome.cancelled

    def take(self, event: Event, grid: Grid) -> None:
        """Absorb what the server says of it."""
        if isinstance(event, SolidReady):
            for first, count in event.runs if event.opaque else ():
                for tile in range(first, first + count):
                    self.alpha[_place(grid.rect(tile))] = np.iinfo(self.alpha.dtype).max
        elif isinstance(event, AlphaReady):
            self._paste(event)
        elif isinstance(event, Outcome):
            self.outcome, self.done = event, True

    def _paste(self, event: AlphaReady) -> None:
        rect, place = event.rect, _place(event.rect)
        samples = np.frombuffer(event.pixels, self.alpha.dtype.newbyteorder("<"))
        self.alpha[place] = samples.reshape(rect.height, rect.width)
        if event.colours is None:
            return
        if self.colours is self.frame.rgb:
            self.colours = self.frame.rgb.copy()
        colours = np.frombuffer(event.colours, self.colours.dtype.newbyteorder("<"))
        self.colours[place] = colours.reshape(rect.height, rect.width, 3)


def _place(rect: TileRect) -> tuple[slice, slice]:
    return slice(rect.y, rect.y + rect.height), slice(rect.x, rect.x + rect.width)


def describe_frames(
    width: int, height: int, depth: int, quality: str, sides: Mapping[str, int] = PROXY_SIDES
) -> LayerSpec:
    """Return how frames travel: their size, and a proxy as large as the solve's grid.

    Args:
        width: of a frame in pixels.
        height: the same.
        depth: bits of a sample, 8 or 16.
        quality: one of `frisket.protocol.choices.QUALITIES`.
        sides: the longer side of the proxy by quality; the work grows with its square.
    """
    size = proxy_size(width, height, sides[quality])
    return LayerSpec(width, height, pixel_format(3, depth), *size, PixelFormat.RGB8)


def reduce_frame(rgb: Samples, layer: LayerSpec) -> npt.NDArray[np.uint8]:
    """Return a frame's proxy (height, width, 3), averaged by area."""
    rgb8 = (rgb >> 8).astype(np.uint8) if rgb.dtype.itemsize == 2 else rgb
    size = (layer.proxy_width, layer.proxy_height)
    if (layer.width, layer.height) == size:
        return np.ascontiguousarray(rgb8, np.uint8)
    return np.asarray(Image.fromarray(rgb8).resize(size, Image.Resampling.BOX))


def matte_stream(
    frames: Iterable[SourceFrame | None],
    layer: LayerSpec,
    options: Options,
    connection: Connection,
) -> Iterator[MattedFrame]:
    """Yield frames with their mattes, in order; frames that run in are left out.

    Args:
        frames: of one size, their numbers rising; None says that there is none yet, while
            others are under way.
        layer: of `describe_frames`.
        options: what is asked of the server.
        connection: to the server; stays open.

    Raises:
        ClientError: no server, refused, or lost; nothing is tried again.
    """
    call = connection.open().sequence()
    try:
        yield from _Conversation(call, Sequence(layer, options, tile_size=TILE_PX)).run(frames)
        call.finish()
    except TransportError:
        # The next stream gets a fresh connection.
        connection.close()
        raise
    finally:
        call.cancel()


class _Conversation:
    """Keeps as many frames open as the server takes, and answers what it asks for."""

    def __init__(self, call: SequenceCall, sequence: Sequence) -> None:
        self._call, self._sequence = call, sequence
        self._open: dict[int, MattedFrame] = {}
        self._rejections = 0

    def run(self, frames: Iterable[SourceFrame | None]) -> Iterator[MattedFrame]:
        source, more = iter(frames), True
        self._call.send(self._sequence.open())
        self._hear()
        while more or self._open:
            more = more and self._fill(source)
            if self._sequence.frames:
                self._hear()
            yield from self._take_done()

    def _fill(self, source: Iterator[SourceFrame | None]) -> bool:
        """Begin frames while there are some, and room for them; tell whether there may be more."""
        while self._sequence.frames < self._sequence.max_frames:
            try:
                frame = next(source)
            except StopIteration:
                return False
            if frame is None:
                return True
            self._begin(frame)
        return True

    def _begin(self, frame: SourceFrame) -> None:
        layer = self._sequence.layer
        depth = np.uint8 if self._sequence.options.depth == 8 else np.uint16
        alpha: Samples = np.zeros((layer.height, layer.width), depth)
        self._open[frame.number] = MattedFrame(frame, alpha, frame.rgb)
        proxy = reduce_frame(frame.rgb, layer)
        for request in self._sequence.begin(
            frame.number,
            proxy.data,
            restart=frame.restart,
            run_in=frame.run_in,
            drop_late=frame.late_ok,
            hints=frame.hints,
        ):
            self._call.send(request)

    def _take_done(self) -> Iterator[MattedFrame]:
        """Yield what is complete, up to the first frame that is not."""
        for number in list(self._open):
            if not self._open[number].done:
                return
            matted = self._open.pop(number)
            if not matted.frame.run_in:
                yield matted

    def _hear(self) -> None:
        """Take one response and answer it."""
        response = self._call.receive()
        if response is None:
            raise TransportError("UNAVAILABLE", "", "The server ended the stream early.", True)
        for number, event in self._sequence.receive(response):
            if isinstance(event, Opened):
                continue
            self._open[number].take(event, self._sequence.grid)
            if isinstance(event, TilesNeeded):
                self._send_tiles(number, event)
            elif isinstance(event, TileRejected):
                self._count_rejection(event)

    def _send_tiles(self, number: int, event: TilesNeeded) -> None:
        rgb = self._open[number].frame.rgb
        for tile in event.tile_ids:
            pixels = np.ascontiguousarray(rgb[_place(self._sequence.grid.rect(tile))])
            little = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
            self._call.send(self._sequence.tile(number, tile, little.data.cast("B")))

    def _count_rejection(self, event: TileRejected) -> None:
        self._rejections += 1
        if self._rejections > MAX_REJECTIONS:
            raise ProtocolError(f"The server could not use a tile: {event.message}")

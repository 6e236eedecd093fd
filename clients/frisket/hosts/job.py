"""One layer of a host through one session. No host and no I/O of its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from frisket.client.errors import Cancelled, TransportError
from frisket.client.events import (
    AlphaReady,
    CoarseRowsReady,
    Event,
    Opened,
    Outcome,
    SolidReady,
)
from frisket.client.options import Change, LayerSpec, Options
from frisket.client.session import Session
from frisket.client.transport import Connect
from frisket.hosts.enlarge import Enlarged
from frisket.hosts.live import LiveDriver
from frisket.protocol.grid import TileRect
from frisket.protocol.limits import DEFAULT_TILE_PX


class Reader(Protocol):
    """Reads a layer of a host."""

    @property
    def spec(self) -> LayerSpec:
        """The layer's and its proxy's sizes and formats."""

    def proxy(self) -> bytes:
        """Return the rows of the proxy."""

    def read_tile(self, rect: TileRect) -> bytes:
        """Return the rows of a rectangle in the tile format."""


class Painter(Protocol):
    """Shows alpha in a host."""

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Show a rectangle of constant alpha."""

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Show a rectangle of alpha: coarse ones in 8 bits, sharp ones in the options' depth."""

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Replace colours by cleaned ones, in the tile format."""

    def refresh(self) -> None:
        """Let the user see what has been painted; a host may wait for a better moment."""

    def progress(self, share: float, text: str) -> None:
        """Tell how far it is, 0..1."""


# What a host shows for a tile: nothing known, or a constant.
_UNKNOWN, _CLEAR, _OPAQUE = 0, 1, 2


@dataclass
class Job:
    """Cuts one layer out.

    Attributes:
        reader: reads the layer.
        painter: shows its alpha.
        connect: opens connections.
        options: what is asked of the server.
        client: name and version for the server's log.
        cancelled: asked between events.
        notice: takes a sentence for the user.
        next_change: see `frisket.client.drive.Driver`.
        sight: see `frisket.hosts.live.LiveDriver`.
        tile_size: edge of a tile in pixels.
        marks: when what happened, in seconds of `time.time`.
    """

    reader: Reader
    painter: Painter
    connect: Connect
    options: Options
    client: str
    cancelled: Callable[[], bool] = lambda: False
    notice: Callable[[str], None] = lambda text: None
    next_change: Callable[[Outcome], Change | None] = lambda outcome: None
    sight: Callable[[], TileRect | None] = lambda: None
    tile_size: int = DEFAULT_TILE_PX
    marks: dict[str, float] = field(default_factory=dict)
    _driver: LiveDriver | None = None

    def run(self) -> Outcome:
        """Return the outcome, with everything painted.

        Raises:
            ClientError: see `frisket.client.drive.Driver.run`.
        """
        self.painter.progress(0.0, "Reading the layer")
        spec, proxy = self.reader.spec, self.reader.proxy()
        self._mark("proxy read")
        session = Session(spec, self.options, proxy, tile_size=self.tile_size, client=self.client)
        self.painter.progress(0.05, "Finding the subject")
        self._driver = self._make_driver(session)
        try:
            outcome = self._driver.run()
        except TransportError as error:
            if self.cancelled():
                raise Cancelled("Cancelled.") from error
            raise
        self.painter.refresh()
        return outcome

    def drop(self) -> None:
        """Leave at once what `cancelled` would end at the next event; from any thread."""
        if self._driver is not None:
            self._driver.drop()

    def _make_driver(self, session: Session) -> LiveDriver:
        return LiveDriver(
            session,
            self.connect,
            self.reader,
            EventPainter(session, self.painter, self.notice, self._mark).absorb,
            self.cancelled,
            next_change=self.next_change,
            sight=self.sight,
        )

    def _mark(self, name: str) -> None:
        """Note when something happened the first time, for those who measure."""
        self.marks.setdefault(name, time.time())


class EventPainter:
    """Paints what a session tells.

    Args:
        session: the session.
        painter: shows the alpha.
        notice: takes a sentence for the user.
        mark: takes the name of a moment, for those who measure.
    """

    def __init__(
        self,
        session: Session,
        painter: Painter,
        notice: Callable[[str], None],
        mark: Callable[[str], None],
    ) -> None:
        self._session = session
        self._painter = painter
        self._notice = notice
        self._mark = mark
        self._coarse: list[bytes] = []
        self._done = 0
        self._showing = bytearray(session.grid.count)

    def absorb(self, event: Event) -> None:
        """Show what an event brings."""
        if isinstance(event, Opened) and event.notice:
            self._notice(event.notice)
        elif isinstance(event, CoarseRowsReady):
            self._absorb_coarse(event)
        elif isinstance(event, SolidReady):
            self._absorb_solid(event)
        elif isinstance(event, AlphaReady):
            self._absorb_alpha(event)

    def _absorb_coarse(self, event: CoarseRowsReady) -> None:
        self._mark("coarse received")
        if event.first_row == 0:
            self._coarse.clear()
        self._coarse.append(event.pixels)
        # After a lost connection the sharp tiles that are there already stay.
        if event.complete and not self._done:
            self._paint_coarse(b"".join(self._coarse))

    def _paint_coarse(self, plane: bytes) -> None:
        """Paint the whole layer from the proxy's alpha."""
        spec = self._session.layer
        enlarged = Enlarged(plane, (spec.proxy_width, spec.proxy_height), (spec.width, spec.height))
        for tile_id in range(self._session.grid.count):
            rect = self._session.grid.rect(tile_id)
            value = enlarged.find_constant(rect)
            if value in (0, 255):
                self._fill(tile_id, value == 255)
            else:
                self._showing[tile_id] = _UNKNOWN
                self._painter.paint(rect, enlarged.read(rect), True)
        self._painter.progress(0.2, "Sharpening the edge")
        self._painter.refresh()
        self._mark("first mask")

    def _absorb_solid(self, event: SolidReady) -> None:
        for first, count in event.runs:
            for tile_id in range(first, first + count):
                self._fill(tile_id, event.opaque)
            self._done += count
        self._tell()

    def _absorb_alpha(self, event: AlphaReady) -> None:
        self._showing[event.tile_id] = _UNKNOWN
        self._painter.paint(event.rect, event.pixels, False)
        if event.colours is not None:
            self._painter.recolour(event.rect, event.colours)
        self._done += event.final
        self._tell()

    def _fill(self, tile_id: int, opaque: bool) -> None:
        """Show a constant tile, unless the coarse alpha already shows just that."""
        value = _OPAQUE if opaque else _CLEAR
        if self._showing[tile_id] != value:
            self._showing[tile_id] = value
            self._painter.fill(self._session.grid.rect(tile_id), opaque)

    def _tell(self) -> None:
        share = 1 - self._session.missing() / self._session.grid.count
        self._painter.progress(0.2 + 0.8 * share, "Sharpening the edge")
        self._painter.refresh()

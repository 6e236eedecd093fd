"""Mattes one raster through a server and leaves its alpha in a store."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from frisket.client.drive import RETRY_DELAYS_S, Driver
from frisket.client.errors import TransportError
from frisket.client.events import (
    AlphaReady,
    CoarseRowsReady,
    Event,
    Opened,
    Outcome,
    SolidReady,
    Waiting,
)
from frisket.client.options import Options
from frisket.client.session import Session
from frisket.documents import Raster
from frisket.jobs.bands import SHARED_PX, Bands
from frisket.jobs.beside import begin
from frisket.jobs.connection import Connection, raise_loss
from frisket.jobs.layer_source import LayerSource
from frisket.jobs.store import AlphaStore

# Called with a stage, what is done, and of how much. In this order: "reading" counts pixels of
# the layer; "server", where it is still being started; "running MODEL"; "coarse" counts rows of
# the first mask; "tiles" counts tiles; BUSY while a server has no room.
Progress = Callable[[str, int, int], None]
BUSY = "busy"
_BUSY_PATIENCE_S = 60.0


@dataclass
class Run:
    """What is known of a matting run while it lasts, and after it.

    Attributes:
        store: the alpha, tile by tile.
        outcome: the server's last word.
        call: what the server's log calls the stream; of the last one, where it was resumed.
        first_mask_s: seconds from the start to the complete coarse alpha.
        proxy_s: seconds it took to read the proxy.
        coarse: the coarse alpha's rows, 8-bit, of the proxy's size.
        proxy: the layer's proxy, (height, width, channels), 8-bit sRGB.
    """

    store: AlphaStore
    session: Session
    started: float
    proxy_s: float
    proxy: npt.NDArray[np.uint8]
    model: str = ""
    device: str = ""
    notice: str = ""
    call: str = ""
    first_mask_s: float = 0.0
    outcome: Outcome = field(default_factory=Outcome)
    coarse: bytearray = field(default_factory=bytearray)

    def go_on_from(self, before: Run) -> None:
        """Begin with the first mask of another run of the same pixels, where both ask alike."""
        alike = _ask_alike(self.session.options, before.session.options)
        if alike and self.session.take_coarse(before.session):
            self.coarse += before.coarse
            self.first_mask_s = self.proxy_s

    def take(self, event: Event) -> None:
        """Absorb an event."""
        self.store.take(event)
        if isinstance(event, Opened):
            self.model, self.device, self.notice = event.model, event.device, event.notice
            self.call = event.call
        elif isinstance(event, CoarseRowsReady):
            if event.first_row == 0:
                self.coarse.clear()
            self.coarse += event.pixels
            if event.complete and not self.first_mask_s:
                self.first_mask_s = time.perf_counter() - self.started


def matte(
    raster: Raster,
    options: Options,
    connection: Connection,
    *,
    progress: Progress = lambda stage, done, total: None,
    tile_size: int = 256,
    before: Run | None = None,
    shared_px: int = SHARED_PX,
) -> Run:
    """Matte a raster.

    Args:
        raster: the layer's pixels.
        options: what is asked of the server.
        connection: to the server; stays open.
        progress: called as work goes on, never on two threads at the same time.
        tile_size: edge of a tile in pixels.
        before: a run of the same pixels: its proxy counts for this one too, and its first mask
            where it asked the same of the model, so that neither is made again.
        shared_px: from how many pixels on all servers of a list work on it together.

    Returns:
        The run; its store is complete and must be closed by the caller.

    Raises:
        ClientError: no server, refused, or lost for good.
        DocumentError: the raster cannot be read.
    """
    started = time.perf_counter()
    source = _read_while_connecting(raster, connection, progress, before)
    run = _begin(source, options, tile_size, started)
    if before is not None:
        run.go_on_from(before)
    try:
        run.outcome = _drive(run, source, connection, progress, shared_px)
    except BaseException:
        run.store.close()
        raise
    return run


def _ask_alike(one: Options, other: Options) -> bool:
    """Tell whether a model answers both alike: they differ in what becomes of it alone."""
    return one == replace(other, depth=one.depth, foreground=one.foreground)


def _read_while_connecting(
    raster: Raster, connection: Connection, progress: Progress, before: Run | None
) -> LayerSource:
    """Read the proxy while the server starts."""
    whole, done = raster.width * raster.height, 0

    def count(pixels: int) -> None:
        nonlocal done
        done += pixels
        progress("reading", min(done, whole), whole)

    opening = begin(connection.open, "frisket-connect")
    try:
        progress("reading", 0, whole)
        source = LayerSource(raster, count, None if before is None else before.proxy)
        progress("reading", whole, whole)
        if not opening.done():
            progress("server", 0, 1)
    except Exception:
        wait([opening])
        raise
    opening.result()
    return source


def _begin(source: LayerSource, options: Options, tile_size: int, started: float) -> Run:
    session = Session(source.spec(), options, source.proxy.data, tile_size=tile_size)
    channels = source.channels if options.foreground else 0
    store = AlphaStore(session.grid, options.depth, channels, source.depth)
    return Run(store, session, started, time.perf_counter() - started, source.proxy)


def _drive(
    run: Run, source: LayerSource, connection: Connection, progress: Progress, shared_px: int
) -> Outcome:
    def listen(event: Event) -> None:
        run.take(event)
        _tell(event, run, progress, bands.missing)

    choice = connection.choice
    # A given address that never answered is a mistake to report, not to wait for.
    # Of several one may be there.
    delays = RETRY_DELAYS_S[:3] if choice.address and not choice.several else RETRY_DELAYS_S
    driver = Driver(
        *(run.session, connection.lender(), source, listen),
        retry_delays=delays,
        busy_patience_s=_BUSY_PATIENCE_S,
    )
    layer = run.session.layer
    shares = layer.width * layer.height >= shared_px
    bands = Bands(driver, connection.list_others() if shares else [])
    try:
        return bands.run()
    except TransportError as error:
        # The next layer gets a fresh one, whatever became of this.
        connection.close()
        raise_loss(choice, error)


def _tell(event: Event, run: Run, progress: Progress, missing: Callable[[], int]) -> None:
    """Report what an event says of the progress; before the first mask no tile counts."""
    total = run.session.grid.count
    if isinstance(event, Opened):
        progress(f"running {event.model}", 0, 1)
    elif isinstance(event, Waiting):
        progress(BUSY, 0, 1)
    elif isinstance(event, CoarseRowsReady):
        progress("coarse", event.first_row + event.row_count, run.session.layer.proxy_height)
    if run.first_mask_s and isinstance(event, (AlphaReady, CoarseRowsReady, SolidReady)):
        progress("tiles", total - missing(), total)

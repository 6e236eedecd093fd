"""The client's side of one `Matte` stream, without I/O.

A host feeds responses in and gets events out; it asks for the requests to send and
sends them as it likes. Standard library and protobuf only: this module runs inside
GIMP's and Krita's own Python.

    session = Session(layer, options, proxy)
    for request in session.open():
        call.send(request)
    for event in session.receive(call.receive()):
        ...                                     # show, or call.send(session.tile(...))

After a lost connection, `open()` again starts a new stream that asks only for what is
still missing.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from frisket.client.decode import read_opened, read_outcome, unpack
from frisket.client.encode import edge_message, hints_message, options_message, pack, rect_message
from frisket.client.errors import ProtocolError
from frisket.client.events import (
    AlphaReady,
    CoarseRowsReady,
    Event,
    SolidReady,
    TileRejected,
    TilesNeeded,
)
from frisket.client.options import Edge, HintSet, LayerSpec, Options
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import Grid, TileRect, runs
from frisket.protocol.limits import DEFAULT_TILE_PX, MAX_PIXEL_BYTES, PROTOCOL_VERSION
from frisket.v1 import matting_pb2 as pb

Buffer = bytes | bytearray | memoryview


class State(enum.Enum):
    """Where a session stands."""

    NEW = "new"
    OPENING = "opening"
    STREAMING = "streaming"
    FINISHED = "finished"


class Session:
    """One layer on its way through the server.

    Args:
        layer: sizes and formats of the layer and its proxy.
        options: what is asked of the server.
        proxy: the proxy's rows in `layer.proxy_format`; kept for resuming.
        tile_size: edge of a tile in pixels, within the limits of `frisket.protocol.limits`.
        client: name and version, for the server's log.
        compress: pack pixels with zlib, for a slow network.

    Raises:
        ValueError: the proxy's bytes do not fit its size.
    """

    def __init__(
        self,
        layer: LayerSpec,
        options: Options,
        proxy: Buffer,
        *,
        tile_size: int = DEFAULT_TILE_PX,
        client: str = "frisket",
        compress: bool = False,
    ) -> None:
        expected = layer.proxy_width * layer.proxy_height * layer.proxy_format.pixel_bytes
        if len(memoryview(proxy).cast("B")) != expected:
            raise ValueError(f"the proxy has not the {expected} bytes of its size")
        self.layer = layer
        self.options = options
        self.grid = Grid(layer.width, layer.height, tile_size)
        self.state = State.NEW
        self.uploaded_bytes = 0
        self.tiles_sent = 0
        self._proxy = memoryview(proxy).cast("B")
        self._client = client
        self._packing = pb.PACKING_ZLIB if compress else pb.PACKING_RAW
        self._held = bytearray(self.grid.count)
        self._revision = 0
        # Between a change and its outcome nobody knows which tiles are still good.
        self._unsettled = False
        self._coarse_rows = 0
        self._coarse_alpha = bytearray()
        # Of a coarse alpha that has come whole, for the hints as they are.
        self._coarse_facts: pb.CoarseFacts | None = None
        self._wanted: set[int] = set()
        self._viewport: TileRect | None = None

    # ------------------------------------------------------------ requests

    def open(self) -> Iterator[pb.MatteRequest]:
        """Yield the requests that start (or resume) the stream, in order."""
        self.state = State.OPENING
        if self._unsettled:
            self._held = bytearray(self.grid.count)
            self._unsettled = False
        self._revision = 0
        self._coarse_rows = 0
        self._wanted.clear()
        yield pb.MatteRequest(open=self._open_message())
        planes = [(pb.PLANE_PROXY, self._proxy, self.layer.proxy_format), *self._hint_planes()]
        if self._coarse_facts is not None:
            alpha = memoryview(self._coarse_alpha)
            planes.append((pb.PLANE_COARSE, alpha, PixelFormat.GRAY8))
        for plane, rows, pixel_format in planes:
            yield from self._plane_rows(plane, rows, pixel_format)

    def take_coarse(self, other: Session) -> bool:
        """Begin with the coarse alpha of another session, so that no model runs for this one.

        Args:
            other: of the same proxy, and of options that ask the same of the model.

        Returns:
            Whether the other has one that came whole.
        """
        self._coarse_alpha, self._coarse_facts = other._coarse_alpha, other._coarse_facts
        return self._coarse_facts is not None

    def fork(self) -> Session:
        """Return a session of the same layer and options at which nothing has arrived."""
        return Session(
            self.layer,
            self.options,
            self._proxy,
            tile_size=self.grid.tile_size,
            client=self._client,
            compress=self._packing == pb.PACKING_ZLIB,
        )

    def hold(self, tiles: Iterable[int]) -> None:
        """Count tiles as arrived from the next `open` on: another session brings them."""
        for tile in tiles:
            self._held[tile] = 1

    def want(self, tiles: Iterable[int]) -> None:
        """Count tiles as missing from the next `open` on."""
        for tile in tiles:
            self._held[tile] = 0

    def tile(self, tile_id: int, pixels: Buffer) -> pb.MatteRequest:
        """Return the request that carries a tile's pixels (rows in `tile_format`).

        Raises:
            ProtocolError: the server has not asked for this tile.
            ValueError: the pixels do not fill the tile.
        """
        if tile_id not in self._wanted:
            raise ProtocolError(f"tile {tile_id} was not asked for")
        rect = self.grid.rect(tile_id)
        view = memoryview(pixels).cast("B")
        expected = rect.width * rect.height * self.layer.tile_format.pixel_bytes
        if len(view) != expected:
            raise ValueError(f"tile {tile_id} needs {expected} bytes, not {len(view)}")
        self._wanted.discard(tile_id)
        self.tiles_sent += 1
        return pb.MatteRequest(tile=pb.TilePixels(tile_id=tile_id, pixels=self._pack(view)))

    def look_at(self, viewport: TileRect) -> pb.MatteRequest:
        """Return the request that moves the viewport: tiles in sight come first."""
        self._viewport = viewport
        return pb.MatteRequest(
            update=pb.UpdateRequest(revision=self._revision, viewport=rect_message(viewport))
        )

    def change(
        self, hints: HintSet | None = None, edge: Edge | None = None
    ) -> Iterator[pb.MatteRequest]:
        """Yield the requests that change hints or edge; only changed tiles come again.

        Tiles stay as they are until the server sends others for the new revision.
        """
        self._revision += 1
        self._unsettled = True
        self._coarse_rows = 0
        self._wanted.clear()
        update = pb.UpdateRequest(revision=self._revision)
        self._apply(update, hints, edge)
        self.state = State.STREAMING
        yield pb.MatteRequest(update=update)
        if hints is not None:
            for plane, rows, pixel_format in self._hint_planes():
                yield from self._plane_rows(plane, rows, pixel_format)

    def stop(self) -> pb.MatteRequest:
        """Return the request that ends the work; the server answers with an outcome."""
        return pb.MatteRequest(update=pb.UpdateRequest(revision=self._revision, cancel=True))

    # ----------------------------------------------------------- responses

    def receive(self, response: pb.MatteResponse) -> list[Event]:
        """Absorb one response and return what it means for the host.

        Raises:
            ProtocolError: the server broke the order, a size or a checksum.
        """
        phase = response.WhichOneof("phase")
        handlers: dict[str | None, Callable[[Any], list[Event]]] = {
            "opened": self._opened,
            "coarse": self._coarse,
            "solid": self._solid,
            "need": self._need,
            "alpha": self._alpha,
            "failure": self._failure,
            "finished": self._finished,
        }
        if phase not in handlers:
            raise ProtocolError("The server sent a message this client does not know.")
        if (phase == "opened") != (self.state is State.OPENING):
            raise ProtocolError(f"The server sent '{phase}' out of order.")
        return handlers[phase](getattr(response, phase))

    def missing(self) -> int:
        """Return how many tiles have not arrived in their final form."""
        return self._held.count(0)

    def list_missing(self) -> list[int]:
        """Return which tiles have not arrived in their final form."""
        return [tile for tile, held in enumerate(self._held) if not held]

    def _opened(self, message: pb.OpenedResponse) -> list[Event]:
        if message.protocol_version != PROTOCOL_VERSION:
            raise ProtocolError(
                f"The server speaks version {message.protocol_version} of the protocol and "
                f"this client version {PROTOCOL_VERSION}: install the same frisket on both sides."
            )
        if message.tile_size != self.grid.tile_size or message.tile_count != self.grid.count:
            raise ProtocolError("The server uses another grid of tiles than the one asked for.")
        self.state = State.STREAMING
        return [read_opened(message)]

    def _coarse(self, message: pb.CoarseRows) -> list[Event]:
        if message.revision != self._revision:
            return []
        rows = message.row_count
        height = self.layer.proxy_height
        if message.first_row != self._coarse_rows or not 1 <= rows <= height - message.first_row:
            raise ProtocolError("The server sent rows of the coarse alpha out of order.")
        pixels = unpack(message.pixels, rows * self.layer.proxy_width)
        self._coarse_rows += rows
        self._keep_coarse(message, pixels)
        return [CoarseRowsReady(message.first_row, rows, pixels, self._coarse_rows == height)]

    def _keep_coarse(self, message: pb.CoarseRows, pixels: bytes) -> None:
        """Keep what a resume sends back, so that it does not matter who goes on."""
        if message.first_row == 0:
            self._coarse_alpha, self._coarse_facts = bytearray(), None
        self._coarse_alpha += pixels
        if self._coarse_rows == self.layer.proxy_height and message.HasField("facts"):
            self._coarse_facts = message.facts

    def _solid(self, message: pb.SolidTiles) -> list[Event]:
        if message.revision != self._revision:
            return []
        events: list[Event] = []
        for tile_runs, opaque in ((message.transparent, False), (message.opaque, True)):
            found = tuple((run.first, run.count) for run in tile_runs)
            for first, count in found:
                self._hold(first, count)
            if found:
                events.append(SolidReady(found, opaque))
        return events

    def _need(self, message: pb.NeedTiles) -> list[Event]:
        if message.revision != self._revision:
            return []
        asked = (*message.tile_ids, *message.context_ids)
        if any(tile_id >= self.grid.count for tile_id in asked):
            raise ProtocolError("The server asked for a tile that this layer does not have.")
        self._wanted.update(asked)
        # Surroundings of other tiles keep the alpha that they have.
        for tile_id in message.tile_ids:
            self._held[tile_id] = 0
        return [TilesNeeded(asked)]

    def _alpha(self, message: pb.AlphaTile) -> list[Event]:
        if message.revision != self._revision:
            return []
        if message.tile_id >= self.grid.count:
            raise ProtocolError("The server sent a tile that this layer does not have.")
        rect = self.grid.rect(message.tile_id)
        area = rect.width * rect.height
        alpha = unpack(message.pixels, area * (self.options.depth // 8))
        colours = None
        if self.options.foreground and message.HasField("colours"):
            colours = unpack(message.colours, area * self.layer.tile_format.pixel_bytes)
        final = message.stage == pb.STAGE_FINAL
        if final:
            self._held[message.tile_id] = 1
        return [AlphaReady(message.tile_id, rect, alpha, colours, final)]

    def _failure(self, message: pb.TileFailure) -> list[Event]:
        return [TileRejected(message.tile_id, message.reason, message.message)]

    def _finished(self, message: pb.FinishedResponse) -> list[Event]:
        if message.revision != self._revision:
            return []
        if not message.cancelled and self.missing():
            raise ProtocolError(f"The server finished with {self.missing()} tiles missing.")
        self.state = State.FINISHED
        self._unsettled = False
        return [read_outcome(message)]

    # ------------------------------------------------------------- private

    def _open_message(self) -> pb.OpenRequest:
        layer = self.layer
        held = (index for index, flag in enumerate(self._held) if flag)
        return pb.OpenRequest(
            protocol_version=PROTOCOL_VERSION,
            client=self._client[:100],
            width=layer.width,
            height=layer.height,
            tile_format=layer.tile_format.wire_name,
            tile_size=self.grid.tile_size,
            proxy_width=layer.proxy_width,
            proxy_height=layer.proxy_height,
            proxy_format=layer.proxy_format.wire_name,
            held=[pb.TileRun(first=first, count=count) for first, count in runs(held)],
            options=options_message(self.options),
            viewport=None if self._viewport is None else rect_message(self._viewport),
            packing=self._packing,
            batch=self.options.batch,
            coarse=self._coarse_facts,
            proxy_is_layer=self.layer.proxy_is_layer,
        )

    def _apply(self, update: pb.UpdateRequest, hints: HintSet | None, edge: Edge | None) -> None:
        """Remember what changed, for this update and for a later resume."""
        if hints is not None:
            self.options = replace(self.options, hints=hints)
            self._coarse_facts = None
            update.hints.CopyFrom(hints_message(hints))
        if edge is not None:
            self.options = replace(self.options, edge=edge)
            update.edge.CopyFrom(edge_message(edge))

    def _hint_planes(self) -> list[tuple[pb.Plane, memoryview, PixelFormat]]:
        hints = self.options.hints
        pairs = ((pb.PLANE_TRIMAP, hints.trimap), (pb.PLANE_PRIOR, hints.prior))
        return [
            (plane, memoryview(rows), PixelFormat.GRAY8)
            for plane, rows in pairs
            if rows is not None
        ]

    def _plane_rows(
        self, plane: pb.Plane, rows: memoryview, pixel_format: PixelFormat
    ) -> Iterator[pb.MatteRequest]:
        row_bytes = self.layer.proxy_width * pixel_format.pixel_bytes
        step = max(1, MAX_PIXEL_BYTES // row_bytes)
        for first in range(0, self.layer.proxy_height, step):
            count = min(step, self.layer.proxy_height - first)
            part = rows[first * row_bytes : (first + count) * row_bytes]
            yield pb.MatteRequest(
                rows=pb.PlaneRows(
                    plane=plane, first_row=first, row_count=count, pixels=self._pack(part)
                )
            )

    def _pack(self, view: memoryview) -> pb.Pixels:
        pixels = pack(view, self._packing)
        self.uploaded_bytes += len(pixels.data)
        return pixels

    def _hold(self, first: int, count: int) -> None:
        if not 1 <= count <= self.grid.count - first:
            raise ProtocolError("The server named a tile that this layer does not have.")
        self._held[first : first + count] = b"\x01" * count

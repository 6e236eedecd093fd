"""The client's side of one `SequenceService.Matte` stream, without I/O.

A frame is a layer, so each has a `Session` of its own; here messages get the number of their
frame, and those that come are handed to its session.

    sequence = Sequence(layer, options)
    call.send(sequence.open())
    for request in sequence.begin(0, proxy):
        call.send(request)
    for frame, event in sequence.receive(call.receive()):
        ...                                     # or call.send(sequence.tile(frame, ...))
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from frisket.client.decode import read_outcome
from frisket.client.encode import hints_message
from frisket.client.errors import ProtocolError
from frisket.client.events import Event, Opened, Outcome
from frisket.client.options import HintSet, LayerSpec, Options
from frisket.client.session import Buffer, Session
from frisket.protocol.grid import Grid
from frisket.protocol.limits import DEFAULT_TILE_PX
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb


class Sequence:
    """Frames of one size on their way through the server.

    Args:
        layer: sizes and formats of every frame and its proxy.
        options: what is asked of the server; hints are refused by it.
        tile_size: edge of a tile in pixels.
        client: name and version, for the server's log.
        compress: pack pixels with zlib, for a slow network.

    Attributes:
        grid: the tiles of every frame.
        max_frames: how many frames may be open at once; 0 until the server has said so.
    """

    def __init__(
        self,
        layer: LayerSpec,
        options: Options,
        *,
        tile_size: int = DEFAULT_TILE_PX,
        client: str = "frisket",
        compress: bool = False,
    ) -> None:
        self.layer, self.options = layer, options
        self.grid = Grid(layer.width, layer.height, tile_size)
        self.max_frames = 0
        self._client, self._compress = client, compress
        self._opened: pb.OpenedResponse | None = None
        self._frames: dict[int, Session] = {}
        self._run_in: set[int] = set()

    @property
    def frames(self) -> int:
        """How many frames are open."""
        return len(self._frames)

    def open(self) -> sequence_pb.SequenceMatteRequest:
        """Return the request that starts the stream."""
        return sequence_pb.SequenceMatteRequest(open=next(self._start(self._blank).open()).open)

    def begin(
        self,
        frame: int,
        proxy: Buffer,
        *,
        restart: bool = False,
        run_in: bool = False,
        drop_late: bool = False,
        hints: HintSet | None = None,
    ) -> Iterator[sequence_pb.SequenceMatteRequest]:
        """Yield the requests that begin a frame.

        Args:
            frame: its number, higher than those before.
            proxy: its rows in the layer's `proxy_format`.
            restart: forget the frames before it.
            run_in: it only steadies those after it.
            drop_late: it may be left out when a later one comes before the model begins with it.
            hints: what is said of this frame and, moved along, of those after it; planes are of
                the proxy's size.

        Raises:
            ProtocolError: the server has not opened the sequence, or enough frames are open.
            ValueError: the proxy's bytes do not fit its size.
        """
        rows = self._open_frame(frame, proxy, hints)
        if run_in:
            self._run_in.add(frame)
        begun = sequence_pb.FrameRequest(
            frame=frame,
            restart=restart,
            run_in=run_in,
            drop_late=drop_late,
            hints=None if hints is None else hints_message(hints),
        )
        yield sequence_pb.SequenceMatteRequest(frame=begun)
        for request in rows:
            yield _wrap(frame, request)

    def _open_frame(
        self, frame: int, proxy: Buffer, hints: HintSet | None
    ) -> list[pb.MatteRequest]:
        """Open a session for a frame; return the requests with its proxy and its hints' planes."""
        if self._opened is None or len(self._frames) >= self.max_frames:
            raise ProtocolError("No frame can be begun now.")
        session = self._start(proxy, hints)
        _, *rows = session.open()
        session.receive(pb.MatteResponse(opened=self._opened))
        self._frames[frame] = session
        return rows

    def tile(self, frame: int, tile_id: int, pixels: Buffer) -> sequence_pb.SequenceMatteRequest:
        """Return the request that carries a tile of a frame.

        Raises:
            ProtocolError: the server has not asked for it.
            ValueError: the pixels do not fill the tile.
        """
        return _wrap(frame, self._find(frame).tile(tile_id, pixels))

    def receive(self, response: sequence_pb.SequenceMatteResponse) -> list[tuple[int, Event]]:
        """Absorb one response; return what it means, and for which frame.

        The answer to `open` belongs to no frame and comes as frame -1.

        Raises:
            ProtocolError: the server broke the order, a size or a checksum.
        """
        if response.HasField("opened"):
            return [(-1, self._take_opened(response.opened))]
        if not response.HasField("answer"):
            raise ProtocolError("The server sent a message this client does not know.")
        frame, said = response.answer.frame, response.answer.response
        events = self._absorb(frame, said)
        if any(isinstance(event, Outcome) for event in events):
            del self._frames[frame]
            self._run_in.discard(frame)
        return [(frame, event) for event in events]

    def _absorb(self, frame: int, said: pb.MatteResponse) -> list[Event]:
        session = self._find(frame)
        if frame not in self._run_in:
            return session.receive(said)
        if not said.HasField("finished"):
            raise ProtocolError("The server answered a frame that is not wanted.")
        return [read_outcome(said.finished)]

    def _take_opened(self, message: sequence_pb.SequenceOpened) -> Opened:
        if self._opened is not None or not message.max_frames:
            raise ProtocolError("The server opened the sequence in a wrong way.")
        probe = self._start(self._blank)
        next(probe.open())
        [event] = probe.receive(pb.MatteResponse(opened=message.layer))
        assert isinstance(event, Opened)
        self._opened, self.max_frames = message.layer, message.max_frames
        return event

    @property
    def _blank(self) -> bytes:
        """A proxy of nothing: what is opened once needs no frame."""
        layer = self.layer
        return bytes(layer.proxy_width * layer.proxy_height * layer.proxy_format.pixel_bytes)

    def _start(self, proxy: Buffer, hints: HintSet | None = None) -> Session:
        options = self.options if hints is None else replace(self.options, hints=hints)
        return Session(
            self.layer, options, proxy, tile_size=self.grid.tile_size,
            client=self._client, compress=self._compress,
        )  # fmt: skip

    def _find(self, frame: int) -> Session:
        if frame not in self._frames:
            raise ProtocolError(f"Frame {frame} is not open.")
        return self._frames[frame]


def _wrap(frame: int, request: pb.MatteRequest) -> sequence_pb.SequenceMatteRequest:
    part = sequence_pb.FramePart(frame=frame, request=request)
    return sequence_pb.SequenceMatteRequest(part=part)

"""A server without a network whose alpha is the green channel. Standard library, protobuf.

What a host shows can then be foreseen to the pixel. The server speaks the whole of a session:
coarse alpha, solid tiles, tiles that it asks for one by one, changes, and a connection that
is lost once.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator

from frisket.client.errors import TransportError
from frisket.client.transport import ScriptedCall, ScriptedTransport
from frisket.hosts.memory import convert
from frisket.hosts.planes import crop
from frisket.protocol.formats import PixelFormat, pixel_format
from frisket.protocol.grid import Grid, TileRect
from frisket.protocol.limits import PROTOCOL_VERSION
from frisket.v1 import matting_pb2 as pb

COARSE = 128
"""What the coarse alpha holds where the sharp one is neither 0 nor full."""


def pick_green(rows: bytes, form: PixelFormat, depth: int) -> bytes:
    """Return the green (or grey) samples of pixels, in 8 or 16 bits."""
    size = form.depth // 8
    start = size if form.channels > 1 else 0
    plane = bytearray(len(rows) // form.channels)
    if form is PixelFormat.RGBA8:
        plane = bytearray(len(rows) // 4)
    for byte in range(size):
        plane[byte::size] = rows[start + byte :: form.pixel_bytes]
    return convert(bytes(plane), pixel_format(1, form.depth), pixel_format(1, depth))


def invert(samples: bytes) -> bytes:
    """Return samples of any depth turned round."""
    return bytes(255 - value for value in samples)


class GreenServer:
    """A server for one layer.

    Alpha is inverted while the edge is shifted, and cleaned colours are inverted colours.

    Args:
        breaks_after: how many tiles the first stream answers before it is lost; 0 for all.
        cuts_proxies: takes tiles from a proxy that is the layer; else it asks for them, as servers
            do that do not know of such proxies.

    Attributes:
        tiles: how many tiles were answered, all streams together.
        asked: how many of them were asked for.
        streams: how many streams were opened.
        cuts_proxies: as given.
    """

    def __init__(self, breaks_after: int = 0, cuts_proxies: bool = False) -> None:
        self.tiles = self.asked = 0
        self.cuts_proxies = cuts_proxies
        self.streams = 0
        self._breaks_after = breaks_after

    def connect(self) -> ScriptedTransport:
        """Return a connection."""
        self.streams += 1
        return ScriptedTransport([ScriptedCall(_Stream(self).answer)])

    def count_tile(self) -> None:
        """Count a tile that is answered.

        Raises:
            TransportError: the connection is lost now.
        """
        if self.streams == 1 and self.tiles == self._breaks_after > 0:
            raise TransportError("UNAVAILABLE", "", "The connection was lost.", True)
        self.tiles += 1


class _Stream:
    """One stream: answers each request with what it causes."""

    def __init__(self, server: GreenServer) -> None:
        self._server = server
        self._opening = pb.OpenRequest()
        self._grid = Grid(1, 1, 1)
        self._proxy = bytearray()
        self._shifted = False
        self._revision = 0
        self._waiting: deque[int] = deque()

    def answer(self, request: pb.MatteRequest) -> list[pb.MatteResponse]:
        phase = request.WhichOneof("phase")
        if phase == "open":
            return [self._open(request.open)]
        if phase == "rows":
            return self._absorb_rows(request.rows)
        if phase == "tile":
            self._server.asked += 1
            return [self._answer_tile(request.tile.tile_id, request.tile.pixels.data), self._next()]
        return self._absorb_update(request.update)

    def _open(self, opening: pb.OpenRequest) -> pb.MatteResponse:
        self._opening = opening
        self._grid = Grid(opening.width, opening.height, opening.tile_size)
        self._shifted = bool(opening.options.edge.shift_px)
        return pb.MatteResponse(
            opened=pb.OpenedResponse(
                protocol_version=PROTOCOL_VERSION,
                model="green",
                tile_size=self._grid.tile_size,
                tile_count=self._grid.count,
            )
        )

    def _absorb_rows(self, rows: pb.PlaneRows) -> list[pb.MatteResponse]:
        if rows.plane != pb.PLANE_PROXY:
            return []
        self._proxy += rows.pixels.data
        opening = self._opening
        size = PixelFormat(opening.proxy_format).pixel_bytes
        if len(self._proxy) < opening.proxy_width * opening.proxy_height * size:
            return []
        held = {run.first + place for run in opening.held for place in range(run.count)}
        return list(self._begin(held))

    def _absorb_update(self, update: pb.UpdateRequest) -> list[pb.MatteResponse]:
        if update.HasField("viewport"):
            return []
        if update.HasField("edge"):
            self._shifted = bool(update.edge.shift_px)
        self._revision = update.revision
        return list(self._begin(set()))

    def _begin(self, held: set[int]) -> Iterator[pb.MatteResponse]:
        """Yield what a revision begins with: coarse alpha, solid tiles, the first wish."""
        opening, revision = self._opening, self._revision
        alpha = self._turn(pick_green(bytes(self._proxy), PixelFormat(opening.proxy_format), 8))
        coarse = bytes(value if value in (0, 255) else COARSE for value in alpha)
        width, height = opening.proxy_width, opening.proxy_height
        yield pb.MatteResponse(
            coarse=pb.CoarseRows(
                revision=revision, first_row=0, row_count=height, pixels=_pack(coarse)
            )
        )
        solid = pb.SolidTiles(revision=revision)
        self._waiting.clear()
        for tile_id in sorted(set(range(self._grid.count)) - held):
            values = set(self._look_under(coarse, width, height, self._grid.rect(tile_id)))
            if len(values) > 1 or COARSE in values:
                self._waiting.append(tile_id)
            else:
                runs = solid.opaque if 255 in values else solid.transparent
                runs.add(first=tile_id, count=1)
        yield pb.MatteResponse(solid=solid)
        if self._server.cuts_proxies and opening.proxy_is_layer:
            while self._waiting:
                tile_id = self._waiting.popleft()
                yield self._answer_tile(tile_id, self._cut_tile(tile_id))
        yield self._next()

    def _cut_tile(self, tile_id: int) -> bytes:
        """Return a tile's rows out of the proxy."""
        whole = TileRect(0, 0, self._opening.width, self._opening.height)
        size = PixelFormat(self._opening.proxy_format).pixel_bytes
        rows = crop(bytes(self._proxy), whole, self._grid.rect(tile_id), size)
        channels = PixelFormat(self._opening.tile_format).channels
        tile = bytearray(len(rows) // size * channels)
        for channel in range(channels):
            tile[channel::channels] = rows[channel::size]
        return bytes(tile)

    def _look_under(self, plane: bytes, width: int, height: int, rect: TileRect) -> Iterator[int]:
        """Yield the samples of the proxy that a tile touches."""
        across, down = width / self._opening.width, height / self._opening.height
        left, right = int(rect.x * across), -int(-(rect.x + rect.width) * across // 1)
        top, bottom = int(rect.y * down), -int(-(rect.y + rect.height) * down // 1)
        for y in range(top, min(bottom, height)):
            yield from plane[y * width + left : y * width + min(right, width)]

    def _next(self) -> pb.MatteResponse:
        """Return the wish for the next tile, or the end."""
        if self._waiting:
            wanted = [self._waiting.popleft()]
            return pb.MatteResponse(need=pb.NeedTiles(revision=self._revision, tile_ids=wanted))
        whole = pb.Rect(x=0, y=0, width=self._opening.width, height=self._opening.height)
        return pb.MatteResponse(
            finished=pb.FinishedResponse(revision=self._revision, subject=whole, method="green")
        )

    def _answer_tile(self, tile_id: int, data: bytes) -> pb.MatteResponse:
        self._server.count_tile()
        asked = self._opening.options
        depth = PixelFormat(asked.alpha_format).depth
        alpha = self._turn(pick_green(data, PixelFormat(self._opening.tile_format), depth))
        message = pb.AlphaTile(
            tile_id=tile_id,
            revision=self._revision,
            stage=pb.STAGE_FINAL,
            pixels=_pack(alpha),
        )
        if asked.foreground_colours:
            message.colours.CopyFrom(_pack(invert(data)))
        return pb.MatteResponse(alpha=message)

    def _turn(self, alpha: bytes) -> bytes:
        return invert(alpha) if self._shifted else alpha


def _pack(data: bytes) -> pb.Pixels:
    return pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))

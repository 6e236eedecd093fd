"""A server of a few lines: one small layer, one tile of it that is not solid."""

from __future__ import annotations

import zlib

from frisket.client.errors import TransportError
from frisket.client.options import LayerSpec, Options
from frisket.client.session import Session
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb

LAYER = LayerSpec(100, 60, PixelFormat.RGB8, 100, 60, PixelFormat.RGB8)
TILES = 8  # of 32 px: 4 x 2


def a_session() -> Session:
    return Session(LAYER, Options(), bytes(100 * 60 * 3), tile_size=32)


def pixels(data: bytes) -> pb.Pixels:
    return pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))


def opened() -> pb.MatteResponse:
    return pb.MatteResponse(
        opened=pb.OpenedResponse(protocol_version=1, tile_size=32, tile_count=TILES, model="m")
    )


class Script:
    """Answers as a server would.

    Args:
        lose_after: requests until the line breaks.
        needed: tiles that are not solid.
    """

    def __init__(self, lose_after: int = 1000, needed: tuple[int, ...] = (7,)) -> None:
        self._left = lose_after
        self._needed = needed
        self.answered: list[int] = []
        self.updates: list[pb.UpdateRequest] = []
        self.opening = pb.OpenRequest()

    def answer(self, request: pb.MatteRequest) -> list[pb.MatteResponse]:
        self._left -= 1
        if self._left < 0:
            raise TransportError("UNAVAILABLE", "", "lost", True)
        phase = request.WhichOneof("phase")
        if phase == "open":
            self.opening = request.open
            return [opened()]
        if phase == "rows":
            return self._after_the_proxy()
        if phase == "update":
            self.updates.append(request.update)
            changed = request.update.HasField("hints") or request.update.HasField("edge")
            return [self._finished(request.update.revision)] if changed else []
        return self._after_a_tile(request.tile.tile_id)

    def _after_the_proxy(self) -> list[pb.MatteResponse]:
        coarse = pb.CoarseRows(first_row=0, row_count=60, pixels=pixels(bytes(6000)))
        solid = [tile for tile in range(TILES) if tile not in self._needed]
        runs = [pb.TileRun(first=tile, count=1) for tile in solid]
        return [
            pb.MatteResponse(coarse=coarse),
            pb.MatteResponse(solid=pb.SolidTiles(transparent=runs)),
            pb.MatteResponse(need=pb.NeedTiles(tile_ids=self._needed)),
        ]

    def _after_a_tile(self, tile: int) -> list[pb.MatteResponse]:
        self.answered.append(tile)
        rect = a_session().grid.rect(tile)
        alpha = pb.AlphaTile(
            tile_id=tile, stage=pb.STAGE_FINAL, pixels=pixels(bytes(rect.width * rect.height))
        )
        done = set(self.answered) == set(self._needed)
        return [pb.MatteResponse(alpha=alpha), *([self._finished(0)] if done else [])]

    def _finished(self, revision: int) -> pb.MatteResponse:
        return pb.MatteResponse(finished=pb.FinishedResponse(revision=revision))


class Source:
    def read_tile(self, rect: TileRect) -> bytes:
        return bytes(rect.width * rect.height * 3)

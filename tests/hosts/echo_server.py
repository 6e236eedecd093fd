"""A server on the real wire whose alpha is the green channel: masks are exact to the pixel.

`model` chooses how it behaves: "slow" waits before each tile, "stuck" answers three and no
more, "empty" finds nothing, "unsure" says so, "dying" breaks the stream after a few tiles the
first time, "busy" refuses, "turning" inverts the alpha of an edge that is shifted. Everything
asked of it is kept in `openings` for the tests to look at; what a test inside a host has to
know while it runs lies in files beside the server's state: `tiles` and `updates`, and `heard`,
which is another one after each opening and each update.

An edge shifted by `REFUSED_SHIFT` is refused half way. `hints` beside the state has a word for
each change of strokes, `trimap` the last trimap.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import grpc

from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import Grid
from frisket.server.local import LocalService
from frisket.v1 import local_pb2_grpc as local_rpc
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc as rpc

TOKEN = "host-tests"
WINDOW = 6
ROWS_BYTES = 1 << 20
REFUSED_SHIFT = -99


def pixels(data: bytes) -> pb.Pixels:
    return pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))


def green(data: bytes, pixel_format: int) -> bytes:
    """Return the green samples of RGB rows."""
    size = PixelFormat(pixel_format).pixel_bytes
    if size != 6:
        return data[1::size]
    out = bytearray(len(data) // 3)
    out[0::2], out[1::2] = data[2::6], data[3::6]
    return bytes(out)


class Matting(rpc.MattingServiceServicer):
    def __init__(self, notes: Path | None = None) -> None:
        self._notes = notes
        self.openings: list[pb.OpenRequest] = []
        self.planes: dict[int, bytes] = {}
        self.updates: list[pb.UpdateRequest] = []
        self.views: list[pb.Rect] = []
        self.tiles = 0
        self.cancelled = 0
        self.hinted: list[str] = []
        self._died = False
        self._tiles_before = 0
        self._shift = 0.0

    def _note(self, name: str, text: str) -> None:
        if self._notes is not None:
            (self._notes / name).write_text(text, encoding="utf-8")

    async def _admit(self, context) -> None:
        if ("authorization", f"Bearer {TOKEN}") not in context.invocation_metadata():
            context.set_trailing_metadata((("frisket-reason", "BAD_TOKEN"),))
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "The token is wrong.")

    async def GetCapabilities(self, request, context):  # noqa: N802
        await self._admit(context)
        models = [
            pb.Model(name="green", description="The green channel.", present=True, is_default=True),
            pb.Model(name="slow", description="The same, but slow.", present=True),
        ]
        return pb.GetCapabilitiesResponse(
            protocol_version=1, server_version="echo", device="cpu", models=models
        )

    async def Matte(self, requests, context):  # noqa: N802
        await self._admit(context)
        stream = aiter(requests)
        opening = (await anext(stream)).open
        self._choose_behaviour(opening)
        self.openings.append(opening)
        self._tiles_before = self.tiles
        self._shift = opening.options.edge.shift_px
        view = opening.viewport
        self._note("opening", json.dumps([view.x, view.y, view.width, view.height]))
        self._note("heard", str(time.monotonic_ns()))
        if opening.options.model == "busy":
            context.set_trailing_metadata((("frisket-reason", "BUSY"),))
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "The server is busy.")
        if opening.options.model == "other-version":
            context.set_trailing_metadata((("frisket-reason", "VERSION_MISMATCH"),))
            message = "The server speaks version 2 of the protocol and this client version 1."
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
        yield self._opened(opening)
        proxy = await self._read_planes(stream, opening, opening.options.hints)
        async for answer in self._revision(stream, opening, proxy, 0, context):
            yield answer
        async for request in stream:
            if request.HasField("update") and self._looked(request.update):
                continue
            if request.HasField("update") and not request.update.cancel:
                self.updates.append(request.update)
                if request.update.HasField("edge"):
                    self._shift = request.update.edge.shift_px
                self._note("updates", "update\n" * len(self.updates))
                self._note("heard", str(time.monotonic_ns()))
                await self._read_planes(stream, opening, request.update.hints, first=False)
                self._note_hints(request.update)
                revision = request.update.revision
                async for answer in self._revision(stream, opening, proxy, revision, context):
                    yield answer

    def _choose_behaviour(self, opening) -> None:
        """Let a file beside the notes choose, where a person at a window cannot."""
        if self._notes is not None and (self._notes / "behave").exists():
            opening.options.model = (self._notes / "behave").read_text().strip()

    def _note_hints(self, update) -> None:
        if not update.HasField("hints") or self._notes is None:
            return
        signs = {each.positive for each in update.hints.scribbles}
        word = "".join(name for name, sign in (("+", True), ("-", False)) if sign in signs)
        if update.hints.trimap:
            word += "t"
            (self._notes / "trimap").write_bytes(self.planes[pb.PLANE_TRIMAP])
        self.hinted.append(word or "none")
        self._note("hints", "\n".join(self.hinted))

    def _looked(self, update) -> bool:
        if not update.HasField("viewport"):
            return False
        self.views.append(update.viewport)
        self._note("views", "view\n" * len(self.views))
        return True

    def _opened(self, opening) -> pb.MatteResponse:
        grid = Grid(opening.width, opening.height, opening.tile_size or 512)
        return pb.MatteResponse(
            opened=pb.OpenedResponse(
                protocol_version=1, model="green", tile_size=grid.tile_size, tile_count=grid.count
            )
        )

    async def _read_planes(self, stream, opening, hints, first: bool = True) -> bytes:
        wanted = {pb.PLANE_PROXY} if first else set()
        wanted |= {pb.PLANE_TRIMAP} if hints.trimap else set()
        wanted |= {pb.PLANE_PRIOR} if hints.prior else set()
        rows: dict[int, bytearray] = {plane: bytearray() for plane in wanted}
        area = opening.proxy_width * opening.proxy_height
        while any(len(rows[p]) < area * self._size(p, opening) for p in wanted):
            part = (await anext(stream)).rows
            rows[part.plane] += part.pixels.data
        self.planes.update({plane: bytes(data) for plane, data in rows.items()})
        return bytes(rows.get(pb.PLANE_PROXY, b""))

    def _size(self, plane: int, opening) -> int:
        return PixelFormat(opening.proxy_format).pixel_bytes if plane == pb.PLANE_PROXY else 1

    async def _revision(self, stream, opening, proxy, revision, context) -> AsyncIterator:
        empty = opening.options.model == "empty"
        coarse = green(proxy, opening.proxy_format) if proxy else b""
        # A trace of something is no subject either.
        coarse = bytes(value // 16 for value in coarse) if empty else coarse
        for answer in self._coarse(coarse, opening, revision):
            yield answer
        grid = Grid(opening.width, opening.height, opening.tile_size or 512)
        held = {t for run in opening.held for t in range(run.first, run.first + run.count)}
        clear, opaque, edge = self._sort(coarse, opening, grid, held if not revision else set())
        yield pb.MatteResponse(
            solid=pb.SolidTiles(revision=revision, transparent=runs(clear), opaque=runs(opaque))
        )
        if opening.HasField("viewport"):
            edge = nearest(edge, grid, opening.viewport)
        queue, waiting = deque(edge), 0
        while queue or waiting:
            ask = [queue.popleft() for _ in range(min(len(queue), WINDOW - waiting))]
            if ask:
                waiting += len(ask)
                yield pb.MatteResponse(need=pb.NeedTiles(revision=revision, tile_ids=ask))
            request = await anext(stream)
            if request.HasField("update"):
                if request.update.cancel:
                    break
                if self._looked(request.update):
                    queue = deque(nearest(queue, grid, request.update.viewport))
                continue
            waiting -= 1
            yield await self._alpha(request.tile, opening, revision, context)
        yield self._finished(opening, revision, bool(queue or waiting), empty)

    def _finished(self, opening, revision, cancelled, empty) -> pb.MatteResponse:
        rect = pb.Rect(x=0, y=0, width=opening.width, height=opening.height)
        judged = pb.Assessment(needs_review=True, reasons=["The model is unsure of this picture."])
        return pb.MatteResponse(
            finished=pb.FinishedResponse(
                revision=revision,
                cancelled=cancelled,
                subject=None if empty else rect,
                method="green",
                assessment=judged if opening.options.model == "unsure" else None,
            )
        )

    def _coarse(self, coarse, opening, revision) -> Iterator[pb.MatteResponse]:
        width, step = opening.proxy_width, max(1, ROWS_BYTES // opening.proxy_width)
        for first in range(0, opening.proxy_height, step):
            count = min(step, opening.proxy_height - first)
            part = coarse[first * width : (first + count) * width]
            yield pb.MatteResponse(
                coarse=pb.CoarseRows(
                    revision=revision, first_row=first, row_count=count, pixels=pixels(part)
                )
            )

    def _sort(self, coarse, opening, grid: Grid, held: set[int]):
        clear, opaque, edge = [], [], []
        for tile_id in range(grid.count):
            if tile_id in held:
                continue
            values = self._values(coarse, opening, grid.rect(tile_id))
            kind = clear if values == {0} else opaque if values == {255} else edge
            kind.append(tile_id)
        return clear, opaque, edge

    def _values(self, coarse, opening, rect) -> set[int]:
        """Values of the proxy under a tile, with a margin."""
        scale = opening.proxy_width / opening.width
        left, right = int(rect.x * scale) - 2, int((rect.x + rect.width) * scale) + 3
        top, bottom = int(rect.y * scale) - 2, int((rect.y + rect.height) * scale) + 3
        width = opening.proxy_width
        found: set[int] = set()
        for y in range(max(0, top), min(opening.proxy_height, bottom)):
            found |= set(coarse[y * width + max(0, left) : y * width + min(width, right)])
        return found

    async def _alpha(self, tile, opening, revision, context) -> pb.MatteResponse:
        self.tiles += 1
        model = opening.options.model
        if model in ("slow", "stuck"):
            self._note("tiles", str(self.tiles))
        if model == "slow":
            await asyncio.sleep(0.15)
        if model == "stuck" and self.tiles - self._tiles_before > 3:
            await asyncio.sleep(600)
        if model == "dying" and self.tiles - self._tiles_before > 4 and not self._died:
            self._died = True
            context.set_trailing_metadata((("frisket-reason", "DRAINING"),))
            await context.abort(grpc.StatusCode.UNAVAILABLE, "The server is shutting down.")
        if self._shift == REFUSED_SHIFT and self.tiles % 3 == 0:
            context.set_trailing_metadata((("frisket-reason", "MODEL_UNUSABLE"),))
            message = "The model cannot be used."
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
        data = tile.pixels.data
        alpha = green(data, opening.tile_format)
        if model == "empty":
            alpha = bytes(value // 16 for value in alpha)
        if model == "turning" and self._shift:
            alpha = bytes(255 - value for value in alpha)
        deep = opening.options.alpha_format == pb.PIXEL_FORMAT_GRAY16
        if deep and opening.tile_format == pb.PIXEL_FORMAT_RGB8:
            alpha = bytes(value for value in alpha for _ in (0, 1))
        elif not deep and opening.tile_format == pb.PIXEL_FORMAT_RGB16:
            alpha = alpha[1::2]
        message = pb.AlphaTile(
            tile_id=tile.tile_id, revision=revision, stage=pb.STAGE_FINAL, pixels=pixels(alpha)
        )
        if opening.options.foreground_colours:
            message.colours.CopyFrom(pixels(bytes(255 - value for value in data)))
        return pb.MatteResponse(alpha=message)


def nearest(tiles, grid: Grid, view: pb.Rect) -> list[int]:
    """Tiles in order of their distance from what is in sight."""
    x, y = view.x + view.width / 2, view.y + view.height / 2

    def distance(tile_id: int) -> float:
        rect = grid.rect(tile_id)
        return abs(rect.x + rect.width / 2 - x) + abs(rect.y + rect.height / 2 - y)

    return sorted(tiles, key=distance)


def runs(tiles: list[int]) -> list[pb.TileRun]:
    return [pb.TileRun(first=tile, count=1) for tile in tiles]


class EchoServer:
    """The server in a thread of its own; announces itself like a local one."""

    def __init__(self, home: Path | None = None, papers: tuple[Path, ...] = ()) -> None:
        """Start one; `papers` are the key and the certificate of one with TLS."""
        self.matting = Matting(home / "run" if home else None)
        self._home = home
        self._papers = papers
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(20)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        limit = [("grpc.max_receive_message_length", 8 << 20)]
        self._server = grpc.aio.server(options=limit)
        rpc.add_MattingServiceServicer_to_server(self.matting, self._server)
        self.target = f"127.0.0.1:{self._open_port()}"
        proof = LocalService(TOKEN, self.target)
        local_rpc.add_LocalServiceServicer_to_server(proof, self._server)
        await self._server.start()
        if self._home:
            self.announce(self._home)

    def _open_port(self) -> int:
        if not self._papers:
            return self._server.add_insecure_port("127.0.0.1:0")
        pair = tuple(path.read_bytes() for path in self._papers)
        return self._server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))

    def announce(self, home: Path) -> None:
        """Say where it is: as a local server does, or in a file for the cases."""
        state = {
            "target": self.target,
            "token": TOKEN,
            "pid": os.getpid(),
            "version": "echo",
            "protocol": 1,
        }
        path = home / "run" / ("tls.json" if self._papers else "server.json")
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(json.dumps(state), encoding="utf-8")
        fresh.replace(path)

    def stop(self) -> None:
        if self._thread.is_alive():
            asyncio.run_coroutine_threadsafe(self._server.stop(0), self._loop).result(20)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(20)


if __name__ == "__main__":
    import sys

    EchoServer(Path(sys.argv[1]), tuple(Path(name) for name in sys.argv[2:]))
    while True:
        time.sleep(3600)

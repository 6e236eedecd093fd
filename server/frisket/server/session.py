"""One layer on the server, from `open` to the end of its stream.

The session is a conversation with explicit phases. It never computes on the event loop,
holds at most the tiles it asked for, and keeps nothing after its stream: a client that
comes back says which tiles it already has.
"""

from __future__ import annotations

import asyncio
import enum
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import grpc
import numpy as np
import numpy.typing as npt

from frisket.models import Coarse, ModelError
from frisket.protocol.limits import MAX_REJECTIONS
from frisket.server import solution, wire
from frisket.server.closer import Closer
from frisket.server.config import Limits
from frisket.server.errors import ServiceError, invalid
from frisket.server.hints import Planes, check_classes, expected_planes, prompt_of, read_hints
from frisket.server.looks import look
from frisket.server.patchwork import Patchwork
from frisket.server.pool import Loaded, ModelPool, Picture, model_refused
from frisket.server.report import Timings, finished_message, opened_message
from frisket.server.scheduler import Scheduler
from frisket.server.turns import Idle, next_turn
from frisket.v1 import matting_pb2 as pb

Receive = Callable[[], Awaitable["pb.MatteRequest | None"]]
Send = Callable[["pb.MatteResponse"], Awaitable[None]]
Result = TypeVar("Result")


class Phase(enum.Enum):
    """Where a session stands.

    It goes down this list, and from FINISHED back to SOLVING when hints change.
    """

    OPENING = "opening"
    PLANES = "planes"
    SOLVING = "solving"
    REFINING = "refining"
    FINISHED = "finished"


@dataclass(frozen=True)
class Engine:
    """What sessions share.

    Attributes:
        pool: the models.
        executor: threads for solving and refining.
        limits: what one session may hold.
    """

    pool: ModelPool
    executor: Executor
    limits: Limits


class Session:
    """Serves one `Matte` stream.

    Args:
        shared: models and threads.
        receive: returns the next request; None at the client's half-close.
        send: sends one response.
    """

    def __init__(self, shared: Engine, receive: Receive, send: Send) -> None:
        self._shared = shared
        self._receive = receive
        self._send = send
        self._sending = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._timings = Timings()
        self._revision = 0
        self._refiner: Loaded | None = None
        self._closer: Closer | None = None
        self.phase = Phase.OPENING

    async def run(self) -> None:
        """Serve the stream until the client ends it.

        Raises:
            ServiceError: the client's requests cannot be served.
        """
        opening = wire.read_opening(await self._first())
        self._opening = opening
        self._options = opening.options
        self._scheduler = Scheduler(opening.grid, self._tile_budget())
        self._missing = ~opening.held
        self._viewport = opening.viewport
        pool = self._shared.pool
        loaded = await pool.acquire(opening.options.model)
        try:
            check_classes(self._options.classes, loaded.model.info)
            best = self._options.quality == pb.QUALITY_BEST
            self._refiner = await pool.acquire_refiner() if best else None
            remark = solution.NO_REFINER if best and self._refiner is None else ""
            await self._say(opened_message(opening, loaded.model, remark))
            await self._serve(loaded)
        finally:
            pool.release(loaded)
            pool.release(self._refiner)
            for task in self._tasks:
                task.cancel()
            if self._failed.done():
                self._failed.exception()  # looked at, whoever raised it

    # -------------------------------------------------------------- phases

    async def _serve(self, loaded: Loaded) -> None:
        self.phase = Phase.PLANES
        hints = self._options.hints
        planes = await self._read_planes([pb.PLANE_PROXY, *expected_planes(hints)])
        self._proxy = planes.pop(pb.PLANE_PROXY)
        await self._solve(loaded, planes, None)
        while (request := await self._next()) is not None:
            await self._handle(loaded, request)

    async def _handle(self, loaded: Loaded, request: pb.MatteRequest) -> None:
        phase = request.WhichOneof("phase")
        if phase == "tile":
            await self._tile(request.tile)
        elif phase == "update":
            await self._update(loaded, request.update)
        else:
            raise invalid("BAD_ORDER", f"'{phase}' cannot come after the proxy.")

    async def _solve(
        self, loaded: Loaded, planes: Planes, before: solution.Solution | None
    ) -> None:
        """Run the model, show its coarse alpha, and plan the tiles."""
        self.phase = Phase.SOLVING
        hints = read_hints(self._options.hints, planes, self._opening)
        self._hints = hints
        started = time.perf_counter()
        view = await self._compute(partial(solution.view, self._proxy, self._options.normalise))
        coarse = await self._matte(loaded, Picture(view, prompt_of(hints, self._options.classes)))
        # A class alone would keep the model's whole answer in memory.
        self._coarse = replace(coarse, layers={})
        self._timings.model_s += time.perf_counter() - started
        for message in wire.coarse_rows(coarse.alpha, self._revision, self._opening.packing):
            await self._say(message)
        await self._plan(before)

    async def _plan(self, before: solution.Solution | None) -> None:
        """Solve on the proxy; say which tiles are solid and ask for the others."""
        started = time.perf_counter()
        self._solution = await self._compute(
            partial(
                solution.solve,
                self._proxy,
                self._coarse,
                self._opening,
                self._options,
                self._hints,
                solution.choice_of(self._refiner),
            )
        )
        self._timings.solve_s += time.perf_counter() - started
        plan = self._solution.plan
        fresh = self._missing if before is None else self._solution.changed_since(before)
        await self._say_solid(plan, fresh)
        needed = {int(tile) for tile in np.flatnonzero((plan < 0) & fresh)}
        self._closer = await self._compute(partial(self._closer_for, needed))
        needed = self._closer.tiles if self._closer else needed
        self._scheduler.want(needed, self._viewport)
        self.phase = Phase.REFINING
        await self._pull()

    async def _say_solid(self, plan: npt.NDArray[np.int16], fresh: npt.NDArray[np.bool_]) -> None:
        solid = pb.SolidTiles(
            revision=self._revision,
            transparent=wire.tile_runs((plan == 0) & fresh),
            opaque=wire.tile_runs((plan > 0) & fresh),
        )
        if solid.transparent or solid.opaque:
            await self._say(pb.MatteResponse(solid=solid))

    async def _pull(self) -> None:
        """Ask for more tiles, or finish when there are none."""
        closer = self._closer
        if closer is not None and closer.busy:
            return
        tiles = self._scheduler.ask()
        if tiles:
            self._timings.tiles_needed += len(tiles)
            need = pb.NeedTiles(revision=self._revision)
            for tile in tiles:
                answered = closer is None or closer.wants(tile)
                (need.tile_ids if answered else need.context_ids).append(tile)
            await self._say(pb.MatteResponse(need=need))
        elif self._scheduler.complete and self.phase is Phase.REFINING:
            self.phase = Phase.FINISHED
            await self._finish(cancelled=False)

    async def _finish(self, cancelled: bool) -> None:
        judged = await self._compute(partial(solution.judge, self._solution))
        message = finished_message(self._revision, cancelled, self._timings, self._solution, judged)
        if self._closer is not None:
            message.finished.method += self._closer.remark
        await self._say(message)

    # --------------------------------------------------------------- tiles

    async def _tile(self, message: pb.TilePixels) -> None:
        tile = message.tile_id
        if not self._scheduler.arrived(tile):
            # Tiles on their way when the revision changed are no longer wanted.
            if self._revision == 0:
                raise invalid("BAD_TILE", f"Tile {tile} was not asked for.")
            return
        _, _, width, height = self._opening.grid.rect(tile)
        try:
            pixels = wire.unpack(message.pixels, width, height, self._opening.tile_format)
        except wire.CorruptPixels as error:
            await self._reject(tile, error)
            return
        if self._closer is None:
            self._spawn(self._refine(tile, pixels, self._revision))
        else:
            self._spawn(self._patch(tile, pixels, self._closer))

    async def _reject(self, tile: int, error: wire.CorruptPixels) -> None:
        if self._scheduler.reject(tile) >= MAX_REJECTIONS:
            raise ServiceError(
                grpc.StatusCode.DATA_LOSS,
                "CORRUPT_PIXELS",
                f"Tile {tile} arrived damaged {MAX_REJECTIONS} times: {error}",
            )
        failure = pb.TileFailure(tile_id=tile, reason=error.reason, message=str(error))
        await self._say(pb.MatteResponse(failure=failure))
        await self._pull()

    async def _patch(self, tile: int, pixels: wire.Array, closer: Closer) -> None:
        """Take a tile for the refiner's windows; answer the tiles that become complete."""
        revision = self._revision
        if closer.wants(tile):
            self._scheduler.park(tile)
        else:
            self._scheduler.done(tile)
        async for complete in closer.feed(tile, pixels):
            for whole in complete:
                if revision != self._revision:  # the solution may be another one by now
                    return
                await self._refine(whole, closer.pixels(whole), revision, closer.answers)
                closer.sent(whole)
            if revision != self._revision:
                return
            await self._pull()

    async def _refine(
        self,
        tile: int,
        pixels: wire.Array,
        revision: int,
        answers: Mapping[int, wire.Array | None] | None = None,
    ) -> None:
        started = time.perf_counter()
        work = partial(self._refined, tile, pixels, self._solution, answers)
        answer = await self._compute(work)
        self._timings.refine_s += time.perf_counter() - started
        if revision != self._revision:
            return
        answer.revision = revision
        await self._say(pb.MatteResponse(alpha=answer))
        if revision == self._revision:
            self._scheduler.done(tile)
            await self._pull()

    def _refined(
        self,
        tile: int,
        pixels: wire.Array,
        solved: solution.Solution,
        answers: Mapping[int, wire.Array | None] | None,
    ) -> pb.AlphaTile:
        """Compute and pack one tile; runs on a compute thread."""
        x, y, _, _ = self._opening.grid.rect(tile)
        alpha, colours = solved.refine(x, y, pixels, answers)
        packing = self._opening.packing
        answer = pb.AlphaTile(tile_id=tile, stage=pb.STAGE_FINAL, pixels=wire.pack(alpha, packing))
        if colours is not None:
            answer.colours.CopyFrom(wire.pack(colours, packing))
        return answer

    # ------------------------------------------------------------- updates

    async def _update(self, loaded: Loaded, update: pb.UpdateRequest) -> None:
        if update.HasField("viewport"):
            self._viewport = wire.read_viewport(update.viewport)
            self._scheduler.look_at(self._viewport)
        if update.cancel:
            self._scheduler.want([], None)
            self.phase = Phase.FINISHED
            await self._finish(cancelled=True)
        elif update.HasField("hints") or update.HasField("edge"):
            await self._revise(loaded, update)

    async def _revise(self, loaded: Loaded, update: pb.UpdateRequest) -> None:
        """Begin a new revision; only tiles that change are sent again."""
        if update.revision <= self._revision:
            raise invalid("BAD_ORDER", "An update needs a higher revision than the last.")
        # Tiles not yet delivered are missing still, whatever changes.
        before = self._solution if self.phase is Phase.FINISHED else None
        self._revision = update.revision
        self._missing[:] = True
        self._scheduler.want([], None)
        if update.HasField("edge"):
            self._options.edge.CopyFrom(update.edge)
        if not update.HasField("hints"):
            await self._plan(before)
            return
        self._options.hints.CopyFrom(update.hints)
        planes = await self._read_planes(expected_planes(update.hints))
        await self._solve(loaded, planes, before)

    # ------------------------------------------------------------ plumbing

    async def _first(self) -> pb.OpenRequest:
        request = await self._next()
        if request is None or request.WhichOneof("phase") != "open":
            raise invalid("BAD_ORDER", "The first request of a stream must be 'open'.")
        return request.open

    async def _read_planes(self, wanted: list[pb.Plane]) -> Planes:
        """Collect the announced planes, each from its first row to its last."""
        opening = self._opening
        forms = dict.fromkeys(wanted, wire.GRAY8)
        if pb.PLANE_PROXY in forms:
            forms[pb.PLANE_PROXY] = opening.proxy_format
        reader = wire.PlaneReader(opening.proxy_width, opening.proxy_height, forms)
        while not reader.complete:
            request = await self._next()
            phase = None if request is None else request.WhichOneof("phase")
            if request is None or phase == "open":
                raise invalid("BAD_PROXY", "The stream ended before the whole proxy came.")
            if phase == "rows":
                reader.add(request.rows)
        return reader.planes()

    async def _next(self) -> pb.MatteRequest | None:
        """Return the next request; gives up on a client that owes something too long."""
        owes = self.phase in (Phase.OPENING, Phase.PLANES) or (
            self.phase is Phase.REFINING and self._scheduler.waiting
        )
        limit = self._shared.limits.idle_stream_s if owes else None
        try:
            return await next_turn(self._receive, self._failed, limit)
        except Idle:
            raise ServiceError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "IDLE",
                f"The client sent nothing it was asked for within {limit:.0f} s.",
            ) from None

    async def _matte(self, loaded: Loaded, picture: Picture) -> Coarse:
        try:
            return await look(loaded, picture, self._options.quality)
        except ModelError as error:
            raise model_refused(error) from error

    async def _compute(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._shared.executor, work)

    async def _say(self, message: pb.MatteResponse) -> None:
        # grpc.aio allows one write at a time.
        async with self._sending:
            await self._send(message)

    def _spawn(self, work: Awaitable[None]) -> None:
        """Run a tile beside the conversation; bounded by the tiles asked for."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let a tile that failed end the stream; the client would wait for it forever."""
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not self._failed.done():
            self._failed.set_exception(error)

    def _closer_for(self, wanted: set[int]) -> Closer | None:
        if self._refiner is None or self._solution.windows is None:
            return None
        patches = Patchwork(self._opening.grid, self._solution.windows, wanted)
        return Closer(self._solution, patches, self._refiner, self._compute, self._timings)

    def _tile_budget(self) -> int:
        grid, limits = self._opening.grid, self._shared.limits
        tile_bytes = grid.tile_size**2 * self._opening.tile_format.pixel_bytes
        return min(limits.tiles_in_flight, max(2, limits.tile_bytes_in_flight // tile_bytes))

"""One layer on the server, from `open` to the end of its stream.

It never computes on the event loop, holds at most the tiles it asked for, and keeps nothing
after its stream: a client that comes back says which tiles it already has.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from frisket.matting import (
    Compute,
    Matting,
    MattingOptions,
    Refinement,
    Solution,
    explain_lack,
    predict,
    start_refinement,
)
from frisket.matting.engine.types import Bytes
from frisket.models import Coarse
from frisket.protocol.limits import MAX_REJECTIONS
from frisket.protocol.reasons import Reason
from frisket.server import report
from frisket.server.channel import Channel
from frisket.server.errors import ServiceError
from frisket.server.requests import Opening, Update, read_opening, read_update
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.scheduler import Share
from frisket.server.tile_queue import TileQueue, is_in_sight
from frisket.server.wire import (
    Array,
    CorruptPixels,
    Plane,
    PlaneReader,
    Request,
    Response,
    TilePixels,
    unpack,
)


async def serve_layer(
    resources: Resources,
    receive: Callable[[], Awaitable[Request | None]],
    send: Callable[[Response], Awaitable[None]],
) -> None:
    """Serve one `Matte` stream until the client ends it.

    Args:
        resources: models and threads.
        receive: returns the next request; None at the client's half-close.
        send: sends one response.

    Raises:
        ServiceError, MattingError, ModelError: the client's requests cannot be served.
    """
    channel = Channel(receive, send, resources.limits.idle_stream_s)
    try:
        opening = read_opening(await channel.next(owed=True))
        share = _open_share(resources, opening)
        async with resources.borrow(opening.model, opening.options, share) as models:
            await _serve_opening(resources, channel, opening, models)
    finally:
        channel.close()


def _open_share(resources: Resources, opening: Opening) -> Share:
    proxy_width, proxy_height = opening.proxy_size
    return resources.scheduler.open_share(
        opening.batch, proxy_width * proxy_height / 1e6, opening.grid.tile_size**2 / 1e6
    )


async def _serve_opening(
    resources: Resources, channel: Channel, opening: Opening, models: BorrowedModels
) -> None:
    remark = explain_lack(opening.options, models.refiner)
    await channel.say(report.build_opened(opening, models.model, remark))
    planes = await _read_planes(channel, opening, opening.planes, models.share)
    options = _place_planes(opening.options, planes)
    matting = Matting(planes[Plane.PROXY], opening.grid, options, models.refiner)
    await Session(resources, channel, opening, models, matting).run()


async def _read_planes(
    channel: Channel, opening: Opening, planes: Sequence[Plane], share: Share
) -> Mapping[int, Bytes]:
    """Collect the announced planes, each from its first row to its last."""
    reader = PlaneReader(opening.proxy_size, planes, opening.proxy_format)
    while not reader.complete:
        request = await channel.next(owed=True)
        if request is None or request.HasField("open"):
            raise ServiceError(Reason.BAD_PROXY, "The stream ended before the whole proxy came.")
        if request.HasField("rows"):
            await share.show(partial(reader.add, request.rows))
    return reader.planes()


def _place_planes(options: MattingOptions, planes: Mapping[int, Bytes]) -> MattingOptions:
    """Return options whose hints have the planes that came for them."""
    trimap, prior = planes.get(Plane.TRIMAP), planes.get(Plane.PRIOR)
    return replace(options, hints=replace(options.hints, trimap=trimap, prior=prior))


@dataclass(eq=False)
class Revision:
    """One solution of the layer, and how far its tiles are.

    Attributes:
        number: as the client chose it.
        solution: what its tiles are computed from.
        refinement: where their pixels go.
        queue: which are asked for.
        finished: every tile has been sent.
        over: another revision has begun, or the client wants no more of this one.
    """

    number: int
    solution: Solution
    refinement: Refinement[Response]
    queue: TileQueue
    finished: bool = False
    over: bool = False

    @property
    def owed(self) -> bool:
        """Whether the client owes tiles."""
        return self.queue.waiting and not self.over


class Session:
    """The conversation about one layer, once its proxy has come.

    Args:
        resources: threads and limits.
        channel: to the client.
        opening: what the client asked for.
        models: who is asked about the layer.
        matting: the layer.
    """

    def __init__(
        self,
        resources: Resources,
        channel: Channel,
        opening: Opening,
        models: BorrowedModels,
        matting: Matting,
    ) -> None:
        self._resources = resources
        self._channel = channel
        self._opening = opening
        self._models = models
        self._matting = matting
        self._missing = ~opening.held
        self._viewport = opening.viewport
        self._timings = report.Timings()

    async def run(self) -> None:
        """Serve the layer until the client ends the stream."""
        coarse = await self._predict(0)
        revision = await self._begin(0, coarse, None)
        while (request := await self._channel.next(revision.owed)) is not None:
            revision = await self._handle(revision, request)

    async def _handle(self, revision: Revision, request: Request) -> Revision:
        if request.HasField("update"):
            return await self._update(revision, read_update(request.update))
        if not request.HasField("tile"):
            phase = request.WhichOneof("phase")
            raise ServiceError(Reason.BAD_ORDER, f"'{phase}' cannot come after the proxy.")
        self._take(revision, request.tile)
        return revision

    # ----------------------------------------------------------- revisions

    async def _predict(self, number: int) -> Coarse:
        """Run the model and show its coarse alpha."""
        started = time.perf_counter()
        coarse = await predict(self._matting, self._models.runners)
        self._timings.model_s += time.perf_counter() - started
        pack = partial(report.build_coarse, coarse.alpha, number, self._opening.packing)
        for message in await self._models.share.show(pack):
            await self._channel.say(message)
        return coarse

    async def _begin(self, number: int, coarse: Coarse, before: Solution | None) -> Revision:
        """Solve on the proxy; say which tiles are solid and ask for the others."""
        started = time.perf_counter()
        solve = self._models.share.solve
        solution = await solve(partial(self._matting.solve, coarse))
        self._timings.solve_s += time.perf_counter() - started
        revision, solid = await solve(partial(self._plan, number, solution, before))
        if solid is not None:
            await self._channel.say(solid)
        await self._pull(revision)
        return revision

    def _plan(
        self, number: int, solution: Solution, before: Solution | None
    ) -> tuple[Revision, Response | None]:
        """Choose the tiles to send; runs on a compute thread."""
        fresh = self._missing if before is None else solution.changed_since(before)
        solid = report.build_solid(number, solution.plan, fresh)
        refinement = start_refinement(
            solution,
            np.flatnonzero((solution.plan < 0) & fresh).tolist(),
            self._models.share.compute,
            partial(report.build_alpha, number, self._opening.packing),
            self._models.runners.refine_patch,
        )
        grid = self._opening.grid
        queue = TileQueue(grid, self._tile_budget(), refinement.tiles, self._viewport)
        return Revision(number, solution, refinement, queue), solid

    async def _update(self, revision: Revision, update: Update) -> Revision:
        if update.viewport is not None:
            self._viewport = update.viewport
            revision.queue.look_at(update.viewport)
        if update.cancel:
            revision.over = True
            await self._say_finished(revision, cancelled=True)
        elif update.hints is not None or update.edge is not None:
            return await self._revise(revision, update)
        return revision

    async def _revise(self, revision: Revision, update: Update) -> Revision:
        """Begin a new revision; only tiles that change are sent again."""
        if update.revision <= revision.number:
            raise ServiceError(Reason.BAD_ORDER, "An update needs a higher revision than the last.")
        revision.over = True
        # Tiles not yet delivered are missing still, whatever changes.
        before = revision.solution if revision.finished else None
        self._missing = np.ones_like(self._missing)
        options = update.change(self._matting.options)
        coarse = revision.solution.coarse
        if update.hints is not None:
            planes = await _read_planes(
                self._channel, self._opening, update.planes, self._models.share
            )
            options = _place_planes(options, planes)
        self._matting = replace(self._matting, options=options)
        if update.hints is not None:
            coarse = await self._predict(update.revision)
        return await self._begin(update.revision, coarse, before)

    async def _say_finished(self, revision: Revision, cancelled: bool) -> None:
        assessment = await self._models.share.compute(revision.solution.assess)
        self._timings.peak_bytes = self._resources.peak_bytes
        message = report.build_finished(
            revision.number,
            cancelled,
            self._timings,
            revision.solution,
            assessment,
            revision.refinement.failures,
        )
        await self._channel.say(message)

    # --------------------------------------------------------------- tiles

    async def _pull(self, revision: Revision) -> None:
        """Ask for more tiles, or finish when there are none."""
        if revision.over or revision.refinement.busy:
            return
        if tiles := revision.queue.ask():
            self._timings.tiles_needed += len(tiles)
            wanted = [tile for tile in tiles if revision.refinement.wants(tile)]
            context = [tile for tile in tiles if not revision.refinement.wants(tile)]
            await self._channel.say(report.build_need(revision.number, wanted, context))
        elif revision.queue.complete and not revision.finished:
            revision.finished = True
            await self._say_finished(revision, cancelled=False)

    def _take(self, revision: Revision, message: TilePixels) -> None:
        """Let a tile's pixels be worked on beside the conversation."""
        if revision.queue.accept(message.tile_id):
            self._channel.spawn(self._refine(revision, message))
        elif not revision.number and not revision.over:
            # Tiles on their way when the revision changed are no longer wanted.
            raise ServiceError(Reason.BAD_TILE, f"Tile {message.tile_id} was not asked for.")

    async def _refine(self, revision: Revision, message: TilePixels) -> None:
        """Send what a tile's pixels finish: the tile itself, others or nothing yet."""
        tile, refinement = message.tile_id, revision.refinement
        compute = self._choose_compute(tile)
        try:
            pixels = await compute(partial(self._unpack, message))
        except CorruptPixels as error:
            await self._reject(revision, tile, error)
            return
        if not refinement.wants(tile):
            revision.queue.finish(tile)
        elif refinement.gathers:
            revision.queue.park(tile)
        started = time.perf_counter()
        async for finished in refinement.feed(tile, pixels, compute):
            self._timings.refine_s += time.perf_counter() - started
            await self._send(revision, finished)
            if revision.over:
                return
            started = time.perf_counter()

    def _choose_compute(self, tile: int) -> Compute:
        share, viewport = self._models.share, self._viewport
        seen = viewport is not None and is_in_sight(self._opening.grid, viewport, tile)
        return share.compute_in_sight if seen else share.compute

    async def _send(self, revision: Revision, finished: list[Response]) -> None:
        for answer in finished:
            if revision.over:
                return
            await self._channel.say(answer)
            revision.queue.finish(answer.alpha.tile_id)
        await self._pull(revision)

    def _unpack(self, message: TilePixels) -> Array:
        _, _, width, height = self._opening.grid.rect(message.tile_id)
        return unpack(message.pixels, width, height, self._opening.tile_format)

    async def _reject(self, revision: Revision, tile: int, error: CorruptPixels) -> None:
        if revision.queue.reject(tile) >= MAX_REJECTIONS:
            raise ServiceError(
                Reason.CORRUPT_PIXELS,
                f"Tile {tile} arrived damaged {MAX_REJECTIONS} times: {error}",
            )
        await self._channel.say(report.build_failure(tile, error))
        await self._pull(revision)

    def _tile_budget(self) -> int:
        grid, limits = self._opening.grid, self._resources.limits
        tile_bytes = grid.tile_size**2 * self._opening.tile_format.pixel_bytes
        return min(limits.tiles_in_flight, max(2, limits.tile_bytes_in_flight // tile_bytes))

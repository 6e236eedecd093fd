"""One layer on the server, from the end of its proxy to the end of its stream.

The conversation goes on while the server works: every request is heard at once. The newest
revision is what is worked on; a cancel is answered whatever runs. Nothing is computed on the
event loop, at most the tiles that were asked for are held, and nothing stays after the stream: a
client that comes back says which tiles it already has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial

import numpy as np

from frisket.matting import Compute, Matting, ReadPixels, Solution, start_refinement
from frisket.matting.engine import Assessment, Settled
from frisket.matting.engine.types import Bytes
from frisket.models import Coarse
from frisket.protocol.limits import MAX_REJECTIONS
from frisket.protocol.reasons import Reason
from frisket.server import report
from frisket.server.admission import Seat
from frisket.server.channel import LayerChannel
from frisket.server.costs import count_tiles, estimate_hints
from frisket.server.errors import ServiceError
from frisket.server.opinion import assess_alone, assess_layer
from frisket.server.planes import cut_tile, place_planes, read_planes
from frisket.server.requests import Opening, Update, read_update
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.revision import Revision
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import current, measure
from frisket.server.tile_queue import TileQueue, TileSet, is_in_sight
from frisket.server.wire import (
    Array,
    CorruptPixels,
    Request,
    Response,
    TilePixels,
    UpdateMessage,
    unpack,
)


class Session:
    """The conversation about one layer, once its proxy has come.

    Args:
        resources: threads and limits.
        channel: to the client.
        seat: the session's place on the server.
        opening: what the client asked for.
        models: who is asked about the layer.
        matting: the layer.
        hint_leases: what the hints of `matting` take, until they are needed no more.
    """

    def __init__(
        self,
        resources: Resources,
        channel: LayerChannel,
        seat: Seat,
        opening: Opening,
        models: BorrowedModels,
        matting: Matting,
        hint_leases: ExitStack,
    ) -> None:
        self._resources = resources
        self._channel = channel
        self._seat = seat
        self._opening = opening
        self._models = models
        self._matting = matting
        self._hint_leases = hint_leases
        self._viewport = opening.viewport
        self._timings = report.Timings()
        self._number = 0
        self._stopped = False
        self._given = opening.coarse  # by a client that resumes, for the hints it came with
        self._coarse: Coarse | None = None
        self._settled: Settled | None = None
        self._revision: Revision | None = None
        self._late: set[int] = set()  # asked for by a revision that is over, and on their way
        self._missing = ~opening.held
        self._before: Solution | None = None  # of the tiles that the client has, where it has all
        self._cancelled = -1  # the newest revision that the client wants no more
        self._asking: asyncio.Future[Coarse] | None = None
        self._answer: asyncio.Future[None] | None = None  # to a cancel
        self._work: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Serve the layer until the client ends the stream."""
        self._start()
        while (request := await self._channel.next()) is not None:
            await self._handle(request)
        await self._channel.settle()

    async def _handle(self, request: Request) -> None:
        if request.HasField("update"):
            await self._update(request.update)
        elif request.HasField("tile"):
            self._take(request.tile)
        else:
            phase = request.WhichOneof("phase")
            raise ServiceError(Reason.BAD_ORDER, f"'{phase}' cannot come after the proxy.")

    # ------------------------------------------------------------- updates

    async def _update(self, message: UpdateMessage) -> None:
        grid = self._opening.grid
        read = partial(read_update, message, (grid.width, grid.height))
        with measure(Stage.READ):
            update = await self._resources.compute_if_large(read, message.ByteSize())
        if update.viewport is not None:
            self._viewport = update.viewport
            if self._revision is not None:
                self._revision.queue.look_at(update.viewport)
        if update.cancel:
            self._cancel()
        elif update.hints is not None or update.edge is not None:
            await self._change(update, message.ByteSize())

    def _cancel(self) -> None:
        """Answer at once; what runs ends unheard."""
        self._stopped, self._cancelled = True, self._number
        self._end_revision()
        if self._asking is not None:
            self._asking.cancel()
        if self._answer is None or self._answer.done():
            self._answer = self._channel.spawn(self._answer_cancel())

    async def _answer_cancel(self) -> None:
        """Say that the newest revision is cancelled; who says so meanwhile is answered once."""
        said = -1
        while said != self._cancelled:
            said = self._cancelled
            await self._say_finished(said, self._revision, cancelled=True)

    async def _change(self, update: Update, size: int) -> None:
        """Let the newest revision be worked on next."""
        if update.revision <= self._number:
            raise ServiceError(Reason.BAD_ORDER, "An update needs a higher revision than the last.")
        self._seat.work()
        planes = await self._read_planes(update, size)
        options = update.change(self._matting.options)
        if planes is not None:
            options = place_planes(options, planes)
            self._given = self._coarse = self._settled = None
            if self._asking is not None:
                self._asking.cancel()
        self._end_revision()
        self._number, self._stopped = update.revision, False
        self._matting = replace(self._matting, options=options)
        self._start()

    async def _read_planes(self, update: Update, size: int) -> Mapping[int, Bytes] | None:
        """Return the planes of new hints, often none; None where the hints stay."""
        if update.hints is None:
            return None
        resources, leases = self._resources, self._hint_leases
        await resources.spend(self._seat, leases, "hints", estimate_hints(size))
        share = self._models.share
        return await read_planes(resources, share, self._channel, self._opening, update.planes)

    def _end_revision(self) -> None:
        revision = self._revision
        if revision is not None:
            revision.over = True
            self._late.update(revision.owed.forgive())

    # ----------------------------------------------------------- revisions

    def _start(self) -> None:
        """Work on the newest revision, unless work is under way: that goes on to it."""
        if self._work is None or self._work.done():
            self._work = self._channel.spawn(self._bring_newest())

    async def _bring_newest(self) -> None:
        """Bring the newest revision to the client; of those passed over nothing is said."""
        number = -1
        while number != self._number and not self._stopped:
            number = self._number
            if self._settled is None and not await self._find_coarse():
                number = -1
                continue
            found = await self._solve(number)
            if found is not None and number == self._number and not self._stopped:
                await self._publish(*found)

    async def _find_coarse(self) -> bool:
        """Find the coarse alpha and settle it; False when the hints have changed meanwhile."""
        matting = self._matting
        coarse = self._given or await self._predict(matting)
        if coarse is None:
            return False
        with measure(Stage.SOLVE):
            settled = await self._models.share.solve(partial(matting.settle, coarse))
        if matting.options.hints is not self._matting.options.hints:
            return False
        self._given, self._coarse, self._settled = None, coarse, settled
        self._matting = self._matting.without_hints()
        self._hint_leases.close()
        return True

    async def _predict(self, matting: Matting) -> Coarse | None:
        """Run the model and show its coarse alpha; None when that is wanted no more."""
        with self._models.hurry():
            coarse = await self._ask_model(matting)
            if coarse is not None:
                await self.show_coarse(coarse)
        return coarse

    async def _ask_model(self, matting: Matting) -> Coarse | None:
        """Run the model; None when other hints, or a cancel, have made that needless."""
        with measure(Stage.MODEL) as span:
            self._asking = asking = asyncio.ensure_future(self._models.predict(matting))
            try:
                await asyncio.wait({asking})
            finally:
                self._asking = None
                asking.cancel()
        if asking.cancelled():
            return None
        self._timings.model_s += span.elapsed_s
        return asking.result()

    async def show_coarse(self, coarse: Coarse) -> None:
        """Send the coarse alpha."""
        pack = partial(report.build_coarse, coarse, self._number, self._opening.packing)
        with measure(Stage.WRITE):
            messages = await self._models.share.show(pack)
        for message in messages:
            await self._channel.say(message)
        if trace := current():
            trace.show()

    async def _solve(self, number: int) -> tuple[Revision, list[Response]] | None:
        """Solve on the proxy and choose the tiles; None when that is wanted no more."""
        assert self._coarse is not None
        with measure(Stage.SOLVE) as span:
            solution = await self.solve_layer(self._matting, self._coarse, self._settled)
        self._timings.solve_s += span.elapsed_s
        if number != self._number or self._stopped:
            return None
        with measure(Stage.SOLVE):
            return await self._models.share.solve(partial(self._plan, number, solution))

    async def solve_layer(
        self, matting: Matting, coarse: Coarse, settled: Settled | None
    ) -> Solution:
        """Return a layer's solution; `settled` is the coarse alpha with what hints say of it."""
        return await self._models.share.solve(partial(matting.solve, coarse, settled))

    def _plan(self, number: int, solution: Solution) -> tuple[Revision, list[Response]]:
        """Choose the tiles to send; runs on a compute thread."""
        before = self._before
        fresh = self._missing if before is None else solution.changed_since(before)
        solid = report.build_solid(number, solution.plan, fresh)
        refinement = start_refinement(
            solution,
            TileSet((solution.plan < 0) & fresh),
            self._models.share.compute,
            partial(report.build_alpha, number, self._opening.packing),
            self._models.runners.refine_patch,
        )
        budget = count_tiles(self._opening, self._resources.limits)
        queue = TileQueue(self._opening.grid, budget, refinement.tiles, self._viewport)
        asks = solution.needs_pixels and not self._opening.proxy_is_layer
        return Revision(number, solution, refinement, queue, asks), solid

    async def _publish(self, revision: Revision, solid: list[Response]) -> None:
        """Say which tiles are solid and ask for the others."""
        self._revision = revision
        # From here on some tiles of the client are this revision's, until it has all of them.
        self._before, self._missing = None, np.ones_like(self._missing)
        for message in solid:
            await self._channel.say(message)
        await self._pull(revision)

    async def _say_finished(self, number: int, revision: Revision | None, cancelled: bool) -> None:
        solution = revision.solution if revision else None
        assessment = await self._assess(revision, cancelled) if revision else None
        self._timings.peak_bytes = self._resources.peak_bytes
        failures = revision.refinement.failures if revision else ()
        if number == self._number and cancelled == self._stopped:
            self._seat.conclude()
        await self._channel.say(
            report.build_finished(number, cancelled, self._timings, solution, assessment, failures)
        )
        if number == self._number and cancelled == self._stopped:
            self._seat.rest()

    def _form_opinion(self, revision: Revision) -> asyncio.Future[Assessment]:
        """Assess beside the tiles, from the first on: who sends none may want another revision."""
        if revision.opinion is None:
            revision.opinion = self._channel.spawn(assess_alone(self._models, revision.solution))
        return revision.opinion

    async def _assess(self, revision: Revision, cancelled: bool) -> Assessment:
        if cancelled:  # who cancels again while this is computed has the same answer
            return await assess_alone(self._models, revision.solution)
        alone = await self._form_opinion(revision)
        hinted = self._settled is not None and self._settled.certain is not None
        return alone if hinted else await self.assess_layer(revision.solution, alone)

    async def assess_layer(self, solution: Solution, alone: Assessment) -> Assessment:
        """Return what is believed of a layer that no hint had a part in; see `opinion`."""
        return await assess_layer(self._resources, self._models, self._matting, solution, alone)

    # --------------------------------------------------------------- tiles

    async def _pull(self, revision: Revision) -> None:
        """Ask for more tiles, or finish when there are none."""
        if revision.over or revision.refinement.busy:
            return
        if tiles := revision.queue.ask():
            if revision.asks:
                await self._ask(revision, tiles)
            else:
                self._compute_tiles(revision, tiles)
        elif revision.queue.complete and not revision.finished:
            revision.finished = True
            self._before = revision.solution
            await self._say_finished(revision.number, revision, cancelled=False)

    async def _ask(self, revision: Revision, tiles: list[int]) -> None:
        owed, limit_s = revision.owed.add(tiles), self._resources.limits.tile_s
        self._channel.expect(limit_s, owed, "send every tile")
        self._timings.tiles_needed += len(tiles)
        wanted = [tile for tile in tiles if revision.refinement.wants(tile)]
        context = [tile for tile in tiles if not revision.refinement.wants(tile)]
        await self._channel.say(report.build_need(revision.number, wanted, context))

    def _compute_tiles(self, revision: Revision, tiles: list[int]) -> None:
        """Compute tiles that depend on their place alone, or whose pixels came with the proxy."""
        for tile in tiles:
            revision.queue.accept(tile)
            read = partial(cut_tile, self._opening, self._matting.proxy, tile)
            self._channel.spawn(self._feed(revision, tile, read))

    def _take(self, message: TilePixels) -> None:
        """Let a tile's pixels be worked on beside the conversation."""
        tile, revision = message.tile_id, self._revision
        if revision is not None and not revision.over and revision.queue.accept(tile):
            revision.owed.settle(tile)
            self._channel.spawn(self._refine(revision, message))
        elif tile in self._late:
            self._late.discard(tile)
        else:
            raise ServiceError(Reason.BAD_TILE, f"Tile {tile} was not asked for.")

    async def _refine(self, revision: Revision, message: TilePixels) -> None:
        """Send what a tile's pixels finish, or ask for them again."""
        try:
            await self._feed(revision, message.tile_id, partial(self._unpack, message))
        except CorruptPixels as error:
            await self._reject(revision, message.tile_id, error)

    async def _feed(self, revision: Revision, tile: int, read: ReadPixels) -> None:
        """Send what a tile's pixels finish: the tile itself, others or nothing yet."""
        self._form_opinion(revision)
        if not revision.refinement.wants(tile):
            revision.queue.finish(tile)
        elif revision.refinement.gathers:
            revision.queue.park(tile)
        with measure(Stage.REFINE) as span:
            async for finished in revision.refinement.feed(tile, read, self._choose_compute(tile)):
                with span.paused():
                    await self._send(revision, finished)
                if revision.over:
                    break
        self._timings.refine_s += span.elapsed_s

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
            problem = f"Tile {tile} arrived damaged {MAX_REJECTIONS} times: {error}"
            raise ServiceError(Reason.CORRUPT_PIXELS, problem)
        await self._channel.say(report.build_failure(tile, error))
        await self._pull(revision)

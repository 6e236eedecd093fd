"""One `SequenceService.Matte` stream: frames that are layers, each steadied by the one before.

Every frame has the conversation of a layer (`Session`) on a channel of its own; here its messages
are handed out, and what a frame leaves to the next is passed on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial

from frisket.matting import Matting, predict, predict_next
from frisket.matting.engine import Assessment, Settled
from frisket.matting.engine.temporal import Track
from frisket.matting.engine.types import Hints
from frisket.matting.frames import Memory, keep_state, recall_state, solve_frame
from frisket.matting.solution import Solution
from frisket.models import MAX_STATE_BYTES, Coarse
from frisket.protocol.reasons import Reason
from frisket.server import report
from frisket.server.admission import Seat
from frisket.server.channel import Channel, LayerChannel
from frisket.server.costs import count_tiles, estimate_hints, estimate_session
from frisket.server.errors import ServiceError
from frisket.server.hint_requests import list_planes, read_frame_hints
from frisket.server.layer import borrow_models, note_models, note_opening, open_share
from frisket.server.link import Link
from frisket.server.planes import place_planes, read_planes
from frisket.server.requests import Opening, read_sequence_opening
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.session import Session
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import current_id, measure
from frisket.server.wire import (
    FrameMessage,
    FramePart,
    Plane,
    Request,
    Response,
    SequenceRequest,
    SequenceResponse,
)

SequenceChannel = Channel[SequenceRequest, SequenceResponse]
_PACKING_BYTES = 1 << 10  # by which zlib may enlarge what it cannot pack, at least


async def serve_sequence(
    resources: Resources,
    seat: Seat,
    receive: Callable[[], Awaitable[SequenceRequest | None]],
    send: Callable[[SequenceResponse], Awaitable[None]],
) -> None:
    """Serve one sequence until the client ends it.

    Args:
        resources: models, threads and memory.
        seat: its place on the server.
        receive: returns the next request; None at the client's half-close.
        send: sends one response.

    Raises:
        ServiceError, MattingError, ModelError: the client's requests cannot be served.
    """
    channel: SequenceChannel = Channel(receive, send, resources.limits.write_s)
    seat.fail = channel.fail
    limits = resources.limits
    with ExitStack() as leases:
        leases.callback(channel.close)
        with channel.limit(limits.open_s, "open a sequence"):
            opening = read_sequence_opening(await channel.next())
        note_opening(opening)
        bytes_each = estimate_session(opening, limits)
        await resources.spend(seat, leases, "sessions", bytes_each * limits.frames_in_flight)
        share = open_share(resources, opening)
        async with borrow_models(resources, opening, share) as models:
            if models.model.info.recurrent:  # the one that a frame takes, and the one it leaves
                await resources.spend(seat, leases, "sessions", 2 * MAX_STATE_BYTES)
            remark = note_models(opening, models)
            opened = report.build_sequence_opened(
                opening, models.model, remark, current_id(), limits.frames_in_flight
            )
            await channel.say(opened)
            await Sequence(resources, channel, seat, opening, models).run()


@dataclass(eq=False)
class Frame:
    """A frame that was begun and is not finished.

    Attributes:
        number: as the client chose it.
        run_in: no tiles of it are wanted.
        rows_owed: rows of its proxy, and of its hints' planes, that have not come.
        track: what solves hand on.
        memory: what a recurrent model hands on.
        drop_late: it may be left out when a later frame has come.
        hints: what is said of it, in pixels of the frame.
        planes: which rows come.
        hint_bytes: that its hints take.
        is_new: no earlier frame counted.
        model_s: seconds that the model took.
        inbox: what came about it.
    """

    number: int
    run_in: bool
    rows_owed: int
    track: Link[Track]
    memory: Link[Memory]
    drop_late: bool = False
    hints: Hints = field(default_factory=Hints)
    planes: tuple[Plane, ...] = (Plane.PROXY,)
    hint_bytes: int = 0
    is_new: bool = True
    model_s: float = 0.0
    inbox: asyncio.Queue[Request | None] = field(default_factory=asyncio.Queue)

    async def solve(self, models: BorrowedModels, matting: Matting, coarse: Coarse) -> Solution:
        """Solve it when the frame before it is solved, and pass on what it leaves."""
        before = await self.track.take()
        solved = await models.share.solve(partial(solve_frame, matting, coarse, before))
        self.is_new = solved.is_new
        self.track.leave(solved.track)
        return solved.solution

    async def follow(
        self, models: BorrowedModels, matting: Matting, before: Memory | None
    ) -> Coarse:
        """Ask a recurrent model, which heeds the frame before it, and pass on its memory."""
        state = await models.share.show(partial(recall_state, matting, before))
        coarse = await predict_next(matting, models.runners, state)
        self.memory.leave(keep_state(matting, coarse))
        return replace(coarse, state=())  # the frame after it has that now


class FrameSession(Session):
    """The conversation about one frame; it begins with the model's answer."""

    frame: Frame
    hinted: Matting  # the frame with what is said of it: what the parent settles is of one picture

    async def solve_layer(
        self, matting: Matting, coarse: Coarse, settled: Settled | None
    ) -> Solution:
        """Return the frame's solution, steadied by the frame before it."""
        self._timings.model_s = self.frame.model_s
        return await self.frame.solve(self._models, self.hinted, coarse)

    async def assess_layer(self, solution: Solution, alone: Assessment) -> Assessment:
        """Return what is believed of a frame; of many, none is worth a second model's run."""
        return alone


class Sequence:
    """The conversation about a sequence, once it is open.

    Args:
        resources: threads and limits.
        channel: to the client.
        seat: the sequence's place on the server.
        opening: what the client asked for.
        models: who is asked about the frames.
    """

    def __init__(
        self,
        resources: Resources,
        channel: SequenceChannel,
        seat: Seat,
        opening: Opening,
        models: BorrowedModels,
    ) -> None:
        self._resources = resources
        self._channel = channel
        self._seat = seat
        seat.shared = True
        self._opening = opening
        self._models = models
        self._frames: dict[int, Frame] = {}
        self._last = -1
        self._begun: Frame | None = None  # the last one
        self._newest = -1  # whose proxy has come whole
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Serve frames until the client ends the stream."""
        self._expect_frame()
        while (request := await self._channel.next()) is not None:
            if request.HasField("frame"):
                self._begin(request.frame)
            elif request.HasField("part"):
                self._hand_out(request.part)
            else:
                raise ServiceError(Reason.BAD_ORDER, "A sequence is opened once.")
        for frame in self._frames.values():
            frame.inbox.put_nowait(None)
        await self._channel.settle()

    def _expect_frame(self) -> None:
        last = self._last
        self._channel.expect(
            self._resources.limits.frame_s,
            lambda: self._last == last and not self._frames,
            "begin a frame or end the sequence",
        )

    def _begin(self, message: FrameMessage) -> None:
        most = self._resources.limits.frames_in_flight
        if message.frame <= self._last:
            raise ServiceError(Reason.BAD_ORDER, "The numbers of frames must rise.")
        if len(self._frames) >= most:
            raise ServiceError(Reason.BAD_ORDER, f"More than {most} frames were begun at once.")
        before, grid = None if message.restart else self._begun, self._opening.grid
        planes, (width, height) = list_planes(message.hints), self._opening.proxy_size
        drawn = estimate_hints(message.hints.ByteSize())
        self._begun = frame = Frame(
            message.frame,
            message.run_in,
            height * (1 + len(planes)),
            Link(before.track if before else None),
            Link(before.memory if before else None),
            message.drop_late,
            read_frame_hints(message.hints, (grid.width, grid.height)),
            (Plane.PROXY, *planes),
            drawn + width * height * len(planes),
        )
        self._last = message.frame
        self._frames[message.frame] = frame
        self._channel.spawn(self._serve(frame))

    def _hand_out(self, part: FramePart) -> None:
        """Give a frame what came about it; what waits there is bounded by what it may send."""
        frame = self._frames.get(part.frame)
        if frame is None:
            raise ServiceError(Reason.BAD_ORDER, f"Frame {part.frame} is not open.")
        if part.request.HasField("rows") and frame.rows_owed:
            self._check_rows(frame, part.request)
        elif not part.request.HasField("tile") or frame.rows_owed or frame.run_in:
            phase = part.request.WhichOneof("phase") or "an empty message"
            raise ServiceError(Reason.BAD_ORDER, f"'{phase}' cannot come now for a frame.")
        elif frame.inbox.qsize() >= count_tiles(self._opening, self._resources.limits):
            raise ServiceError(Reason.BAD_TILE, "More tiles came than were asked for.")
        frame.inbox.put_nowait(part.request)

    def _check_rows(self, frame: Frame, request: Request) -> None:
        """Refuse rows that the proxy has not, or more bytes than they can be."""
        rows, opening = request.rows, self._opening
        room = rows.row_count * opening.proxy_size[0] * opening.proxy_format.pixel_bytes
        if not 1 <= rows.row_count <= frame.rows_owed:
            raise ServiceError(Reason.BAD_PROXY, "Rows of a plane came out of order.")
        if len(rows.pixels.data) > room + room // 512 + _PACKING_BYTES:
            raise ServiceError(Reason.BAD_PROXY, "Rows of a plane are larger than their pixels.")
        frame.rows_owed -= rows.row_count

    async def _serve(self, frame: Frame) -> None:
        """Matte one frame."""
        channel = LayerChannel(
            frame.inbox.get, partial(self._say, frame), self._resources.limits.write_s
        )
        leases = ExitStack()
        try:
            share, opening = self._models.share, self._opening
            await self._resources.spend(self._seat, leases, "hints", frame.hint_bytes)
            came = await read_planes(self._resources, share, channel, opening, frame.planes)
            options = place_planes(replace(opening.options, hints=frame.hints), came)
            matting = Matting(came[Plane.PROXY], opening.grid, options, self._models.refiner)
            self._newest = max(self._newest, frame.number)
            coarse = await self._ask_model(frame, matting)
            if coarse is None:
                await self._drop(frame)
            elif frame.run_in:
                await self._run_in(frame, matting, coarse)
            else:
                await self._converse(frame, channel, matting, coarse)
        finally:
            channel.close()
            leases.close()

    async def _ask_model(self, frame: Frame, matting: Matting) -> Coarse | None:
        """Run the model; None where the frame is late and may be left out.

        Frames that may be have the model one after another, so that the newest is the next.
        """
        models, before = self._models, None
        if models.model.info.recurrent:  # not within a turn: the frame before may wait for that
            before = await frame.memory.take()
        async with self._turn if frame.drop_late else contextlib.nullcontext():
            if frame.drop_late and self._newest > frame.number:
                frame.memory.leave(before)
                return None
            with models.hurry(), measure(Stage.MODEL) as span:
                if models.model.info.recurrent:
                    coarse = await frame.follow(models, matting, before)
                else:
                    coarse = await predict(matting, models.runners)
        frame.model_s = span.elapsed_s
        return coarse

    async def _drop(self, frame: Frame) -> None:
        frame.is_new = False
        nothing = report.build_finished(0, True, report.Timings(), None, None)
        await self._say(frame, nothing)
        await frame.track.pass_over()

    async def _run_in(self, frame: Frame, matting: Matting, coarse: Coarse) -> None:
        solution = await frame.solve(self._models, matting, coarse)
        finished = report.build_finished(0, False, report.Timings(), solution, None)
        await self._say(frame, finished)

    async def _converse(
        self, frame: Frame, channel: LayerChannel, matting: Matting, coarse: Coarse
    ) -> None:
        opening = replace(self._opening, coarse=coarse)
        session = FrameSession(
            self._resources, channel, self._seat, opening, self._models, matting, ExitStack()
        )
        session.frame, session.hinted = frame, matting
        await session.run()

    async def _say(self, frame: Frame, response: Response) -> None:
        """Send what is said of a frame; with its end it is forgotten."""
        is_last = response.HasField("finished")
        if is_last:
            del self._frames[frame.number]
            frame.inbox.put_nowait(None)
        await self._channel.say(
            report.build_answer(frame.number, response, is_last and frame.is_new)
        )
        if is_last:
            self._expect_frame()

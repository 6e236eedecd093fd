"""One `Matte` stream, from its first request to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from functools import partial

from frisket.matting import Matting, explain_lack
from frisket.server import report
from frisket.server.admission import Seat
from frisket.server.channel import LayerChannel
from frisket.server.costs import estimate_hints, estimate_session
from frisket.server.planes import place_coarse, place_planes, read_planes
from frisket.server.requests import Opening, read_opening
from frisket.server.resources import BorrowedModels, Resources
from frisket.server.scheduler import Share
from frisket.server.session import Session
from frisket.server.telemetry.meter import Stage
from frisket.server.telemetry.trace import current, current_id, measure
from frisket.server.wire import Plane, Request, Response


async def serve_layer(
    resources: Resources,
    seat: Seat,
    receive: Callable[[], Awaitable[Request | None]],
    send: Callable[[Response], Awaitable[None]],
) -> None:
    """Serve one `Matte` stream until the client ends it.

    Args:
        resources: models, threads and memory.
        seat: its place on the server.
        receive: returns the next request; None at the client's half-close.
        send: sends one response.

    Raises:
        ServiceError, MattingError, ModelError: the client's requests cannot be served.
    """
    channel = LayerChannel(receive, send, resources.limits.write_s)
    seat.fail = channel.fail
    with ExitStack() as leases, ExitStack() as hint_leases:
        leases.callback(channel.close)
        opening = await _read_opening(resources, seat, channel, hint_leases)
        await resources.spend(seat, leases, "sessions", estimate_session(opening, resources.limits))
        share = open_share(resources, opening)
        async with borrow_models(resources, opening, share) as models:
            remark = note_models(opening, models)
            await channel.say(report.build_opened(opening, models.model, remark, current_id()))
        # Who opens and then says nothing holds no model meanwhile.
        planes = await read_planes(resources, share, channel, opening, opening.planes)
        async with borrow_models(resources, opening, share) as models:
            options = place_planes(opening.options, planes)
            matting = Matting(planes[Plane.PROXY], opening.grid, options, models.refiner)
            plain = place_coarse(opening, planes).without_hints()
            session = Session(resources, channel, seat, plain, models, matting, hint_leases)
            # Their hints may be large, and the session lets go of them early.
            del opening, options, matting, planes
            await session.run()


async def _read_opening(
    resources: Resources, seat: Seat, channel: LayerChannel, hint_leases: ExitStack
) -> Opening:
    with channel.limit(resources.limits.open_s, "open a layer"), measure(Stage.CLIENT):
        request = await channel.next()
    size = 0 if request is None else request.ByteSize()
    await resources.spend(seat, hint_leases, "hints", estimate_hints(size))
    with measure(Stage.READ):
        opening = await resources.compute_if_large(partial(read_opening, request), size)
    note_opening(opening)
    return opening


def note_opening(opening: Opening) -> None:
    """Let the log know who opens a layer or a sequence, and how large a picture is."""
    if trace := current():
        trace.client, trace.size = opening.client, (opening.grid.width, opening.grid.height)


def note_models(opening: Opening, models: BorrowedModels) -> str:
    """Let the log know the model; return what the client should know of what is lacking."""
    if trace := current():
        trace.model = models.model.info.name
    return explain_lack(opening.options, models.refiner)


def open_share(resources: Resources, opening: Opening) -> Share:
    """Return the threads of who opens a layer or a sequence."""
    proxy_width, proxy_height = opening.proxy_size
    return resources.scheduler.open_share(
        opening.batch, proxy_width * proxy_height / 1e6, opening.grid.tile_size**2 / 1e6
    )


def borrow_models(
    resources: Resources, opening: Opening, share: Share
) -> AbstractAsyncContextManager[BorrowedModels]:
    """Hold what a layer is matted with."""
    options = opening.options
    return resources.borrow(opening.model, options.classes, options.quality, share)

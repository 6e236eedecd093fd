"""A stream in this process: it ends when it fails, and its revisions stay apart."""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from serving import noisy_disc

from frisket.models import Registry
from frisket.protocol.grid import Grid
from frisket.protocol.reasons import Reason
from frisket.server.config import Limits
from frisket.server.errors import ServiceError
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler
from frisket.server.session import serve_layer
from frisket.v1 import matting_pb2 as pb

WIDTH, HEIGHT, TILE = 600, 400, 64
LAYER = noisy_disc(WIDTH, HEIGHT)
GRID = Grid(WIDTH, HEIGHT, TILE)
HINT = pb.Hints(points=[pb.HintPoint(x=30, y=30, positive=True)])


def packed(array: np.ndarray) -> pb.Pixels:
    data = array.tobytes()
    return pb.Pixels(data=data, crc32=zlib.crc32(data))


def opening(**options: object) -> Iterator[pb.MatteRequest]:
    yield pb.MatteRequest(
        open=pb.OpenRequest(
            protocol_version=1,
            width=WIDTH,
            height=HEIGHT,
            tile_format=pb.PIXEL_FORMAT_RGB8,
            tile_size=TILE,
            proxy_width=WIDTH,
            proxy_height=HEIGHT,
            proxy_format=pb.PIXEL_FORMAT_RGB8,
            options=pb.MatteOptions(model="fake", **options),  # type: ignore[arg-type]
        )
    )
    rows = pb.PlaneRows(plane=pb.PLANE_PROXY, row_count=HEIGHT, pixels=packed(LAYER))
    yield pb.MatteRequest(rows=rows)


class Client:
    """Answers what it is asked for; `listen` may send more, or break the line."""

    def __init__(self, listen: Callable[[Client, pb.MatteResponse], None]) -> None:
        self.requests: asyncio.Queue[pb.MatteRequest | None] = asyncio.Queue()
        self.responses: list[pb.MatteResponse] = []
        self.alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
        self._listen = listen

    async def send(self, response: pb.MatteResponse) -> None:
        self.responses.append(response)
        self._listen(self, response)
        for tile in (*response.need.tile_ids, *response.need.context_ids):
            x, y, width, height = GRID.rect(tile)
            pixels = packed(np.ascontiguousarray(LAYER[y : y + height, x : x + width]))
            self.ask(tile=pb.TilePixels(tile_id=tile, pixels=pixels))
        self._keep(response)

    def ask(self, **phase: object) -> None:
        self.requests.put_nowait(pb.MatteRequest(**phase))  # type: ignore[arg-type]

    def _keep(self, response: pb.MatteResponse) -> None:
        solid = [(run, 0) for run in response.solid.transparent]
        solid += [(run, 255) for run in response.solid.opaque]
        for run, value in solid:
            for tile in range(run.first, run.first + run.count):
                x, y, width, height = GRID.rect(tile)
                self.alpha[y : y + height, x : x + width] = value
        if response.HasField("alpha"):
            x, y, width, height = GRID.rect(response.alpha.tile_id)
            pixels = np.frombuffer(response.alpha.pixels.data, np.uint8)
            self.alpha[y : y + height, x : x + width] = pixels.reshape(height, width)


def serve(client: Client, home: Path, **options: object) -> None:
    async def run() -> None:
        for request in opening(**options):
            client.requests.put_nowait(request)
        with contextlib.closing(Scheduler(2)) as scheduler:
            pool = ModelPool(Registry(home), "cpu", 1, Limits())
            resources = Resources(pool, scheduler, Limits(tiles_in_flight=4))
            serving = serve_layer(resources, client.requests.get, client.send)
            await asyncio.wait_for(serving, 30)

    asyncio.run(run())


def leave_when_finished(client: Client, response: pb.MatteResponse) -> None:
    if response.HasField("finished"):
        client.requests.put_nowait(None)


def fresh(home: Path, **options: object) -> np.ndarray:
    client = Client(leave_when_finished)
    serve(client, home, **options)
    return client.alpha


def test_work_that_fails_ends_the_session(tmp_path: Path) -> None:
    def break_line(_: Client, response: pb.MatteResponse) -> None:
        if response.HasField("alpha"):
            raise BrokenPipeError("the line is gone")

    with pytest.raises(BrokenPipeError, match="the line is gone"):
        serve(Client(break_line), tmp_path)


def test_a_hint_after_a_cancel_sends_what_the_cancel_left_unsent(tmp_path: Path) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        alphas = sum(one.HasField("alpha") for one in client.responses)
        if response.HasField("alpha") and alphas == 1:
            client.ask(update=pb.UpdateRequest(cancel=True))
        if response.HasField("finished") and response.finished.cancelled:
            client.ask(update=pb.UpdateRequest(revision=1, hints=HINT))
        elif response.HasField("finished"):
            client.requests.put_nowait(None)

    client = Client(listen)
    serve(client, tmp_path)
    ends = [i for i, one in enumerate(client.responses) if one.HasField("finished")]
    assert [client.responses[i].finished.cancelled for i in ends] == [True, False]
    late = [one.alpha for one in client.responses[ends[0] :] if one.HasField("alpha")]
    assert {alpha.revision for alpha in late} == {1}, "nothing of what was cancelled is sent"
    np.testing.assert_array_equal(client.alpha, fresh(tmp_path, hints=HINT))


@pytest.mark.parametrize("edge", [pb.EdgeControls(shift_px=3), pb.EdgeControls(smooth=0.5)])
def test_an_edge_half_way_ends_where_a_fresh_one_does(
    tmp_path: Path, edge: pb.EdgeControls
) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        alphas = sum(one.HasField("alpha") for one in client.responses)
        if response.HasField("alpha") and alphas == 3:
            client.ask(update=pb.UpdateRequest(revision=1, edge=edge))
        if response.HasField("finished") and response.finished.revision == 1:
            client.requests.put_nowait(None)

    client = Client(listen)
    serve(client, tmp_path)
    np.testing.assert_array_equal(client.alpha, fresh(tmp_path, edge=edge))


def test_a_later_revision_is_not_mixed_with_an_earlier_one(tmp_path: Path) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        if response.HasField("finished"):
            number = response.finished.revision + 1
            update = pb.UpdateRequest(revision=number, edge=pb.EdgeControls(shift_px=number))
            client.requests.put_nowait(pb.MatteRequest(update=update) if number < 4 else None)

    client = Client(listen)
    serve(client, tmp_path)
    revisions = [one.alpha.revision for one in client.responses if one.HasField("alpha")]
    assert revisions == sorted(revisions) and set(revisions) == {0, 1, 2, 3}
    np.testing.assert_array_equal(client.alpha, fresh(tmp_path, edge=pb.EdgeControls(shift_px=3)))


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (pb.MatteRequest(update=pb.UpdateRequest(hints=HINT)), Reason.BAD_ORDER),
        (pb.MatteRequest(open=pb.OpenRequest()), Reason.BAD_ORDER),
    ],
)
def test_what_comes_out_of_order_ends_the_stream(
    tmp_path: Path, request_: pb.MatteRequest, reason: Reason
) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        if response.HasField("finished"):
            client.requests.put_nowait(request_)

    with pytest.raises(ServiceError) as caught:
        serve(Client(listen), tmp_path)
    assert caught.value.reason is reason

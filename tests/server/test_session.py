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

from frisket.matting import MattingOptions, Solution, matte_picture
from frisket.matting.engine import Quality
from frisket.models import Registry
from frisket.protocol.grid import Grid
from frisket.protocol.reasons import Reason
from frisket.server.admission import Admission
from frisket.server.budget import Budget
from frisket.server.errors import ServiceError
from frisket.server.layer import serve_layer
from frisket.server.limits import Limits
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler
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
            async with Admission(Limits(), "cpu").slot() as seat:
                serving = serve_layer(resources, seat, client.requests.get, client.send)
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


def test_many_cancels_are_answered_as_one(tmp_path: Path) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        if response.HasField("need") and not response.need.revision:
            for number in range(1, 301):
                client.ask(update=pb.UpdateRequest(revision=number, edge=pb.EdgeControls(smooth=1)))
                client.ask(update=pb.UpdateRequest(cancel=True))
        if response.HasField("finished") and response.finished.revision == 300:
            client.requests.put_nowait(None)

    client = Client(listen)
    serve(client, tmp_path)
    ends = [one.finished for one in client.responses if one.HasField("finished")]
    assert len(ends) < 100 and all(end.cancelled for end in ends)
    assert ends[-1].revision == 300


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


def test_the_newest_of_many_updates_is_brought_and_the_others_passed_over(tmp_path: Path) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        if response.HasField("finished") and not response.finished.revision:
            for number in range(1, 10):
                edge = pb.EdgeControls(shift_px=number)
                client.ask(update=pb.UpdateRequest(revision=number, edge=edge))
        elif response.HasField("finished"):
            client.requests.put_nowait(None)

    client = Client(listen)
    serve(client, tmp_path)
    ends = [one.finished.revision for one in client.responses if one.HasField("finished")]
    assert ends == [0, 9]
    begun = {one.alpha.revision for one in client.responses if one.HasField("alpha")}
    assert 9 in begun and len(begun) <= 3
    np.testing.assert_array_equal(client.alpha, fresh(tmp_path, edge=pb.EdgeControls(shift_px=9)))


def test_what_is_replaced_before_its_first_tile_is_not_assessed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        number = response.need.revision + 1
        if response.HasField("need") and number < 4:
            edge = pb.EdgeControls(contrast=number / 10)
            client.ask(update=pb.UpdateRequest(revision=number, edge=edge))
        leave_when_finished(client, response)

    assess, assessed = Solution.assess, []

    def note(solution: Solution, *doubt: object) -> object:
        assessed.append(solution)
        return assess(solution, *doubt)  # type: ignore[arg-type]

    monkeypatch.setattr(Solution, "assess", note)
    client = Client(listen)
    serve(client, tmp_path)
    assert {one.need.revision for one in client.responses if one.HasField("need")} == {0, 1, 2, 3}
    assert client.responses[-1].finished.assessment.overall > 0 and len(assessed) == 1


def test_a_cancel_is_answered_while_the_server_works_and_the_session_goes_on(
    tmp_path: Path,
) -> None:
    edge = pb.EdgeControls(feather_px=2)

    def listen(client: Client, response: pb.MatteResponse) -> None:
        if response.HasField("coarse") and not response.coarse.revision:
            for number in range(1, 6):
                hint = pb.HintPoint(x=30 + number, y=30, positive=True)
                update = pb.UpdateRequest(revision=number, hints=pb.Hints(points=[hint]))
                client.ask(update=update)
            client.ask(update=pb.UpdateRequest(cancel=True))
        if response.HasField("finished") and response.finished.cancelled:
            client.ask(update=pb.UpdateRequest(revision=6, edge=edge))
        elif response.HasField("finished"):
            client.requests.put_nowait(None)

    client = Client(listen)
    serve(client, tmp_path)
    ends = [one.finished for one in client.responses if one.HasField("finished")]
    assert [(one.revision, one.cancelled) for one in ends] == [(5, True), (6, False)]
    last = pb.Hints(points=[pb.HintPoint(x=35, y=30, positive=True)])
    np.testing.assert_array_equal(client.alpha, fresh(tmp_path, hints=last, edge=edge))


@pytest.mark.parametrize("colours", [False, True])
def test_a_draft_asks_for_no_tile_unless_colours_are_cleaned(tmp_path: Path, colours: bool) -> None:
    client = Client(leave_when_finished)
    serve(client, tmp_path, quality=pb.QUALITY_DRAFT, foreground_colours=colours)
    assert any(one.HasField("need") for one in client.responses) == colours
    assert client.responses[-1].finished.statistics.tiles_needed == 0 or colours
    options = MattingOptions(Quality.DRAFT)
    with contextlib.closing(Registry(tmp_path).open("fake", "cpu", 1)) as model:
        whole = matte_picture(model, LAYER, options)
    np.testing.assert_array_equal(client.alpha, whole.alpha)


def test_a_tile_that_nobody_asked_for_is_refused_and_a_late_one_dropped(tmp_path: Path) -> None:
    def listen(client: Client, response: pb.MatteResponse) -> None:
        if response.HasField("need") and not response.need.revision:
            client.ask(update=pb.UpdateRequest(revision=1, edge=pb.EdgeControls(contrast=0.5)))
        if response.HasField("finished"):
            client.ask(tile=pb.TilePixels(tile_id=response.finished.statistics.tiles_total - 1))

    client = Client(listen)
    with pytest.raises(ServiceError, match="was not asked for") as caught:
        serve(client, tmp_path)
    assert caught.value.reason is Reason.BAD_TILE
    assert client.responses[-1].finished.revision == 1


def test_a_finished_session_gives_its_place_up(tmp_path: Path) -> None:
    told: list[Reason] = []

    async def run() -> None:
        client = Client(lambda *_: None)
        for request in opening():
            client.requests.put_nowait(request)
        admission = Admission(Limits(sessions=1), "cpu")

        async def work(resources: Resources) -> None:
            try:
                async with admission.slot() as seat:
                    await serve_layer(resources, seat, client.requests.get, client.send)
            except ServiceError as error:
                told.append(error.reason)

        with contextlib.closing(Scheduler(2)) as scheduler:
            pool = ModelPool(Registry(tmp_path), "cpu", 1, Limits())
            serving = asyncio.ensure_future(work(Resources(pool, scheduler, Limits())))
            while not client.responses:
                await asyncio.sleep(0.001)
            with pytest.raises(ServiceError):
                await admission.slot().__aenter__()
            while not client.responses[-1].HasField("finished"):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            async with admission.slot():
                assert admission.open == 1
            await serving

    asyncio.run(asyncio.wait_for(run(), 30))  # type: ignore[arg-type]
    assert told == [Reason.BUSY]


def test_memory_is_taken_before_work_and_given_back(tmp_path: Path) -> None:
    async def run(total: int) -> tuple[int, int]:
        client = Client(leave_when_finished)
        for request in opening(hints=HINT):
            client.requests.put_nowait(request)
        budget, most = Budget(total), 0
        with contextlib.closing(Scheduler(2)) as scheduler:
            pool = ModelPool(Registry(tmp_path), "cpu", 1, Limits())
            resources = Resources(pool, scheduler, Limits(), budget)
            async with Admission(Limits(), "cpu").slot() as seat:
                serving = serve_layer(resources, seat, client.requests.get, client.send)
                task = asyncio.ensure_future(serving)
                while not task.done():
                    most = max(most, budget.spent)
                    await asyncio.sleep(0.001)
                await task
        return most, budget.spent

    most, after = asyncio.run(run(1 << 30))
    assert LAYER.nbytes < most < 100 * LAYER.nbytes
    assert after == 0
    with pytest.raises(ServiceError) as caught:
        asyncio.run(run(most - 1))
    assert caught.value.reason in (Reason.TOO_LARGE, Reason.BUSY)

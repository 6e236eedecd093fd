"""A session whose client or whose work fails half way ends; nobody waits for ever."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from serving import noisy_disc

from frisket.client.options import Options
from frisket.client.session import Session as ClientSession
from frisket.documents import ArrayRaster
from frisket.documents.colour import Colour
from frisket.jobs.layer_source import LayerSource
from frisket.models import Registry
from frisket.server.channel import Idle, next_request
from frisket.server.config import Limits
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.session import serve_layer
from frisket.v1 import matting_pb2 as pb


class Client:
    """Answers a session in this process; its line breaks at the first alpha."""

    def __init__(self) -> None:
        raster = ArrayRaster(noisy_disc(600, 400), "RGB", Colour("RGB"), False)
        self._source = LayerSource(raster)
        self._session = ClientSession(
            self._source.spec(), Options(model="fake"), self._source.proxy.data, tile_size=64
        )
        self.requests: asyncio.Queue[pb.MatteRequest] = asyncio.Queue()
        for request in self._session.open():
            self.requests.put_nowait(request)

    async def send(self, response: pb.MatteResponse) -> None:
        if response.HasField("alpha"):
            raise BrokenPipeError("the line is gone")
        for event in self._session.receive(response):
            for tile in getattr(event, "tile_ids", ()):
                pixels = self._source.read_tile(self._session.grid.rect(tile))
                self.requests.put_nowait(self._session.tile(tile, np.asarray(pixels).tobytes()))


def test_work_that_fails_ends_the_session(tmp_path: Path) -> None:
    async def serve() -> None:
        client = Client()
        with ThreadPoolExecutor(2) as compute, ThreadPoolExecutor(1) as thread:
            pool = ModelPool(Registry(tmp_path), "cpu", 1, 2, thread)
            resources = Resources(pool, compute, Limits())
            serving = serve_layer(resources, client.requests.get, client.send)
            await asyncio.wait_for(serving, 30)

    with pytest.raises(BrokenPipeError, match="the line is gone"):
        asyncio.run(serve())


def test_a_turn_is_a_request_a_failure_or_nothing() -> None:
    async def turns() -> None:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[None] = loop.create_future()
        queue: asyncio.Queue[int] = asyncio.Queue()
        queue.put_nowait(7)
        assert await next_request(queue.get, failed, 1) == 7
        with pytest.raises(Idle):
            await next_request(queue.get, failed, 0.01)
        loop.call_later(0.01, failed.set_exception, RuntimeError("worked badly"))
        with pytest.raises(RuntimeError, match="worked badly"):
            await next_request(queue.get, failed, None)

    asyncio.run(turns())

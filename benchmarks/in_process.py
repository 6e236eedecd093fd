"""The server's session called directly, without gRPC: what the wire itself costs."""

from __future__ import annotations

import asyncio
import queue
import threading

from frisket.client.errors import TransportError
from frisket.client.transport import SequenceCall
from frisket.models import Registry
from frisket.server.admission import Admission
from frisket.server.config import Config
from frisket.server.layer import serve_layer
from frisket.server.pool import ModelPool
from frisket.server.resources import Resources
from frisket.server.scheduler import Scheduler
from frisket.v1 import matting_pb2 as pb


class InProcessServer:
    """An event loop on a thread, with the models and threads a server would have."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        config = Config()
        threads = config.compute_threads
        pool = ModelPool(Registry(), "cpu", threads, config.limits)
        self.admission = Admission(config.limits, config.device)
        self.resources = Resources(pool, Scheduler(threads), config.limits)


class InProcessCall:
    """One session; messages are handed over as they are."""

    def __init__(self, server: InProcessServer) -> None:
        self._loop = server.loop
        self._requests: asyncio.Queue[pb.MatteRequest | None] = asyncio.Queue()
        self._responses: queue.SimpleQueue[pb.MatteResponse | BaseException] = queue.SimpleQueue()
        self._run = asyncio.run_coroutine_threadsafe(self._serve(server), self._loop)
        self._run.add_done_callback(self._end)

    async def _serve(self, server: InProcessServer) -> None:
        async with server.admission.slot() as seat:
            await serve_layer(server.resources, seat, self._requests.get, self._answer)

    async def _answer(self, response: pb.MatteResponse) -> None:
        self._responses.put(response)

    def _end(self, run: object) -> None:
        if not self._run.cancelled() and (error := self._run.exception()):
            self._responses.put(error)

    def send(self, request: pb.MatteRequest) -> None:
        """Hand a request over."""
        self._loop.call_soon_threadsafe(self._requests.put_nowait, request)

    def receive(self, timeout: float | None = None) -> pb.MatteResponse:
        """Wait for a response."""
        response = self._responses.get()
        if isinstance(response, BaseException):
            raise response
        return response

    def finish(self) -> None:
        """End the session."""
        self._loop.call_soon_threadsafe(self._requests.put_nowait, None)

    def cancel(self) -> None:
        """Drop the session."""
        self._run.cancel()


class InProcessTransport:
    """A `frisket.client.transport.Transport` without a wire."""

    def __init__(self, server: InProcessServer) -> None:
        self._server = server

    def matte(self) -> InProcessCall:
        """Open a session."""
        return InProcessCall(self._server)

    def sequence(self) -> SequenceCall:
        """Refuse: only layers are measured here."""
        raise TransportError("UNIMPLEMENTED", "", "Only layers go in process.", False)

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        """Answer nothing."""
        return b""

    def close(self) -> None:
        """Do nothing."""

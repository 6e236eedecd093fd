"""A batch on a server without room: it waits for it, and says so."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving import noisy_disc, start_server, stop_server

from frisket import CutOptions
from frisket.client.address import Address
from frisket.client.events import Opened
from frisket.client.options import LayerSpec, Options
from frisket.client.session import Session
from frisket.jobs import Batch
from frisket.jobs.batch import events
from frisket.jobs.batch.run import Rules
from frisket.jobs.connection import ServerChoice
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.formats import PixelFormat


@contextmanager
def sit_down(address: Address) -> Iterator[threading.Event]:
    """Take a place at a server; setting what is yielded gives it back."""
    transport, leave = GrpcTransport(address), threading.Event()
    call = transport.matte()
    size = {"width": 64, "height": 48, "proxy_width": 64, "proxy_height": 48}
    kinds = {"tile_format": PixelFormat.RGB8, "proxy_format": PixelFormat.RGB8}
    session = Session(LayerSpec(**size, **kinds), Options(model="fake"), noisy_disc(64, 48).data)
    for request in session.open():
        call.send(request)
    first = call.receive()
    assert first is not None and isinstance(session.receive(first)[0], Opened)

    def wait() -> None:
        leave.wait(60)
        call.cancel()

    waiter = threading.Thread(target=wait)
    waiter.start()
    try:
        yield leave
    finally:
        leave.set()
        waiter.join()
        transport.close()


def test_a_batch_says_that_it_waits_for_a_busy_server(work: Path, tmp_path: Path) -> None:
    server = start_server(tmp_path / "server", "--max-sessions", "1", token="")
    told: list[events.Event] = []
    try:
        with sit_down(server.address) as leave:

            def listen(event: events.Event) -> None:
                told.append(event)
                if isinstance(event, events.Waiting):
                    leave.set()

            choice = CutOptions(
                "matte", model="fake", sandbox=False, server=ServerChoice(server.address.target)
            )
            done = list(Batch("in", "out", choice, rules=Rules(jobs=1), listen=listen))
    finally:
        stop_server(server)
    assert all(one.error is None for one in done) and len(done) == 3
    waits = [event.as_dict() for event in told if isinstance(event, events.Waiting)]
    assert waits and {one["event"] for one in waits} == {"waiting"}
    assert waits[0]["input"].endswith("a.jpg")
    assert "busy" in waits[0]["text"]

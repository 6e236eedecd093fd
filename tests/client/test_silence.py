"""A server that hangs is given up; one that only thinks for long is waited for."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import h2.config
import h2.connection
import h2.events
import pytest

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.transport import Patience
from frisket.v1 import matting_pb2 as pb

PATIENCE = Patience(ping_s=0.3, pong_s=0.3)
Serve = Callable[[socket.socket], None]


@contextlib.contextmanager
def listen(serve: Serve) -> Iterator[Address]:
    """Take connections, each served on a thread of its own."""
    ear = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = ear.accept()
                threading.Thread(target=run, args=(peer,), daemon=True).start()

    def run(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            serve(peer)

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield Address(f"127.0.0.1:{ear.getsockname()[1]}")
    finally:
        ear.close()


def say_nothing(peer: socket.socket) -> None:
    while peer.recv(65536):
        pass


def greet_and_hang(peer: socket.socket) -> None:
    line = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    line.initiate_connection()
    peer.sendall(line.data_to_send())
    say_nothing(peer)


def think_long(peer: socket.socket) -> None:
    """Answer pings, and the call after the third of them."""
    line = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    line.initiate_connection()
    pings = 0
    while pings < 3:
        peer.sendall(line.data_to_send())
        heard = line.receive_data(peer.recv(65536))
        pings += sum(isinstance(each, h2.events.PingReceived) for each in heard)
    message = pb.MatteResponse(opened=pb.OpenedResponse(model="slow")).SerializeToString()
    line.send_headers(1, [(":status", "200"), ("content-type", "application/grpc")])
    line.send_data(1, struct.pack(">BI", 0, len(message)) + message)
    line.send_headers(1, [("grpc-status", "0")], end_stream=True)
    peer.sendall(line.data_to_send())
    say_nothing(peer)


@pytest.mark.parametrize("serve", [say_nothing, greet_and_hang])
def test_a_silent_server_is_given_up(serve: Serve) -> None:
    with listen(serve) as address, contextlib.closing(H2Transport(address, PATIENCE)) as transport:
        started = time.monotonic()
        with pytest.raises(TransportError, match=r"silent|says nothing"):
            transport.matte().receive()
        assert time.monotonic() - started < 20


def test_a_server_that_reads_no_more_is_given_up() -> None:
    def stop_reading(peer: socket.socket) -> None:
        line = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        line.initiate_connection()
        peer.sendall(line.data_to_send())
        given_up.wait(60)

    given_up = threading.Event()
    big = pb.MatteRequest(rows=pb.PlaneRows(pixels=pb.Pixels(data=bytes(2 << 20))))
    with (
        listen(stop_reading) as address,
        contextlib.closing(H2Transport(address, PATIENCE)) as transport,
    ):
        call = transport.matte()
        with pytest.raises(TransportError, match="silent"):
            for _ in range(20):
                call.send(big)
        given_up.set()


def test_a_server_that_answers_pings_is_waited_for() -> None:
    # One whose answers were not heard would be pinged once, and given up.
    patience = Patience(ping_s=0.1, pong_s=20)
    with (
        listen(think_long) as address,
        contextlib.closing(H2Transport(address, patience)) as transport,
    ):
        call = transport.matte()
        answer = call.receive()
        assert answer is not None and answer.opened.model == "slow"
        assert call.receive() is None

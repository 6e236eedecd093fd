"""A stranger without the token floods the server; other people's calls go on."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
import zlib
from collections.abc import Iterator

import h2.config
import h2.connection
import h2.exceptions
import pytest
from serving import Server, start_server, stop_server

from frisket.client.errors import TransportError
from frisket.jobs.grpc_transport import GrpcCall, GrpcTransport
from frisket.server.limits import Limits
from frisket.v1 import matting_pb2 as pb

CANCEL = 8  # RFC 9113, section 7
WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own, so that no other test meets the flood."""
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@contextlib.contextmanager
def rapid_reset(target: str, seed: int) -> Iterator[None]:
    """Open calls and drop them at once, on one connection after another."""
    stop = threading.Event()
    flood = threading.Thread(target=reset_calls, args=(target, random.Random(seed), stop))
    flood.start()
    try:
        yield
    finally:
        stop.set()
        flood.join(30)


def reset_calls(target: str, chance: random.Random, stop: threading.Event) -> None:
    host, _, port = target.rpartition(":")
    head = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/frisket.v1.MattingService/Matte"),
        (":authority", target),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
    ]
    while not stop.is_set():
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5) as peer:
            line = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
            line.initiate_connection()
            for _ in range(50):
                for _ in range(chance.randint(50, 150)):
                    stream = line.get_next_available_stream_id()
                    line.send_headers(stream, head)
                    line.reset_stream(stream, CANCEL)
                peer.sendall(line.data_to_send())
                if stop.is_set():
                    break


def open_session(transport: GrpcTransport) -> GrpcCall:
    """Open a layer and wait until the server has taken it."""
    call = transport.matte()
    opening = pb.OpenRequest(
        protocol_version=1,
        width=WIDTH,
        height=HEIGHT,
        tile_format=pb.PIXEL_FORMAT_RGB8,
        proxy_width=WIDTH,
        proxy_height=HEIGHT,
        proxy_format=pb.PIXEL_FORMAT_RGB8,
        options=pb.MatteOptions(model="fake"),
    )
    call.send(pb.MatteRequest(open=opening))
    assert call.receive(30) is not None
    return call


def receive_first_mask(server: Server) -> bool:
    """Send a layer's proxy and tell whether its mask came."""
    data = bytes(WIDTH * HEIGHT * 3)
    pixels = pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))
    rows = pb.PlaneRows(plane=pb.PLANE_PROXY, first_row=0, row_count=HEIGHT, pixels=pixels)
    with contextlib.closing(server.connect()) as transport:
        call = open_session(transport)
        call.send(pb.MatteRequest(rows=rows))
        while (response := call.receive(30)) is not None:
            if response.WhichOneof("phase") == "coarse":
                call.cancel()
                return True
    return False


def test_calls_survive_a_flood_of_calls_that_are_dropped(server: Server) -> None:
    assert receive_first_mask(server)
    with rapid_reset(server.address.target, seed=5):
        time.sleep(0.5)
        for _ in range(12):
            assert receive_first_mask(server)


def test_every_place_of_the_server_fits_one_connection(server: Server) -> None:
    with contextlib.closing(server.connect()) as transport:
        calls = [open_session(transport) for _ in range(Limits.sessions)]
        transport.unary("/grpc.health.v1.Health/Check", b"", 10)
        transport.unary("/frisket.v1.MattingService/GetCapabilities", b"", 10)
        with pytest.raises(TransportError) as caught:
            open_session(transport)
        assert caught.value.reason == "BUSY"
        for call in calls:
            call.cancel()

"""Every place of a server can be had over one connection, and no more."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from serving import Server, start_server, stop_server

from frisket.client.errors import TransportError
from frisket.jobs.grpc_transport import GrpcCall, GrpcTransport
from frisket.server.limits import Limits
from frisket.v1 import matting_pb2 as pb

WIDTH, HEIGHT = 320, 240


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of our own, so that no other test finds its places taken."""
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


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

"""What a server refuses, how it says so, and how it leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import grpc
import numpy as np
import pytest
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from serving import TOKEN, Server, noisy_disc, start_server, stop_server
from waiting import wait_until

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.limits import EDGE_LIMITS
from frisket.protocol.methods import GET_CAPABILITIES
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc

BEARER = (("authorization", f"Bearer {TOKEN}"),)


def opening(**changes: object) -> pb.MatteRequest:
    fields: dict[str, object] = {
        "protocol_version": 1,
        "width": 640,
        "height": 480,
        "tile_format": pb.PIXEL_FORMAT_RGB8,
        "tile_size": 128,
        "proxy_width": 640,
        "proxy_height": 480,
        "proxy_format": pb.PIXEL_FORMAT_RGB8,
        "options": pb.MatteOptions(model="fake"),
    }
    return pb.MatteRequest(open=pb.OpenRequest(**{**fields, **changes}))


def proxy_rows(data: bytes | None = None) -> pb.MatteRequest:
    data = bytes(640 * 480 * 3) if data is None else data
    pixels = pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))
    rows = pb.PlaneRows(plane=pb.PLANE_PROXY, first_row=0, row_count=480, pixels=pixels)
    return pb.MatteRequest(rows=rows)


def refusal(server: Server, *requests: pb.MatteRequest) -> TransportError:
    transport = server.connect()
    call = transport.matte()
    for request in requests:
        call.send(request)
    call.finish()
    with pytest.raises(TransportError) as caught:
        while call.receive() is not None:
            pass
    transport.close()
    return caught.value


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"protocol_version": 9}, "VERSION_MISMATCH"),
        ({"width": 0}, "BAD_OPEN"),
        ({"width": 4_000_000, "height": 4_000_000}, "TOO_LARGE"),
        ({"tile_size": 5}, "BAD_OPEN"),
        ({"tile_format": pb.PIXEL_FORMAT_RGBA8}, "BAD_OPEN"),
        ({"proxy_width": 480, "proxy_height": 640}, "BAD_OPEN"),
        ({"proxy_width": 5000, "proxy_height": 3750}, "BAD_OPEN"),
        ({"held": [pb.TileRun(first=19, count=2)]}, "BAD_OPEN"),
        ({"held": [pb.TileRun(first=0, count=20)] * 2}, "BAD_OPEN"),
        ({"options": pb.MatteOptions(model="no such model")}, "UNKNOWN_MODEL"),
        ({"tile_size": 1024}, "BAD_OPEN"),
    ],
)
def test_a_bad_opening_is_refused_with_its_reason(
    server: Server, changes: dict[str, object], reason: str
) -> None:
    error = refusal(server, opening(**changes))
    assert error.reason == reason
    assert str(error).endswith(".")


@pytest.mark.parametrize("name", EDGE_LIMITS)
def test_edge_controls_beyond_their_limits_are_refused(server: Server, name: str) -> None:
    for limit, step in zip(EDGE_LIMITS[name], (-0.5, 0.5), strict=True):
        bright = proxy_rows(b"\xc8" * (640 * 480 * 3))
        edge = pb.EdgeControls(**{name: limit + step})
        options = pb.MatteOptions(model="fake", edge=edge)
        error = refusal(server, opening(options=options), bright)
        assert error.code == "INVALID_ARGUMENT" and name in str(error)


def test_requests_out_of_order_are_refused(server: Server) -> None:
    tile = pb.MatteRequest(tile=pb.TilePixels(tile_id=0))
    edge = pb.MatteRequest(update=pb.UpdateRequest(revision=1, edge=pb.EdgeControls(shift_px=1)))
    stop = pb.MatteRequest(update=pb.UpdateRequest(cancel=True))
    assert refusal(server, proxy_rows()).reason == "BAD_ORDER"
    for early in (opening(), pb.MatteRequest(), tile, edge, stop):
        assert refusal(server, opening(), early, proxy_rows()).reason == "BAD_ORDER"
    assert refusal(server, opening(), proxy_rows(b"short")).reason == "BAD_PROXY"


def test_a_tile_that_was_not_asked_for_is_refused(server: Server) -> None:
    stray = pb.MatteRequest(tile=pb.TilePixels(tile_id=0))
    bright = bytes([200]) * (640 * 480 * 3)
    assert refusal(server, opening(), proxy_rows(bright), stray).reason == "BAD_TILE"


def test_a_damaged_tile_is_asked_for_again_and_then_given_up(server: Server) -> None:
    transport = server.connect()
    call = transport.matte()
    for request in (opening(), proxy_rows(noisy_disc(640, 480).tobytes())):
        call.send(request)
    failures = 0
    with pytest.raises(TransportError) as caught:
        while (response := call.receive()) is not None:
            failures += response.WhichOneof("phase") == "failure"
            for tile in response.need.tile_ids:
                bad = pb.Pixels(data=b"x", packing=pb.PACKING_RAW, crc32=1)
                call.send(pb.MatteRequest(tile=pb.TilePixels(tile_id=tile, pixels=bad)))
    assert caught.value.reason == "CORRUPT_PIXELS"
    assert failures >= 2
    transport.close()


@pytest.mark.parametrize("token", ["", "wrong"])
def test_without_the_token_nothing_answers_but_health(server: Server, token: str) -> None:
    stranger = Server(server.process, Address(server.address.target, token))
    assert refusal(stranger, opening()).reason == "BAD_TOKEN"
    with pytest.raises(TransportError) as caught:
        stranger.connect().unary(GET_CAPABILITIES, b"", 5)
    assert caught.value.reason == "BAD_TOKEN"
    with grpc.insecure_channel(server.address.target) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_errors_carry_google_details(server: Server) -> None:
    with grpc.insecure_channel(server.address.target) as channel:
        stub = matting_pb2_grpc.MattingServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            list(stub.Matte(iter([opening(width=0)]), metadata=BEARER))
    details = dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(details).details[0].Unpack(info)
    assert (info.domain, info.reason) == ("frisket", "BAD_OPEN")


def test_a_full_server_says_when_to_come_back(tmp_path: Path) -> None:
    server = start_server(tmp_path, "--max-sessions", "1")
    try:
        transport = server.connect()
        call = transport.matte()
        call.send(opening())
        assert call.receive() is not None
        error = refusal(server, opening())
        assert (error.reason, error.retryable) == ("BUSY", True)
        call.cancel()
        transport.close()
    finally:
        stop_server(server)


def test_sigterm_lets_the_open_session_finish_and_refuses_new_ones(tmp_path: Path) -> None:
    server = start_server(tmp_path)
    picture = noisy_disc(640, 480)
    try:
        transport = server.connect()
        call = transport.matte()
        call.send(opening())
        assert call.receive() is not None
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: refusal(server, opening()).reason == "DRAINING", "the signal")
        call.send(proxy_rows(picture.tobytes()))
        seen = []
        while (response := call.receive()) is not None:
            seen.append(response.WhichOneof("phase"))
            for tile in response.need.tile_ids:
                y, x = divmod(tile, 5)
                part = picture[y * 128 : y * 128 + 128, x * 128 : x * 128 + 128]
                data = np.ascontiguousarray(part).tobytes()
                pixels = pb.Pixels(data=data, packing=pb.PACKING_RAW, crc32=zlib.crc32(data))
                call.send(pb.MatteRequest(tile=pb.TilePixels(tile_id=tile, pixels=pixels)))
            if seen[-1] == "finished":
                call.finish()
        assert seen[-1] == "finished" and "alpha" in seen
        transport.close()
        assert server.process.wait(20) == 0
    finally:
        stop_server(server)


@pytest.mark.parametrize("host", ["0.0.0.0:0", "[::]:0", "example.org:0"])
def test_a_public_address_needs_tls_and_a_token(host: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "frisket.server", "--listen", host],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, "FRISKET_TOKEN": "token", "FRISKET_HOME": str(tmp_path)},
    )
    assert done.returncode == 7
    assert "--tls-cert" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl for a certificate")
def test_tls_with_its_own_certificate(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    server = start_server(tmp_path, "--tls-cert", str(certificate), "--tls-key", str(key))
    try:
        address = Address(server.address.target, TOKEN, True, certificate)
        reply = GrpcTransport(address).unary(GET_CAPABILITIES, b"", 10)
        assert pb.GetCapabilitiesResponse.FromString(reply).protocol_version == 1
    finally:
        stop_server(server)

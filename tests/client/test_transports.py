"""What every transport must do, over a real gRPC server: the same tests for both."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import grpc
import pytest
from certificates import make_certificate
from ports import refuse

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.transport import Transport
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.methods import GET_CAPABILITIES
from frisket.protocol.reasons import REASON_TRAILER, RETRY_TRAILER, Reason
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc as rpc

TOKEN = "s3cret"
PAYLOAD = bytes(range(256)) * 4096

Context = grpc.aio.ServicerContext
Make = Callable[[str, str, bool, "Path | None"], Transport]


def make_grpc(target: str, token: str, tls: bool, ca: Path | None) -> Transport:
    return GrpcTransport(Address(target, token, tls, ca))


def make_h2(target: str, token: str, tls: bool, ca: Path | None) -> Transport:
    return H2Transport(Address(target, token, tls, ca))


@pytest.fixture(params=[make_grpc, make_h2], ids=["grpcio", "h2"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param  # type: ignore[no-any-return]


class Scripted(rpc.MattingServiceServicer):
    """Answers by the `client` name in `open`; echoes tiles as alpha."""

    def __init__(self) -> None:
        self.asleep, self.cancelled = threading.Event(), threading.Event()

    async def _admit(self, context: Context) -> None:
        if ("authorization", f"Bearer {TOKEN}") not in context.invocation_metadata():
            context.set_trailing_metadata(((REASON_TRAILER, Reason.BAD_TOKEN),))
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "The token is wrong: café 100 %.")

    async def GetCapabilities(  # noqa: N802
        self, request: pb.GetCapabilitiesRequest, context: Context
    ) -> pb.GetCapabilitiesResponse:
        await self._admit(context)
        return pb.GetCapabilitiesResponse(server_version="x" * 300_000, protocol_version=1)

    async def MatteImage(  # noqa: N802
        self, request: pb.MatteImageRequest, context: Context
    ) -> None:
        await asyncio.sleep(30)

    async def Matte(  # noqa: N802
        self, requests: AsyncIterator[pb.MatteRequest], context: Context
    ) -> AsyncIterator[pb.MatteResponse]:
        await self._admit(context)
        async for request in requests:
            async for response in self._answer(request, context):
                yield response

    async def _sleep(self) -> None:
        self.asleep.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def _answer(
        self, request: pb.MatteRequest, context: Context
    ) -> AsyncIterator[pb.MatteResponse]:
        if request.open.client == "refuse":
            context.set_trailing_metadata(((REASON_TRAILER, Reason.BUSY), (RETRY_TRAILER, "1500")))
            await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "Two sessions are open.")
        if request.open.client == "flood":
            for tile in range(24):
                yield alpha(tile, PAYLOAD)
        elif request.HasField("tile"):
            yield alpha(request.tile.tile_id, request.tile.pixels.data)
        elif request.open.client == "silent":
            await self._sleep()
        else:
            yield pb.MatteResponse(opened=pb.OpenedResponse(model="scripted"))


def alpha(tile: int, data: bytes) -> pb.MatteResponse:
    return pb.MatteResponse(alpha=pb.AlphaTile(tile_id=tile, pixels=pb.Pixels(data=data)))


def opening(client: str = "") -> pb.MatteRequest:
    return pb.MatteRequest(open=pb.OpenRequest(protocol_version=1, client=client))


def tile(tile_id: int, data: bytes = PAYLOAD) -> pb.MatteRequest:
    return pb.MatteRequest(tile=pb.TilePixels(tile_id=tile_id, pixels=pb.Pixels(data=data)))


class Running:
    """A scripted server on a port of its own, in a thread of its own."""

    def __init__(self, certificate: tuple[bytes, bytes] | None = None) -> None:
        self.servicer = Scripted()
        self._certificate = certificate
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stopping = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(60)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._start())
        self._ready.set()
        self._loop.run_forever()

    async def _start(self) -> None:
        limit = [("grpc.max_receive_message_length", 8 << 20)]
        self.server = grpc.aio.server(options=limit)
        rpc.add_MattingServiceServicer_to_server(self.servicer, self.server)
        if self._certificate:
            credentials = grpc.ssl_server_credentials([self._certificate])
            self.port = self.server.add_secure_port("localhost:0", credentials)
        else:
            self.port = self.server.add_insecure_port("127.0.0.1:0")
        await self.server.start()

    def stop(self) -> None:
        with self._stopping:
            if self._thread.is_alive():
                asyncio.run_coroutine_threadsafe(self.server.stop(0), self._loop).result(20)
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(20)


@pytest.fixture
def server() -> Iterator[Running]:
    running = Running()
    yield running
    running.stop()


@pytest.fixture
def transport(make: Make, server: Running) -> Iterator[Transport]:
    each = make(f"127.0.0.1:{server.port}", TOKEN, False, None)
    yield each
    each.close()


def test_unary(transport: Transport) -> None:
    reply = transport.unary(GET_CAPABILITIES, b"", 10)
    assert len(pb.GetCapabilitiesResponse.FromString(reply).server_version) == 300_000


def test_exchange_and_clean_end(transport: Transport) -> None:
    call = transport.matte()
    call.send(opening())
    assert call.receive(10).opened.model == "scripted"
    call.send(tile(7, b"abc"))
    answer = call.receive(10)
    assert (answer.alpha.tile_id, answer.alpha.pixels.data) == (7, b"abc")
    call.finish()
    assert call.receive(10) is None


def test_much_written_before_anything_is_read(transport: Transport) -> None:
    """Both windows fill: who only writes must read meanwhile."""
    call = transport.matte()
    for number in range(40):
        call.send(tile(number))
    call.finish()
    answers = [call.receive(20) for _ in range(40)]
    assert [answer.alpha.tile_id for answer in answers] == list(range(40))
    assert all(answer.alpha.pixels.data == PAYLOAD for answer in answers)
    assert call.receive(10) is None


def test_much_arrives_before_it_is_read(transport: Transport) -> None:
    call = transport.matte()
    call.send(opening("flood"))
    time.sleep(0.3)
    call.send(tile(99, b"late"))
    assert [call.receive(20).alpha.tile_id for _ in range(25)] == [*range(24), 99]


def test_sender_and_receiver_in_two_threads(transport: Transport) -> None:
    call = transport.matte()

    def feed() -> None:
        for number in range(60):
            call.send(tile(number))
        call.finish()

    thread = threading.Thread(target=feed)
    thread.start()
    seen = 0
    while call.receive(20) is not None:
        seen += 1
    thread.join(10)
    assert seen == 60


def test_reason_of_a_refusal(transport: Transport) -> None:
    call = transport.matte()
    call.send(opening("refuse"))
    with pytest.raises(TransportError) as caught:
        call.receive(10)
    assert (caught.value.code, caught.value.reason) == ("RESOURCE_EXHAUSTED", Reason.BUSY)
    assert caught.value.retryable
    assert caught.value.retry_s == 1.5, "both say when to come back"
    assert str(caught.value) == "Two sessions are open."


def test_wrong_token(make: Make, server: Running) -> None:
    transport = make(f"127.0.0.1:{server.port}", "wrong", False, None)
    with pytest.raises(TransportError, match="café 100 %") as caught:
        transport.unary(GET_CAPABILITIES, b"", 10)
    assert (caught.value.code, caught.value.reason) == ("UNAUTHENTICATED", Reason.BAD_TOKEN)
    assert not caught.value.retryable
    transport.close()


def test_nobody_listens(make: Make) -> None:
    with refuse() as target:
        transport = make(target, "", False, None)
        with pytest.raises(TransportError) as caught:
            transport.unary(GET_CAPABILITIES, b"", 30)
        transport.close()
    assert (caught.value.code, caught.value.retryable) == ("UNAVAILABLE", True)


def test_deadline(transport: Transport) -> None:
    with pytest.raises(TransportError) as caught:
        transport.unary("/frisket.v1.MattingService/MatteImage", b"", 0.5)
    assert caught.value.code in ("DEADLINE_EXCEEDED", "UNAVAILABLE")


def test_cancel_from_another_thread(transport: Transport, server: Running) -> None:
    call = transport.matte()
    call.send(opening("silent"))

    def cancel() -> None:
        server.servicer.asleep.wait(20)
        call.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    with pytest.raises(TransportError) as caught:
        call.receive(20)
    assert caught.value.code == "CANCELLED"
    assert not caught.value.retryable
    assert server.servicer.cancelled.wait(20)


def test_server_killed(transport: Transport, server: Running) -> None:
    call = transport.matte()
    call.send(opening())
    assert call.receive(10) is not None
    threading.Timer(0.2, server.stop).start()
    with pytest.raises(TransportError) as caught:
        call.receive(20)
    assert caught.value.retryable


def test_two_streams_at_once(transport: Transport) -> None:
    calls = [transport.matte(), transport.matte()]
    for number, call in enumerate(calls):
        call.send(tile(number))
    for number, call in reversed(list(enumerate(calls))):
        assert call.receive(10).alpha.tile_id == number


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


def test_tls(make: Make, certificate: tuple[Path, Path]) -> None:
    key, crt = certificate
    running = Running((key.read_bytes(), crt.read_bytes()))
    transport = make(f"localhost:{running.port}", TOKEN, True, crt)
    call = transport.matte()
    for number in range(8):
        call.send(tile(number))
    assert [call.receive(10).alpha.pixels.data for _ in range(8)] == [PAYLOAD] * 8
    transport.close()
    running.stop()


def test_tls_with_an_unknown_certificate(make: Make, certificate: tuple[Path, Path]) -> None:
    key, crt = certificate
    running = Running((key.read_bytes(), crt.read_bytes()))
    transport = make(f"localhost:{running.port}", TOKEN, True, None)
    with pytest.raises(TransportError):
        transport.unary(GET_CAPABILITIES, b"", 5)
    transport.close()
    running.stop()


# A host as Krita is: its Python leaves SIGPIPE as it was.
BRAVE = """
import signal, sys, time
from pathlib import Path
from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.client.h2_socket import Wire

signal.signal(signal.SIGPIPE, signal.SIG_DFL)
ca_file = Path(sys.argv[2]) if sys.argv[2:] else None
wire = Wire(Address(sys.argv[1], tls=ca_file is not None, ca_file=ca_file))
for _ in range(3):
    try:
        while True:
            wire.write(bytes(3000))
            time.sleep(0.02)
    except TransportError as error:
        print(error.code)
"""


def hang_up(listener: socket.socket, pair: tuple[Path, Path] | None) -> None:
    """Take one connection and leave it without a word."""
    peer, _ = listener.accept()
    if pair is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair[1], pair[0])
        peer = context.wrap_socket(peer, server_side=True)
    peer.recv(1000)
    peer.close()


@pytest.mark.skipif(not hasattr(signal, "SIGPIPE"), reason="this system has no SIGPIPE")
@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_write_to_a_dead_server_ends_no_host(tls: bool, request: pytest.FixtureRequest) -> None:
    pair = request.getfixturevalue("certificate") if tls else None
    with socket.create_server(("127.0.0.1", 0)) as listener:
        peer = threading.Thread(target=hang_up, args=(listener, pair), daemon=True)
        peer.start()
        target = f"localhost:{listener.getsockname()[1]}"
        command = [sys.executable, "-c", BRAVE, target, *([str(pair[1])] if pair else [])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        peer.join(10)
    assert (done.returncode, done.stdout.split()) == (0, ["UNAVAILABLE"] * 3), done.stderr

"""Why a server cannot be reached is told apart, in the same words for both transports."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from certificates import make_certificate, sign_certificate
from ports import refuse
from serving import Server, start_server, stop_server

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.transport import Transport
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.methods import GET_CAPABILITIES
from frisket.protocol.reasons import Reason

Make = Callable[[Address], Transport]


TRANSPORTS: list[Make] = [GrpcTransport, H2Transport]


@pytest.fixture(params=TRANSPORTS, ids=["grpcio", "h2"])
def make(request: pytest.FixtureRequest) -> Make:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A key and a certificate for "localhost"."""
    return make_certificate(tmp_path_factory.mktemp("tls"), "localhost")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@pytest.fixture(scope="module")
def encrypted(
    tmp_path_factory: pytest.TempPathFactory, pair: tuple[Path, Path]
) -> Iterator[Server]:
    key, certificate = map(str, pair)
    options = ("--tls-cert", certificate, "--tls-key", key)
    running = start_server(tmp_path_factory.mktemp("home"), *options)
    yield running
    stop_server(running)


def port_of(server: Server) -> str:
    return server.address.target.rpartition(":")[2]


def fault(make: Make, address: Address, timeout: float = 15) -> TransportError:
    with pytest.raises(TransportError) as caught:
        transport = make(address)
        try:
            transport.unary(GET_CAPABILITIES, b"", timeout)
        finally:
            transport.close()
    return caught.value


def test_a_certificate_that_nobody_trusts(make: Make, encrypted: Server) -> None:
    error = fault(make, Address(f"localhost:{port_of(encrypted)}", "t", tls=True))
    assert error.reason == Reason.BAD_CERTIFICATE
    assert "is not trusted: name the certificate" in str(error)
    assert not error.retryable


def test_a_certificate_of_somebody_else(make: Make, encrypted: Server, tmp_path: Path) -> None:
    _, other = make_certificate(tmp_path, "localhost")
    error = fault(make, Address(f"localhost:{port_of(encrypted)}", "t", True, other))
    assert error.reason == Reason.BAD_CERTIFICATE
    assert f"{other} did not sign it" in str(error)


def test_a_certificate_for_another_name(
    make: Make, encrypted: Server, pair: tuple[Path, Path]
) -> None:
    error = fault(make, Address(f"127.0.0.1:{port_of(encrypted)}", "t", True, pair[1]))
    assert error.reason == Reason.BAD_CERTIFICATE
    assert "made for another name" in str(error)


def test_a_certificate_that_ran_out_while_the_server_ran(
    make: Make, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    """A server of ours does not start with one, so this is any that speaks TLS."""
    key, certificate = sign_certificate(tmp_path, "localhost", pair, days=-1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = listener.accept()
                    with contextlib.suppress(OSError):
                        context.wrap_socket(peer, server_side=True).close()

        threading.Thread(target=greet, daemon=True).start()
        address = Address(f"localhost:{listener.getsockname()[1]}", "t", True, pair[1])
        error = fault(make, address)
    assert error.reason == Reason.BAD_CERTIFICATE
    assert "has expired: renew it on the server" in str(error)
    assert not error.retryable


def test_a_certificate_file_that_holds_none(make: Make, plain: Server, tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("nothing")
    error = fault(make, Address(plain.address.target, "t", True, file))
    assert (error.reason, str(error)) == (
        Reason.BAD_CERTIFICATE,
        f"The certificate {file} is no PEM certificate.",
    )


def test_tls_against_a_plain_server(make: Make, plain: Server) -> None:
    error = fault(make, Address(plain.address.target, "t", tls=True))
    assert error.reason == Reason.TLS_MISMATCH
    assert "speaks no TLS" in str(error)
    assert not error.retryable


def test_a_plain_client_against_tls(make: Make, encrypted: Server) -> None:
    error = fault(make, Address(f"localhost:{port_of(encrypted)}", "t"))
    assert error.reason == Reason.TLS_MISMATCH
    assert "wants TLS" in str(error)
    assert not error.retryable


@pytest.mark.parametrize("target", ["127.0.0.1", "localhost", "[::1]", "::1"])
def test_a_forgotten_port(make: Make, target: str) -> None:
    error = fault(make, Address(target))
    assert (error.reason, error.retryable) == (Reason.BAD_ADDRESS, False)
    assert f"'{target}' has no port" in str(error)


@pytest.mark.parametrize("target", ["host:", ":7777", "host:port", "host:0", "host:70000"])
def test_what_is_no_address(make: Make, target: str) -> None:
    error = fault(make, Address(target))
    assert (error.reason, error.retryable) == (Reason.BAD_ADDRESS, False)
    assert "write HOST:PORT" in str(error)


def test_a_name_that_is_not_known(make: Make) -> None:
    error = fault(make, Address("no-such-host.invalid:7777"))
    assert error.reason == Reason.UNREACHABLE
    assert "the name no-such-host.invalid is not known" in str(error)


def test_a_refused_connection(make: Make) -> None:
    with refuse() as target:
        error = fault(make, Address(target))
    assert (error.reason, error.retryable) == (Reason.UNREACHABLE, True)
    assert "was refused; start one there with 'frisket serve'" in str(error)


def test_who_says_nothing() -> None:
    """All at once, for each has to wait."""

    def ask(make: Make, tls: bool) -> TransportError:
        with socket.create_server(("127.0.0.1", 0)) as mute:
            address = Address(f"127.0.0.1:{mute.getsockname()[1]}", "t", tls)
            return fault(make, address, timeout=2)

    with ThreadPoolExecutor() as pool:
        asked = [pool.submit(ask, make, tls) for make in TRANSPORTS for tls in (False, True)]
    for error in (each.result() for each in asked):
        assert (error.reason, error.retryable) == (Reason.UNREACHABLE, False)
        assert "No server answers at" in str(error)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_web_server(make: Make, tls: bool) -> None:
    class Quiet(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Quiet) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        error = fault(make, Address(f"127.0.0.1:{web.server_port}", "t", tls))
        web.shutdown()
    assert error.reason == Reason.UNREACHABLE
    assert "not a frisket server" in str(error)


def test_no_token_is_sent_while_asking_why(make: Make) -> None:
    """The probe tells a stranger nothing; the call before it sends no header before a greeting."""
    heard = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as stranger:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    peer, _ = stranger.accept()
                    peer.settimeout(20)
                    with contextlib.suppress(OSError):
                        heard.extend(peer.recv(1 << 16))
                    peer.close()

        threading.Thread(target=listen, daemon=True).start()
        error = fault(make, Address(f"localhost:{stranger.getsockname()[1]}", "t0ken-t0ken", True))
    assert error.reason == Reason.UNREACHABLE
    assert heard and b"t0ken" not in heard


COMMAND = """
import sys
from frisket.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_command_says_one_sentence(encrypted: Server, tmp_path: Path) -> None:
    """Nothing of what gRPC's C core writes to the terminal."""
    options = ["server", "status", "--server", f"localhost:{port_of(encrypted)}", "--tls"]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *options],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "FRISKET_HOME": str(tmp_path)},
    )
    assert done.returncode == 7
    assert done.stderr.count("\n") == 1
    assert "is not trusted" in done.stderr

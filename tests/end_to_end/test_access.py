"""Tokens with scopes, rotated while the server runs, and certificates of clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from certificates import make_certificate, sign_certificate
from command import frisket, refused
from google.rpc import error_details_pb2, status_pb2
from serving import Server, start_server, stop_server
from waiting import wait_until

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.proof import Opener
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.protocol.methods import GET_CAPABILITIES, LOAD_MODEL, MATTE_IMAGE
from frisket.protocol.reasons import Reason
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import models_pb2 as models_pb
from frisket.v1 import models_pb2_grpc as models_rpc

LOAD = models_pb.LoadModelRequest(name="classic").SerializeToString()
REFLECT = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
HEALTH = "/grpc.health.v1.Health/Check"

pytestmark = pytest.mark.parametrize("connect", [GrpcTransport, H2Transport])


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tokens") / "tokens"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "log"


@pytest.fixture(scope="module")
def server(tokens: Path, log: Path) -> Iterator[Server]:
    write(tokens, "artist-token matte\nloader-token models\nowner-token\n")
    running = start_server(log.parent, "--token-file", str(tokens), token="", log=log)
    yield running
    stop_server(running)
    assert "Traceback" not in log.read_text()
    known = ("artist-token", "loader-token", "owner-token", "fresh-token")
    assert not any(token in log.read_text() for token in known)


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def call(connect: Opener, server: Server, token: str, method: str, request: bytes = b"") -> str:
    """Return how a call ends: OK, or status and reason."""
    transport = connect(Address(server.address.target, token))
    try:
        transport.unary(method, request, 30)
    except TransportError as error:
        return f"{error.code} {error.reason}"
    finally:
        transport.close()
    return "OK"


OUT = f"PERMISSION_DENIED {Reason.OUT_OF_SCOPE}"
UNKNOWN = f"UNAUTHENTICATED {Reason.BAD_TOKEN}"


@pytest.mark.parametrize(
    ("token", "matte", "load", "reflect"),
    [
        ("artist-token", "INVALID_ARGUMENT BAD_IMAGE", OUT, OUT),
        ("loader-token", OUT, "OK", OUT),
        ("owner-token", "INVALID_ARGUMENT BAD_IMAGE", "OK", "OK"),
        ("nobodys-token", UNKNOWN, UNKNOWN, UNKNOWN),
        ("", UNKNOWN, UNKNOWN, UNKNOWN),
    ],
)
def test_a_token_is_for_its_scopes(
    connect: Opener, server: Server, token: str, matte: str, load: str, reflect: str
) -> None:
    assert call(connect, server, token, MATTE_IMAGE) == matte
    assert call(connect, server, token, LOAD_MODEL, LOAD) == load
    if reflect != "OK":
        assert call(connect, server, token, REFLECT) == reflect
    known = "OK" if "UNAUTHENTICATED" not in matte else matte
    assert call(connect, server, token, GET_CAPABILITIES) == known
    assert call(connect, server, token, HEALTH) == "OK"


def test_the_reason_travels_as_error_info(connect: Opener, server: Server) -> None:
    with grpc.insecure_channel(server.address.target) as channel:
        bearer = [("authorization", "Bearer artist-token")]
        with pytest.raises(grpc.RpcError) as caught:
            models_rpc.ModelServiceStub(channel).LoadModel(
                models_pb.LoadModelRequest(name="classic"), metadata=bearer
            )
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "scope 'models'" in caught.value.details()
    trailers = dict(caught.value.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(info)
    assert (info.reason, info.domain) == ("OUT_OF_SCOPE", "frisket")


def test_tokens_change_while_the_server_runs(
    connect: Opener, server: Server, tokens: Path, log: Path
) -> None:
    before = tokens.read_text()

    def ask(token: str) -> str:
        return call(connect, server, token, GET_CAPABILITIES)

    def warnings() -> int:
        """Count what the log says of bad files, after a call at which the server may look."""
        assert ask("fresh-token") == "OK"
        return log.read_text().count("the tokens stay as they are")

    try:
        write(tokens, "fresh-token matte\n")
        wait_until(lambda: ask("fresh-token") == "OK", "the fresh token")
        assert ask("owner-token") == UNKNOWN
        told = warnings()
        write(tokens, "x")
        wait_until(lambda: warnings() == told + 1, "a bad file to be seen")
        assert ask("fresh-token") == "OK"
        tokens.unlink()
        wait_until(lambda: warnings() == told + 2, "no file to be seen")
        assert ask("fresh-token") == "OK"
    finally:
        write(tokens, before)
    wait_until(lambda: ask("owner-token") == "OK", "the tokens from before")
    assert ask("fresh-token") == UNKNOWN


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an authority and certificates for the server and for clients."""
    folder = tmp_path_factory.mktemp("papers")
    authority = make_certificate(folder, "authority")
    for name, days in (("localhost", 2), ("artist", 2), ("late", -1)):
        sign_certificate(folder, name, authority, days)
    (folder / "strange").mkdir()
    make_certificate(folder / "strange", "artist")
    return folder


@pytest.fixture(scope="module")
def mutual(papers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    authority = str(papers / "certificate.pem")
    options = ("--tls-cert", str(papers / "localhost.pem"), "--tls-client-ca", authority)
    options += ("--tls-key", str(papers / "localhost-key.pem"))
    running = start_server(tmp_path_factory.mktemp("home"), *options)
    yield running
    stop_server(running)


def address_of(mutual: Server, papers: Path, own: str) -> Address:
    target = "localhost:" + mutual.address.target.rpartition(":")[2]
    files = {
        "": (None, None),
        "strange": (papers / "strange/certificate.pem", papers / "strange/key.pem"),
    }
    pair = files.get(own, (papers / f"{own}.pem", papers / f"{own}-key.pem"))
    return Address(target, mutual.address.token, True, papers / "certificate.pem", *pair)


def test_a_client_shows_its_certificate(connect: Opener, mutual: Server, papers: Path) -> None:
    transport = connect(address_of(mutual, papers, "artist"))
    reply = transport.unary(GET_CAPABILITIES, b"", 20)
    transport.close()
    assert pb.GetCapabilitiesResponse.FromString(reply).protocol_version == 1


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ("", "asks for a certificate of yours"),
        ("strange", "does not accept your certificate"),
        ("late", "late.pem has expired: renew it"),
    ],
)
def test_who_shows_no_good_certificate_is_told_why(
    connect: Opener, mutual: Server, papers: Path, own: str, said: str
) -> None:
    with pytest.raises(TransportError) as caught:
        connect(address_of(mutual, papers, own)).unary(GET_CAPABILITIES, b"", 20)
    assert caught.value.reason == Reason.BAD_CERTIFICATE
    assert said in str(caught.value)


@pytest.mark.parametrize("missing", ["certificate", "key"])
def test_certificate_and_key_come_together(
    connect: Opener, mutual: Server, papers: Path, missing: str
) -> None:
    address = address_of(mutual, papers, "artist")
    half = Address(**{**vars(address), missing: None})
    with pytest.raises(TransportError, match="are needed together"):
        connect(half).unary(GET_CAPABILITIES, b"", 20)


def test_the_command_line_shows_it_too(
    connect: Opener, mutual: Server, papers: Path, tmp_path: Path
) -> None:
    address = address_of(mutual, papers, "artist")
    token = tmp_path / "token"
    write(token, address.token)
    words = ("server", "status", "--server", address.target, "--ca", address.ca_file)
    words += ("--token-file", token)
    done = frisket(*words, "--cert", address.certificate, "--cert-key", address.key)
    assert done.returncode == 0, done.stderr
    assert "name one (--cert and --cert-key" in refused(7, *words)

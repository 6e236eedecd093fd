"""How a command or program reaches its server: a given address, or the local one."""

from __future__ import annotations

import sys
import time
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from frisket.about import VERSION
from frisket.client import discovery
from frisket.client.address import Address
from frisket.client.capabilities import ask_capabilities
from frisket.client.errors import NoServer, TransportError
from frisket.client.proof import Standing, examine
from frisket.client.transport import Call, Connect, SequenceCall, Transport
from frisket.jobs.beside import begin
from frisket.jobs.grpc_transport import GrpcTransport
from frisket.jobs.servers import Servers, split_targets
from frisket.protocol.choices import DEFAULT_DEVICE
from frisket.protocol.local_state import Installation, LocalServer, find_environment
from frisket.protocol.reasons import Reason
from frisket.server_needs import explain_lack
from frisket.token_file import BadToken, read_token, read_variable
from frisket.v1 import matting_pb2 as pb

_FRESH_S = 0.5
"""How long a proof holds: to read a small picture takes less, to read a large one may take long."""


@dataclass(frozen=True)
class ServerChoice:
    """Which server to use.

    Attributes:
        address: host:port, or several with commas between them; empty for the local server,
            started when none answers.
        token_file: holds the token; else the variable FRISKET_TOKEN.
        tls: encrypt the connection.
        ca_file: certificate to trust instead of the system's.
        certificate, key: the client's own, for a server that asks for one; both or none.
        device: "auto", or "cpu", "cuda" or "tensorrt" strictly.
    """

    address: str = ""
    token_file: Path | None = None
    tls: bool = False
    ca_file: Path | None = None
    device: str = DEFAULT_DEVICE
    certificate: Path | None = None
    key: Path | None = None

    @property
    def several(self) -> bool:
        """Whether several servers are named."""
        return len(split_targets(self.address)) > 1


def connect(choice: ServerChoice) -> GrpcTransport:
    """Return a connection to the chosen server.

    Raises:
        NoServer: the token or certificate cannot be read, or no local server starts; of several
            servers none can be used.
    """
    return find_servers(choice).open() if choice.address else direct(ensure_local(choice.device))


def find_servers(choice: ServerChoice) -> Servers:
    """Return the servers that a choice names.

    Raises:
        NoServer: the token or certificate cannot be read.
        TransportError: one of them is no address.
    """
    whole = _remote(choice)
    targets = split_targets(choice.address) or (choice.address,)
    return Servers([replace(whole, target=target) for target in targets])


class Connection:
    """A connection to one server for any number of layers, one after another.

    It is opened when it is first needed, and again after a loss: a local server that has
    gone is started anew.

    Args:
        choice: which server.
        opener: opens a transport instead of reaching for `choice`.
    """

    def __init__(self, choice: ServerChoice, opener: Connect | None = None) -> None:
        self.choice = choice
        self._opener: Connect = opener or self._reach
        self._is_local = opener is None and not choice.address
        self._transport: Transport | None = None
        self._proven_s = 0.0  # when it was last sure of the server
        self._early: Future[tuple[LocalServer | None, float]] | None = None
        self._server: LocalServer | None = None
        self._servers: Servers | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def begin(self) -> None:
        """Begin to look for a local server that runs, beside this thread; `open` goes on with it.

        None is started for it: what the connection is for may yet prove impossible.
        """
        if self._is_local and self._transport is None and self._early is None:
            self._early = begin(partial(_find_local, self.choice.device), "frisket-connect")

    def open(self) -> Transport:
        """Return the open transport, opened now when there is none.

        A local server may have left since, and somebody else have its port: it proves itself
        again before it is used again.

        Raises:
            NoServer: the token or certificate cannot be read, or no local server starts.
        """
        if self._server and examine(self._server, GrpcTransport) is not Standing.PROVEN:
            self.close()
        self._proven_s = time.monotonic()
        if self._transport is None:
            self._transport = self._take_early() or self._opener()
        return self._transport

    def _take_early(self) -> Transport | None:
        """Return a connection to the server that `begin` found, if it did, and just now."""
        early, self._early = self._early, None
        if early is None or early.exception() is not None:
            return None
        server, proven_s = early.result()
        if server is None or time.monotonic() - proven_s > _FRESH_S:
            return None
        self._server, self._proven_s = server, proven_s
        return direct(server)

    def _reach(self) -> Transport:
        if self.choice.address:
            self._servers = self._servers or find_servers(self.choice)
            return self._servers.open()
        self._server = ensure_local(self.choice.device)
        return direct(self._server)

    def list_others(self) -> list[Connect]:
        """Return what connects to each other server of a list, while one of it is open."""
        return self._servers.list_others() if self._servers else []

    def close(self) -> None:
        """Close what is open; the next use opens it again."""
        transport, self._transport, self._server = self._transport, None, None
        self._early = None
        if transport is not None:
            transport.close()

    def lender(self) -> Connect:
        """Return what a driver connects with: the open transport first, after a loss a fresh one.

        For one layer, whose work has begun with `open`: where that was just now, the server does
        not prove itself a second time. What is handed out stays open when the driver closes it.
        """
        lent = False

        def lend() -> Transport:
            nonlocal lent
            if lent:
                self.close()
                if self._servers is not None:
                    self._servers.lose()
            fresh = not lent and time.monotonic() - self._proven_s < _FRESH_S
            lent = True
            return _Lent(self._transport if fresh and self._transport else self.open())

        return lend


class _Lent:
    """A transport whose streams end with its borrower, and whose connection does not."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._calls: list[Call | SequenceCall] = []

    def matte(self) -> Call:
        """Open a `Matte` stream."""
        call = self._transport.matte()
        self._calls.append(call)
        return call

    def sequence(self) -> SequenceCall:
        """Open a stream of frames."""
        call = self._transport.sequence()
        self._calls.append(call)
        return call

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        """Make a unary call with serialised messages."""
        return self._transport.unary(method, request, timeout)

    def close(self) -> None:
        """Drop every stream that was opened through this; the connection stays."""
        for call in self._calls:
            call.cancel()


def capabilities(choice: ServerChoice, timeout: float = 5.0) -> pb.GetCapabilitiesResponse:
    """Ask the chosen server what it can do.

    Raises:
        NoServer: none answers.
        TransportError: it refuses.
    """
    transport = connect(choice)
    try:
        return ask_capabilities(transport, timeout)
    except TransportError as error:
        raise_loss(choice, error)
    finally:
        transport.close()


def raise_loss(choice: ServerChoice, error: TransportError) -> NoReturn:
    """Raise what is to be shown for an error that ended a call for good.

    Raises:
        NoServer: the server does not answer.
        TransportError: it refuses.
    """
    silent = error.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED")
    if not silent or error.reason not in ("", Reason.UNREACHABLE):
        raise error
    if not choice.address:
        sentence = "The local server does not answer; 'frisket server restart' replaces it."
    elif error.reason:
        sentence = str(error)
    else:
        detail = str(error).rstrip(".")
        what = "None of the servers" if choice.several else "The server at"
        does = "answers any more" if choice.several else "stopped answering"
        sentence = f"{what} {choice.address} {does} ({detail})."
    raise NoServer(sentence) from error


def this_installation() -> Installation:
    """Return the frisket whose local servers this program uses."""
    return Installation(VERSION, find_environment(sys.executable))


def _find_local(device: str) -> tuple[LocalServer | None, float]:
    """Return this installation's local server where one answers, and when it proved itself."""
    found = discovery.find(GrpcTransport, device, this_installation(), end_hung=True)
    return found, time.monotonic()


def ensure_local(device: str = DEFAULT_DEVICE) -> LocalServer:
    """Return this installation's local server, started when none answers.

    Raises:
        NoServer: it could not be started; the text says why and what to do.
    """
    mine = this_installation()
    server, _ = _find_local(device)
    if server is not None:
        return server
    # Before a process is started: it could only die with a traceback.
    if lack := explain_lack():
        raise NoServer(lack)
    return discovery.ensure(GrpcTransport, device=device, installation=mine)


def direct(server: LocalServer) -> GrpcTransport:
    """Return a connection to a local server that is known already."""
    return GrpcTransport(Address(server.target, server.token))


def _remote(choice: ServerChoice) -> Address:
    files = (choice.ca_file, choice.certificate, choice.key)
    for file in files:
        if file is not None and not file.is_file():
            raise NoServer(f"The certificate {file} does not exist.")
    tls = choice.tls or any(files)
    return Address(choice.address, _token(choice), tls, *files)


def _token(choice: ServerChoice) -> str:
    try:
        return read_token(choice.token_file) if choice.token_file else read_variable()
    except BadToken as error:
        raise NoServer(str(error)) from error

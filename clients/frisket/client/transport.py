"""The seam between the session and the wire, and a scripted fake. No I/O here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from frisket.client.errors import TransportError
from frisket.v1.matting_pb2 import MatteRequest, MatteResponse
from frisket.v1.sequence_pb2 import SequenceMatteRequest, SequenceMatteResponse

Sent = TypeVar("Sent", contravariant=True)
Received = TypeVar("Received", covariant=True)


@dataclass(frozen=True)
class Patience:
    """How long a server may be silent.

    Attributes:
        ping_s: seconds of silence after which it is pinged.
        pong_s: seconds that it has for a sign of life then, and for its first one.
    """

    ping_s: float = 10.0
    pong_s: float = 10.0


PATIENCE = Patience()
CONNECT_TIMEOUT_S = 10.0
"""How long a server may take to accept a connection."""


class Stream(Protocol[Sent, Received]):
    """One open stream of requests and responses."""

    def send(self, request: Sent) -> None:
        """Queue a request; may block for flow control.

        Raises:
            TransportError: the stream has ended.
        """

    def receive(self, timeout: float | None = None) -> Received | None:
        """Wait for the next response; None at the clean end of the stream.

        Args:
            timeout: seconds to wait at most; None waits as long as the server lives. Every
                transport notices by itself, within half a minute, when it does not: it pings.

        Raises:
            TransportError: the stream broke or the server refused.
        """

    def finish(self) -> None:
        """Half-close: nothing more will be sent."""

    def cancel(self) -> None:
        """Drop the stream at once; may be called from any thread."""


Call = Stream[MatteRequest, MatteResponse]
"""A stream about one layer."""
SequenceCall = Stream[SequenceMatteRequest, SequenceMatteResponse]
"""A stream about frames that follow one another."""


class Transport(Protocol):
    """A connection to one server."""

    def matte(self) -> Call:
        """Open a `Matte` stream."""

    def sequence(self) -> SequenceCall:
        """Open a stream of frames."""

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        """Call `method` ("/package.Service/Method") with serialised messages.

        Raises:
            TransportError: any status but OK.
        """

    def close(self) -> None:
        """Release the connection."""


Connect = Callable[[], Transport]


class ScriptedCall:
    """A fake stream: answers each request with what a function returns for it.

    Args:
        answer: called with every request sent; returns the responses it causes.
            Raise a TransportError in it to break the stream.
    """

    def __init__(self, answer: Callable[[MatteRequest], Iterable[MatteResponse]]) -> None:
        self._answer = answer
        self._pending: list[MatteResponse] = []
        self.sent: list[MatteRequest] = []
        self.cancelled = False

    def send(self, request: MatteRequest) -> None:
        """Record the request and queue its answers."""
        self.sent.append(request)
        self._pending.extend(self._answer(request))

    def receive(self, timeout: float | None = None) -> MatteResponse | None:
        """Return the next scripted response, or None when the script is done."""
        return self._pending.pop(0) if self._pending else None

    def finish(self) -> None:
        """Do nothing: a script has no other end."""

    def cancel(self) -> None:
        """Note that the stream was dropped."""
        self.cancelled = True


class ScriptedTransport:
    """A fake connection whose streams are scripted."""

    def __init__(self, calls: Iterable[ScriptedCall]) -> None:
        self._calls = iter(calls)

    def matte(self) -> ScriptedCall:
        """Return the next scripted stream."""
        return next(self._calls)

    def sequence(self) -> SequenceCall:
        """Refuse: no script has frames.

        Raises:
            TransportError: always.
        """
        raise TransportError("UNIMPLEMENTED", "", "This script has no sequences.", False)

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        """Answer every unary call with an empty message."""
        return b""

    def close(self) -> None:
        """Do nothing."""

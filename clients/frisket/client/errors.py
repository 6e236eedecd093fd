"""What can go wrong between a client and its server. Standard library only."""

from __future__ import annotations

import re

from frisket.protocol.errors import FrisketError
from frisket.protocol.reasons import Reason


class ClientError(FrisketError):
    """Base of every error of the client; its text is one sentence for the user."""


class ProtocolError(ClientError):
    """The peer broke the order or the limits of the protocol."""


class Cancelled(ClientError):
    """The user asked to stop."""


class NoServer(ClientError):
    """No server answers, and none could be started."""


class TransportError(ClientError):
    """A call ended with a status other than OK.

    Attributes:
        code: the gRPC status by name, for example "UNAVAILABLE".
        reason: one of `frisket.protocol.reasons.Reason`, or what a later server says
            instead; empty where nothing more is known than the code.
        retryable: a new stream, to this or another server, may succeed.
        call: what the server's log calls it; empty where it does not.
        retry_s: seconds after which the server says that there may be room; 0 where it does not.
    """

    def __init__(
        self,
        code: str,
        reason: str,
        message: str,
        retryable: bool,
        call: str = "",
        retry_s: float = 0.0,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.retryable = retryable
        self.call = call
        self.retry_s = retry_s


# A stream that broke for one of these is opened again with the tiles already held.
_RETRYABLE_CODES = frozenset({"UNAVAILABLE", "DATA_LOSS", "ABORTED", "RESOURCE_EXHAUSTED"})
_FINAL_REASONS = frozenset({Reason.TOO_LARGE})


_CALL = re.compile(r"[0-9a-f]{16}")
_MILLISECONDS = re.compile(r"[0-9]{1,9}")
MAX_RETRY_S = 60.0
"""No server makes a client wait longer before it asks again."""


def read_call(text: str) -> str:
    """Return what a server's log calls a call; empty where the text is no such name."""
    return text if _CALL.fullmatch(text) else ""


def read_delay(text: str) -> float:
    """Return the seconds that a server's trailer says to wait; 0 where it says nothing usable."""
    return min(int(text) / 1000, MAX_RETRY_S) if _MILLISECONDS.fullmatch(text) else 0.0


def transport_error(
    code: str, reason: str, message: str, call: str = "", retry_s: float = 0.0
) -> TransportError:
    """Build the error for a status, and decide whether it may be tried again.

    Args:
        code: gRPC status name.
        reason: value of the trailer that carries it, or empty.
        message: the status message.
        call: value of the trailer that carries the call's name, or empty.
        retry_s: seconds to wait before it is tried again, where the server says so.
    """
    retryable = code in _RETRYABLE_CODES and reason not in _FINAL_REASONS
    text, name = message or f"The server ended the call: {code}.", read_call(call)
    if name:
        text = f"{text.removesuffix('.')} (call {name} in the server's log)."
    return TransportError(code, reason, text, retryable, name, retry_s)

"""gRPC's own framing over HTTP/2: messages, status and metadata. No I/O here."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from frisket.client.errors import TransportError, read_delay, transport_error
from frisket.protocol.reasons import CALL_TRAILER, REASON_TRAILER, RETRY_TRAILER, Reason

_PREFIX = struct.Struct(">BI")
_CODES = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
]
# What a proxy that is no gRPC server means by its HTTP status.
_HTTP_CODES = {
    "400": "INTERNAL",
    "401": "UNAUTHENTICATED",
    "403": "PERMISSION_DENIED",
    "404": "UNIMPLEMENTED",
    "429": "UNAVAILABLE",
    "502": "UNAVAILABLE",
    "503": "UNAVAILABLE",
    "504": "UNAVAILABLE",
}


@dataclass(frozen=True)
class Status:
    """How a call ended.

    Attributes:
        code: gRPC's, by name.
        reason: frisket's.
        message: a sentence.
        call: its name in the server's log.
        retry: milliseconds after which there may be room.
    """

    code: str
    reason: str = ""
    message: str = ""
    call: str = ""
    retry: str = ""

    def error(self) -> TransportError:
        """Return the error a caller sees."""
        delay_s = read_delay(self.retry)
        return transport_error(self.code, self.reason, self.message, self.call, delay_s)


def frame(message: bytes) -> bytes:
    """Return a message with gRPC's prefix, not compressed."""
    return _PREFIX.pack(0, len(message)) + message


class Deframer:
    """Cuts a stream of bytes into messages.

    Args:
        limit: bytes of the largest message to accept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take in bytes; return the messages they complete.

        Raises:
            TransportError: a message is compressed or larger than the limit.
        """
        self._buffer += data
        messages: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= _PREFIX.size:
            compressed, size = _PREFIX.unpack_from(self._buffer, start)
            self._check(compressed, size)
            end = start + _PREFIX.size + size
            if len(self._buffer) < end:
                break
            messages.append(bytes(memoryview(self._buffer)[end - size : end]))
            start = end
        del self._buffer[:start]
        return messages

    def _check(self, compressed: int, size: int) -> None:
        if compressed:
            raise transport_error("INTERNAL", "", "The server compressed a message unasked.")
        if size > self._limit:
            raise transport_error(
                "RESOURCE_EXHAUSTED",
                Reason.TOO_LARGE,
                f"The server sent a message of {size} bytes.",
            )


def request_headers(
    path: str, authority: str, scheme: str, metadata: Iterable[tuple[str, str]], timeout: float
) -> list[tuple[str, str]]:
    """Return the headers that open a call.

    Args:
        path: "/package.Service/Method".
        authority: host:port.
        scheme: "http" or "https".
        metadata: names in lower case, with ASCII values.
        timeout: seconds the server may take; 0 for no limit.
    """
    deadline = [("grpc-timeout", f"{max(1, round(timeout * 1000))}m")] if timeout else []
    return [
        (":method", "POST"),
        (":scheme", scheme),
        (":path", path),
        (":authority", authority),
        ("te", "trailers"),
        *deadline,
        ("content-type", "application/grpc"),
        ("user-agent", "frisket-h2"),
        *metadata,
    ]


def status_from(headers: Mapping[str, str]) -> Status | None:
    """Return the status that headers or trailers announce, if they do."""
    if "grpc-status" in headers:
        return _grpc_status(headers)
    http = headers.get(":status", "200")
    if http != "200":
        code = _HTTP_CODES.get(http, "UNKNOWN")
        return Status(code, "", f"The address answers with HTTP {http}: no frisket server?")
    return None


def _grpc_status(headers: Mapping[str, str]) -> Status:
    number = headers["grpc-status"]
    known = number.isdigit() and int(number) < len(_CODES)
    return Status(
        _CODES[int(number)] if known else "UNKNOWN",
        headers.get(REASON_TRAILER, ""),
        unquote(headers.get("grpc-message", ""), errors="replace"),
        headers.get(CALL_TRAILER, ""),
        headers.get(RETRY_TRAILER, ""),
    )

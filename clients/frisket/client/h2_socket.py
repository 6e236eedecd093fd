"""A TCP or TLS connection that never blocks while it writes. Standard library only.

No write raises SIGPIPE: Krita's Python leaves that signal at its default, which ends the
whole program when a server dies.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
from collections.abc import Iterator

from frisket.client import probe
from frisket.client.address import Address
from frisket.client.errors import TransportError, transport_error
from frisket.client.h2_tls import Tls

_QUIET = getattr(socket, "MSG_NOSIGNAL", 0)
# Darwin's constant, which Python does not name everywhere.
_SO_NOSIGPIPE = 0x1022
_READ_BYTES = 1 << 20


class Wire:
    """A connected socket with a buffer of what is still to be written.

    `wait` sleeps until the socket is ready; `wake` ends that sleep from another thread.
    """

    def __init__(self, address: Address) -> None:
        self._socket, self._tls = _connect(address)
        self._socket.setblocking(False)
        self._ear, self._bell = socket.socketpair()
        _hush(self._bell)
        self._ear.setblocking(False)
        self._bell.setblocking(False)
        self._unsent = bytearray()

    @property
    def full(self) -> bool:
        """Whether bytes wait for the peer to read."""
        return bool(self._unsent)

    def write(self, data: bytes) -> None:
        """Send what the socket takes, and keep the rest for the next call.

        Raises:
            TransportError: the connection broke.
        """
        with _breaks():
            self._unsent += self._tls.encrypt(data) if self._tls else data
            while self._unsent:
                # A copy: a view would forbid to shorten what it looks at.
                part = bytes(memoryview(self._unsent)[:_READ_BYTES])
                del self._unsent[: self._socket.send(part, _QUIET)]

    def read(self) -> bytes | None:
        """Return what has arrived: None for nothing yet, empty for the end.

        Raises:
            TransportError: the connection broke.
        """
        with _breaks():
            return self._tls.decrypt(self._receive) if self._tls else self._receive()
        return None

    def _receive(self) -> bytes:
        return self._socket.recv(_READ_BYTES)

    def wait(self, timeout: float | None) -> None:
        """Sleep until there is something to read or room to write, or somebody wakes."""
        writing = [self._socket] if self._unsent else []
        with contextlib.suppress(OSError, ValueError):
            select.select([self._socket, self._ear], writing, [], timeout)
            self._ear.recv(1024)

    def wake(self) -> None:
        """End a `wait` in another thread."""
        with contextlib.suppress(OSError):
            self._bell.send(b"!", _QUIET)

    def close(self) -> None:
        """Release the sockets."""
        for each in (self._socket, self._ear, self._bell):
            each.close()


@contextlib.contextmanager
def _breaks() -> Iterator[None]:
    """Leave quietly when the socket is not ready; name the loss when it broke."""
    try:
        yield
    except (BlockingIOError, InterruptedError):
        return
    except OSError as error:
        raise transport_error(
            "UNAVAILABLE", "", f"The connection to the server broke ({error.strerror or error})."
        ) from error


def _connect(address: Address) -> tuple[socket.socket, Tls | None]:
    plain = probe.connect(address)
    try:
        _hush(plain)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return plain, _encrypt(plain, address) if address.tls else None
    except OSError as error:
        plain.close()
        raise probe.explain_tls_failure(address, error) from error
    except TransportError:
        plain.close()
        raise


def _encrypt(plain: socket.socket, address: Address) -> Tls:
    """Agree on keys, while the socket still blocks."""
    tls = Tls(address)
    tls.shake_hands(
        send=lambda data: plain.sendall(data, _QUIET),
        receive=lambda: plain.recv(_READ_BYTES),
    )
    return tls


def _hush(each: socket.socket) -> None:
    """Switch SIGPIPE off where it is an option of the socket and not a flag of `send`."""
    if sys.platform == "darwin":
        each.setsockopt(socket.SOL_SOCKET, _SO_NOSIGPIPE, 1)

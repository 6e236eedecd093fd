"""A TCP or TLS connection that never blocks while it writes. Standard library only."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
from collections.abc import Iterator

from frisket.client.address import Address
from frisket.client.errors import transport_error
from frisket.protocol.reasons import Reason

_CONNECT_TIMEOUT_S = 10.0
_READ_BYTES = 1 << 20


class Wire:
    """A connected socket with a buffer of what is still to be written.

    `wait` sleeps until the socket is ready; `wake` ends that sleep from another thread.
    """

    def __init__(self, address: Address) -> None:
        self._socket = _connect(address)
        self._socket.setblocking(False)
        self._ear, self._bell = socket.socketpair()
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
        self._unsent += data
        with _breaks():
            while self._unsent:
                # A copy: TLS insists on the same bytes when it has to try again.
                sent = self._socket.send(bytes(memoryview(self._unsent)[:_READ_BYTES]))
                del self._unsent[:sent]

    def read(self) -> bytes | None:
        """Return what has arrived: None for nothing yet, empty for the end.

        Raises:
            TransportError: the connection broke.
        """
        with _breaks():
            return self._socket.recv(_READ_BYTES)
        return None

    def wait(self, timeout: float | None) -> None:
        """Sleep until there is something to read or room to write, or somebody wakes."""
        writing = [self._socket] if self._unsent else []
        with contextlib.suppress(OSError, ValueError):
            select.select([self._socket, self._ear], writing, [], timeout)
            self._ear.recv(1024)

    def wake(self) -> None:
        """End a `wait` in another thread."""
        with contextlib.suppress(OSError):
            self._bell.send(b"!")

    def close(self) -> None:
        """Release the sockets."""
        for each in (self._socket, self._ear, self._bell):
            each.close()


@contextlib.contextmanager
def _breaks() -> Iterator[None]:
    """Leave quietly when the socket is not ready; name the loss when it broke."""
    try:
        yield
    except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError, InterruptedError):
        return
    except OSError as error:
        raise transport_error(
            "UNAVAILABLE", "", f"The connection to the server broke ({error.strerror or error})."
        ) from error


def _connect(address: Address) -> socket.socket:
    try:
        plain = socket.create_connection(address.host_and_port(), timeout=_CONNECT_TIMEOUT_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return _encrypt(plain, address) if address.tls else plain
    except ssl.SSLCertVerificationError as error:
        raise transport_error(
            "UNAUTHENTICATED",
            Reason.BAD_CERTIFICATE,
            f"The certificate of {address.target} is not trusted: {error.verify_message}.",
        ) from error
    except OSError as error:
        raise transport_error(
            "UNAVAILABLE",
            Reason.UNREACHABLE,
            f"No server answers at {address.target} ({error.strerror or error}).",
        ) from error


def _encrypt(plain: socket.socket, address: Address) -> socket.socket:
    context = ssl.create_default_context(cafile=address.ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(plain, server_hostname=address.host_and_port()[0])

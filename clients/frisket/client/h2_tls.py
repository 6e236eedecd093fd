"""TLS between bytes and bytes: who owns the socket reads and writes it. Standard library only.

Python's own TLS sockets write without a flag, so that nothing but a change of the whole
program's signals would keep SIGPIPE from them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

from frisket.client.errors import transport_error
from frisket.protocol.reasons import Reason

_READ_BYTES = 1 << 20


def make_context(ca_file: Path | None) -> ssl.SSLContext:
    """Return what a client trusts: a certificate of its own, or the system's.

    Raises:
        TransportError: the file cannot be read, or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        # What OpenSSL says of a text that is no certificate helps nobody.
        fault = "is no PEM certificate" if isinstance(error, ssl.SSLError) else "cannot be read"
        message = f"The certificate {ca_file} {fault}."
        raise transport_error("INVALID_ARGUMENT", Reason.BAD_CERTIFICATE, message) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    return context


class Tls:
    """The client's end of an encrypted connection.

    Args:
        host: whom the certificate must name.
        ca_file: the certificate to trust instead of the system's.

    Raises:
        TransportError: the certificate cannot be used.
    """

    def __init__(self, host: str, ca_file: Path | None) -> None:
        context = make_context(ca_file)
        # HTTP/2 forbids to renegotiate; so nothing is ever written only after a read.
        context.options |= ssl.OP_NO_RENEGOTIATION
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def shake_hands(self, send: Callable[[bytes], None], receive: Callable[[], bytes]) -> None:
        """Agree on keys with the peer.

        Args:
            send: sends all of its bytes, or blocks.
            receive: returns what arrives next; empty for the end.

        Raises:
            ssl.SSLError: the peer is not trusted, or speaks no TLS.
        """
        while not self._agree(send):
            self._take(receive())

    def encrypt(self, data: bytes) -> bytes:
        """Return what is to be sent for `data`, and what TLS itself has to say."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._tls.write(rest) :]
        return self._outgoing.read()

    def decrypt(self, receive: Callable[[], bytes]) -> bytes:
        """Return what has arrived; empty for the end.

        Args:
            receive: returns bytes from the socket or raises its BlockingIOError.
        """
        while True:
            try:
                return self._tls.read(_READ_BYTES)
            except ssl.SSLWantReadError:
                self._take(receive())
            except ssl.SSLEOFError:
                # A peer that dies says no farewell.
                return b""

    def _agree(self, send: Callable[[bytes], None]) -> bool:
        """Go on with the handshake as far as it goes; tell whether it is complete."""
        try:
            self._tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False
        finally:
            # After a failure too: the peer is told why.
            send(self._outgoing.read())

    def _take(self, data: bytes) -> None:
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

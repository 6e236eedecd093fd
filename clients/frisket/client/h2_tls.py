"""TLS between bytes and bytes: who owns the socket reads and writes it. Standard library only.

Python's own TLS sockets write without a flag, so that nothing but a change of the whole
program's signals would keep SIGPIPE from them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

_READ_BYTES = 1 << 20


class Tls:
    """The client's end of an encrypted connection.

    Args:
        host: whom the certificate must name.
        ca_file: the certificate to trust instead of the system's.
    """

    def __init__(self, host: str, ca_file: Path | None) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # HTTP/2 forbids to renegotiate; so nothing is ever written only after a read.
        context.options |= ssl.OP_NO_RENEGOTIATION
        context.set_alpn_protocols(["h2"])
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

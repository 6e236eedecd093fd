"""TLS between bytes and bytes: who owns the socket reads and writes it. Standard library only.

Python's own TLS sockets write without a flag, so that nothing but a change of the whole
program's signals would keep SIGPIPE from them.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable

from frisket.client.address import Address
from frisket.client.errors import TransportError, transport_error
from frisket.protocol.certificates import BadCertificate, load_pair
from frisket.protocol.reasons import Reason

_READ_BYTES = 1 << 20


def make_context(address: Address) -> ssl.SSLContext:
    """Return whom a client trusts, and the certificate that it shows itself.

    Raises:
        TransportError: a file cannot be read, or holds no certificate.
    """
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
    except OSError as error:
        # What OpenSSL says of a text that is no certificate helps nobody.
        fault = "is no PEM certificate" if isinstance(error, ssl.SSLError) else "cannot be read"
        raise _unusable(f"The certificate {address.ca_file} {fault}.") from error
    if address.certificate is not None or address.key is not None:
        _load_own(context, address)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    return context


def _load_own(context: ssl.SSLContext, address: Address) -> None:
    certificate, key = address.certificate, address.key
    if certificate is None or key is None:
        raise _unusable("A client's certificate and its key are needed together.")
    try:
        load_pair(context, certificate, key)
    except BadCertificate as error:
        raise _unusable(str(error)) from error


def _unusable(sentence: str) -> TransportError:
    return transport_error("INVALID_ARGUMENT", Reason.BAD_CERTIFICATE, sentence)


class Tls:
    """The client's end of an encrypted connection.

    Args:
        address: of the server, whose certificate must name its host.

    Raises:
        TransportError: a certificate cannot be used.
    """

    def __init__(self, address: Address) -> None:
        context = make_context(address)
        # HTTP/2 forbids to renegotiate; so nothing is ever written only after a read.
        context.options |= ssl.OP_NO_RENEGOTIATION
        host = address.certified_name
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

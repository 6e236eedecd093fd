"""Finds out why a server cannot be used, by connecting to it without a token.

Standard library only. Both transports ask here, so that the same fault has the same sentence.
"""

from __future__ import annotations

import contextlib
import socket
import ssl

from frisket.client.address import Address
from frisket.client.errors import TransportError, transport_error
from frisket.client.h2_tls import make_context
from frisket.client.transport import CONNECT_TIMEOUT_S
from frisket.protocol.reasons import Reason

_ANSWER_TIMEOUT_S = 3.0
# HTTP/2's greeting and an empty SETTINGS frame.
_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_SETTINGS = 4
_WRONG_HOST = 62  # X509_V_ERR_HOSTNAME_MISMATCH
_WRONG_IP = 64  # X509_V_ERR_IP_ADDRESS_MISMATCH
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED


def diagnose(address: Address, error: TransportError) -> TransportError:
    """Return the reason why a call to a server failed before it answered anything.

    Args:
        address: of the server.
        error: what the transport knows; returned where nothing more is found.
    """
    if error.reason or error.code not in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
        return error
    try:
        with connect(address) as plain:
            found = _try_tls(address, plain) if address.tls else _try_plain(address, plain)
    except TransportError as better:
        return better
    except OSError:
        return error
    return found or error


def connect(address: Address) -> socket.socket:
    """Return a blocking TCP connection to a server.

    Raises:
        TransportError: the address is none, its name is unknown, or nobody answers there.
    """
    host, port = address.host_and_port()
    try:
        return socket.create_connection((host, port), timeout=CONNECT_TIMEOUT_S)
    except (socket.gaierror, UnicodeError) as error:
        why = f"the name {host} is not known here; check its spelling and the network"
        raise _unreachable(address, why) from error
    except ConnectionRefusedError as error:
        why = "the connection was refused; start one there with 'frisket serve'"
        raise _unreachable(address, why) from error
    except TimeoutError as error:
        why = f"no reply within {CONNECT_TIMEOUT_S:.0f} s; check the address and the firewall"
        raise _unreachable(address, why, "DEADLINE_EXCEEDED") from error
    except (OSError, OverflowError) as error:
        raise _unreachable(address, getattr(error, "strerror", None) or str(error)) from error


def explain_tls_failure(address: Address, error: OSError) -> TransportError:
    """Return what a failed handshake with a server means."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return distrust(address, error.verify_code)
    if isinstance(error, TimeoutError):
        return _silent(address)
    if _answers_plainly(address):
        return transport_error(
            "FAILED_PRECONDITION",
            Reason.TLS_MISMATCH,
            f"The server at {address.target} speaks no TLS: connect to it without TLS.",
        )
    if getattr(error, "reason", "") == "WRONG_VERSION_NUMBER":
        return _unreachable(address, "what listens there is not a frisket server")
    return _unreachable(address, f"the TLS handshake failed ({error.strerror or error})")


def distrust(address: Address, verify_code: int = 0) -> TransportError:
    """Return what it means that a server's certificate was not accepted.

    Args:
        address: of the server.
        verify_code: OpenSSL's number for the reason; 0 where it is not known.
    """
    if verify_code in (_WRONG_HOST, _WRONG_IP):
        why = "was made for another name: use the name that it was made for"
    elif verify_code == _EXPIRED:
        why = "has expired: renew it on the server"
    elif address.ca_file:
        why = f"is not trusted: {address.ca_file} did not sign it"
    else:
        why = "is not trusted: name the certificate to trust (--ca on the command line)"
    sentence = f"The certificate of {address.target} {why}."
    return transport_error("UNAUTHENTICATED", Reason.BAD_CERTIFICATE, sentence)


def _try_tls(address: Address, plain: socket.socket) -> TransportError | None:
    context = make_context(address)
    plain.settimeout(_ANSWER_TIMEOUT_S)
    try:
        encrypted = context.wrap_socket(plain, server_hostname=address.certified_name)
    except OSError as error:
        return explain_tls_failure(address, error)
    with encrypted:
        return None if _greet(encrypted) else _explain_hang_up(address)


def _explain_hang_up(address: Address) -> TransportError:
    """Return what it means that a server hangs up as soon as both ends have their keys.

    Since TLS 1.3 a server judges a client's certificate then; gRPC's does it without a word.
    """
    if address.certificate is None:
        why = (
            "asks for a certificate of yours: name one (--cert and --cert-key on the command line)"
        )
    else:
        why = f"does not accept your certificate {address.certificate}"
    sentence = f"The server at {address.target} hung up; it probably {why}."
    return transport_error("UNAUTHENTICATED", Reason.BAD_CERTIFICATE, sentence)


def _try_plain(address: Address, plain: socket.socket) -> TransportError | None:
    try:
        answer = _greet(plain)
    except TimeoutError:
        return _silent(address)
    if answer[3:4] == bytes((_SETTINGS,)):
        return None
    if _answers_tls(address):
        return transport_error(
            "FAILED_PRECONDITION",
            Reason.TLS_MISMATCH,
            f"The server at {address.target} wants TLS: connect with TLS "
            "(--tls, or --ca with its certificate, on the command line).",
        )
    return _unreachable(address, "what listens there is not a frisket server")


def _greet(plain: socket.socket) -> bytes:
    """Say HTTP/2's greeting and return the beginning of the answer; empty for a hang-up.

    Raises:
        TimeoutError: nothing came.
    """
    plain.settimeout(_ANSWER_TIMEOUT_S)
    try:
        plain.sendall(_GREETING)
        return plain.recv(9)
    except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
        return b""


def _answers_plainly(address: Address) -> bool:
    with contextlib.suppress(OSError, TransportError), connect(address) as plain:
        return _greet(plain)[3:4] == bytes((_SETTINGS,))
    return False


def _answers_tls(address: Address) -> bool:
    """Tell whether a TLS handshake succeeds; whom it is with does not matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with contextlib.suppress(OSError, TransportError), connect(address) as plain:
        plain.settimeout(_ANSWER_TIMEOUT_S)
        with context.wrap_socket(plain):
            return True
    return False


def _silent(address: Address) -> TransportError:
    return _unreachable(address, "it takes connections and says nothing", "DEADLINE_EXCEEDED")


def _unreachable(address: Address, why: str, code: str = "UNAVAILABLE") -> TransportError:
    """Return the error; who waited in vain already does not want to wait again."""
    sentence = f"No server answers at {address.target}: {why}."
    return transport_error(code, Reason.UNREACHABLE, sentence)

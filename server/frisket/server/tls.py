"""A server's own certificate, and the authority of its clients' ones. Standard library only."""

from __future__ import annotations

import ssl
from pathlib import Path

from frisket.protocol.certificate_dates import find_date_fault


class BadTls(Exception):
    """A file cannot be used for TLS; the text is one sentence."""


def check_pair(certificate: Path, key: Path) -> None:
    """Refuse files that gRPC would take without a word and then fail every handshake with.

    Raises:
        BadTls: they are no pair, cannot be read, or the certificate is out of its time.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # Without a password of ours OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadTls(f"The key {key} does not belong to {certificate}.") from error
        raise BadTls(
            f"{certificate} and {key} are no PEM certificate with its unencrypted key."
        ) from error
    except OSError as error:
        raise BadTls(f"{certificate} or {key} cannot be read: {error.strerror}.") from error
    if fault := find_date_fault(certificate, key):
        raise BadTls(f"The certificate {certificate} {fault}.")


def check_authority(file: Path) -> None:
    """Check a file with certificates that sign those of clients.

    Raises:
        BadTls: it cannot be read, or holds none.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError as error:
        raise BadTls(f"{file} is no PEM certificate of an authority.") from error
    except OSError as error:
        raise BadTls(f"{file} cannot be read: {error.strerror}.") from error

"""An end's own certificate with its key: loaded, and refused where no peer would take it."""

from __future__ import annotations

import ssl
from pathlib import Path

# X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_NOT_YET_VALID
_FAULTS = {10: "has expired: renew it", 9: "is not valid yet: set the clock right"}


class BadCertificate(Exception):
    """A certificate or its key cannot be used; the text is one sentence."""


def load_pair(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Load a certificate and its key for one end, and refuse what every handshake would fail with.

    Raises:
        BadCertificate: they are no pair, cannot be read, or the certificate is out of its time.
    """
    try:
        # Without a password of ours OpenSSL would ask on the terminal.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise BadCertificate(f"The key {key} does not belong to {certificate}.") from error
        raise BadCertificate(
            f"{certificate} and {key} are no PEM certificate with its unencrypted key."
        ) from error
    except OSError as error:
        raise BadCertificate(f"{certificate} or {key} cannot be read: {error.strerror}.") from error
    if fault := _find_date_fault(certificate, key):
        raise BadCertificate(f"The certificate {certificate} {fault}.")


def _find_date_fault(certificate: Path, key: Path) -> str:
    """Return what is wrong with a certificate's dates, as the end of a sentence; "" for nothing.

    Python tells dates to nobody but a peer: so two ends shake hands in memory.
    """
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    # It is trusted as it is; then only its dates can be wrong.
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True))
    try:
        for end in (*ends, *ends):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    except ssl.SSLCertVerificationError as error:
        return _FAULTS.get(error.verify_code, "")
    except ssl.SSLError:
        return ""
    return ""

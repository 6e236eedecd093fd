"""Whether a certificate is out of its time. Standard library only."""

from __future__ import annotations

import ssl
from pathlib import Path

# X509_V_ERR_CERT_HAS_EXPIRED and X509_V_ERR_CERT_NOT_YET_VALID
_FAULTS = {10: "has expired: renew it", 9: "is not valid yet: set the clock right"}


def find_date_fault(certificate: Path, key: Path) -> str:
    """Return what is wrong with a certificate's dates, as the end of a sentence; "" for nothing.

    Python tells dates to nobody but a peer: so two ends shake hands in memory.

    Args:
        certificate: a PEM file.
        key: its key; the pair was loaded once without an error.
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

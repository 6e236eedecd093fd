"""The authority of clients' certificates. Standard library only."""

from __future__ import annotations

import ssl
from pathlib import Path

from frisket.protocol.certificates import BadCertificate


def check_authority(file: Path) -> None:
    """Check a file with certificates that sign those of clients.

    Raises:
        BadCertificate: it cannot be read, or holds none.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(file)
    except ssl.SSLError as error:
        raise BadCertificate(f"{file} is no PEM certificate of an authority.") from error
    except OSError as error:
        raise BadCertificate(f"{file} cannot be read: {error.strerror}.") from error

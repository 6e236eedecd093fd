"""How a local server shows that it knows its token without saying it; see `local.proto`."""

from __future__ import annotations

import hashlib
import hmac
import struct

NONCE_BITS = 64


def make_proof(token: str, target: str, nonce: int) -> bytes:
    """Return what only who knows a token can answer to a number.

    Args:
        token: the secret.
        target: the host:port that was announced with it, so that no other server's answer fits.
        nonce: 0 to 2**64 - 1, never the same twice.
    """
    said = b"frisket serves " + target.encode() + b"\0" + struct.pack("<Q", nonce)
    return hmac.digest(token.encode(), said, hashlib.sha256)

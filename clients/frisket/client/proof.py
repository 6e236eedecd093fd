"""Finds out whether a local server is the one that announced itself, before it gets the token."""

from __future__ import annotations

import enum
import hmac
import secrets
import time
from collections.abc import Callable
from typing import TypeAlias

from frisket.client.address import Address
from frisket.client.errors import TransportError
from frisket.client.transport import Transport
from frisket.protocol.local_state import LocalServer
from frisket.protocol.methods import PROVE
from frisket.protocol.proof import NONCE_BITS, make_proof
from frisket.v1 import local_pb2 as pb

ANSWER_TIMEOUT_S = 5.0

Opener: TypeAlias = Callable[[Address], Transport]
"""Opens a connection; the two transports are such."""


class Standing(enum.Enum):
    """What is at the address that a local server announced."""

    PROVEN = "it knows the token"
    HUNG = "it takes connections and says nothing"
    GONE = "nobody is there who knows its token"


def examine(server: LocalServer, connect: Opener, limit_s: float = ANSWER_TIMEOUT_S) -> Standing:
    """Return what is where a server announced itself; it is told neither token nor pixels.

    Args:
        server: as announced.
        connect: opens a connection.
        limit_s: seconds that it has for an answer; one that takes longer hangs.
    """
    nonce = secrets.randbits(NONCE_BITS)
    begun = time.monotonic()
    try:
        found = _ask(server, nonce, connect, limit_s)
    except (TransportError, ValueError):
        waited = time.monotonic() - begun
        return Standing.HUNG if waited > 0.9 * limit_s else Standing.GONE
    expected = make_proof(server.token, server.target, nonce)
    return Standing.PROVEN if hmac.compare_digest(found, expected) else Standing.GONE


def _ask(server: LocalServer, nonce: int, connect: Opener, limit_s: float) -> bytes:
    """Return what the peer says.

    Raises:
        TransportError: it refuses, or nobody is there.
        ValueError: it answers with something else.
    """
    request = pb.ProveRequest(nonce=nonce).SerializeToString()
    transport = connect(Address(server.target))
    try:
        reply = transport.unary(PROVE, request, limit_s)
    finally:
        transport.close()
    try:
        return pb.ProveResponse.FromString(reply).proof
    except Exception as error:  # protobuf's own class differs by its implementation
        raise ValueError("no answer to what was asked") from error

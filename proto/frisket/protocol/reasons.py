"""Why a call ends: the machine-readable reasons that travel beside a gRPC status."""

from __future__ import annotations

import enum

REASON_TRAILER = "frisket-reason"
"""The trailer that carries a reason to clients without google.rpc types."""
CALL_TRAILER = "frisket-call"
"""The trailer that carries what the server's log calls a call that failed."""
RETRY_TRAILER = "frisket-retry-ms"
"""The trailer that carries the delay of a google.rpc.RetryInfo to clients without those types."""
REASON_DOMAIN = "frisket"
"""The domain of the google.rpc.ErrorInfo that carries it to the others."""


class Reason(str, enum.Enum):
    """One reason; its value, which is its name, is what travels."""

    BAD_CLASS = "BAD_CLASS"
    BAD_HINT = "BAD_HINT"
    BAD_IMAGE = "BAD_IMAGE"
    BAD_MESSAGE = "BAD_MESSAGE"
    BAD_OPEN = "BAD_OPEN"
    BAD_ORDER = "BAD_ORDER"
    BAD_PROXY = "BAD_PROXY"
    BAD_SIZE = "BAD_SIZE"
    BAD_TILE = "BAD_TILE"
    BAD_TOKEN = "BAD_TOKEN"
    BUSY = "BUSY"
    CORRUPT_PIXELS = "CORRUPT_PIXELS"
    DEVICE_UNAVAILABLE = "DEVICE_UNAVAILABLE"
    DRAINING = "DRAINING"
    IDLE = "IDLE"
    MODEL_FAILED = "MODEL_FAILED"
    MODEL_UNUSABLE = "MODEL_UNUSABLE"
    OUT_OF_SCOPE = "OUT_OF_SCOPE"
    TOO_LARGE = "TOO_LARGE"
    UNEXPECTED = "UNEXPECTED"
    UNKNOWN_MODEL = "UNKNOWN_MODEL"
    VERSION_MISMATCH = "VERSION_MISMATCH"

    BAD_ADDRESS = "BAD_ADDRESS"
    BAD_CERTIFICATE = "BAD_CERTIFICATE"
    TLS_MISMATCH = "TLS_MISMATCH"
    UNREACHABLE = "UNREACHABLE"

    __str__ = str.__str__


CLIENT_REASONS = frozenset(
    {Reason.BAD_ADDRESS, Reason.BAD_CERTIFICATE, Reason.TLS_MISMATCH, Reason.UNREACHABLE}
)
"""What a client's own transport says before any server has answered; they never travel."""

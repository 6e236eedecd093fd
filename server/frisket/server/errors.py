"""What the server refuses, as one exception, and the one table of gRPC statuses."""

from __future__ import annotations

import logging

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

from frisket.matting import BadInput, UnknownClass
from frisket.models import (
    BadPicture,
    DeviceUnavailable,
    ModelError,
    ModelFailed,
    OutOfMemory,
    UnknownModel,
)
from frisket.protocol.reasons import CALL_TRAILER, REASON_TRAILER, RETRY_TRAILER, Reason
from frisket.server.telemetry.trace import current_id

log = logging.getLogger(__name__)
DOMAIN = "frisket"

_STATUSES = {
    Reason.BAD_CLASS: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_HINT: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_IMAGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_MESSAGE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_OPEN: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_ORDER: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_PROXY: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_TILE: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.BAD_TOKEN: grpc.StatusCode.UNAUTHENTICATED,
    Reason.BUSY: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.CORRUPT_PIXELS: grpc.StatusCode.DATA_LOSS,
    Reason.DEVICE_UNAVAILABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.DRAINING: grpc.StatusCode.UNAVAILABLE,
    Reason.IDLE: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.MODEL_FAILED: grpc.StatusCode.INTERNAL,
    Reason.MODEL_UNUSABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.OUT_OF_SCOPE: grpc.StatusCode.PERMISSION_DENIED,
    Reason.TOO_LARGE: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.UNEXPECTED: grpc.StatusCode.INTERNAL,
    Reason.UNKNOWN_MODEL: grpc.StatusCode.NOT_FOUND,
    Reason.VERSION_MISMATCH: grpc.StatusCode.FAILED_PRECONDITION,
}
# The first class that fits an error says its reason.
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (UnknownClass, Reason.BAD_CLASS),
    (BadInput, Reason.BAD_HINT),
    (UnknownModel, Reason.UNKNOWN_MODEL),
    (DeviceUnavailable, Reason.DEVICE_UNAVAILABLE),
    (ModelFailed, Reason.MODEL_FAILED),
    (OutOfMemory, Reason.TOO_LARGE),
    (BadPicture, Reason.BAD_IMAGE),
    (ModelError, Reason.MODEL_UNUSABLE),
)


class ServiceError(Exception):
    """Ends a call with a status.

    Args:
        reason: why; it decides the status.
        message: one sentence for the user: what is wrong and what to do.
        retry_s: seconds after which the same call may succeed, when busy.
    """

    def __init__(self, reason: Reason, message: str, *, retry_s: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.retry_s = retry_s

    @property
    def code(self) -> grpc.StatusCode:
        """The gRPC status of the reason."""
        return _STATUSES[self.reason]


def to_service_error(error: Exception) -> ServiceError:
    """Return the refusal that any error becomes; an unexpected one is logged."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, DecodeError):
        return ServiceError(Reason.BAD_MESSAGE, "The request is no message of this protocol.")
    for kind, reason in _REASONS:
        if isinstance(error, kind):
            return ServiceError(reason, str(error))
    if isinstance(error, MemoryError):
        return ServiceError(Reason.TOO_LARGE, "The server ran out of memory.")
    log.error("unexpected failure in call %s", current_id() or "-", exc_info=error)
    return ServiceError(Reason.UNEXPECTED, "The server failed unexpectedly; its log says more.")


def trailers(error: ServiceError, call: str = "") -> tuple[tuple[str, str | bytes], ...]:
    """Return the trailing metadata that carries an error's details.

    Args:
        error: how the call ends.
        call: what the log calls it; empty where it is not logged.
    """
    info = error_details_pb2.ErrorInfo(reason=error.reason.value, domain=DOMAIN)
    details = [_pack_any(info)]
    plain: list[tuple[str, str]] = [(CALL_TRAILER, call)] if call else []
    if error.retry_s is not None:
        milliseconds = round(error.retry_s * 1000)
        plain.append((RETRY_TRAILER, str(milliseconds)))
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(milliseconds)
        details.append(_pack_any(error_details_pb2.RetryInfo(retry_delay=delay)))
    number: int = error.code.value[0]
    status = status_pb2.Status(code=number, message=error.message, details=details)
    return (
        (REASON_TRAILER, error.reason.value),
        *plain,
        ("grpc-status-details-bin", status.SerializeToString()),
    )


def _pack_any(message: error_details_pb2.ErrorInfo | error_details_pb2.RetryInfo) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed

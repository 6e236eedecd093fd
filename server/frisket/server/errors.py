"""What the server refuses, as one exception that becomes a gRPC status."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

DOMAIN = "frisket"


class ServiceError(Exception):
    """Ends a call with a status.

    Args:
        code: the gRPC status.
        reason: one of the reasons listed in matting.proto.
        message: one sentence for the user: what is wrong and what to do.
        retry_s: seconds after which the same call may succeed, when busy.
        metadata: the values concerned, by name.
    """

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        *,
        retry_s: float | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.retry_s = retry_s
        self.metadata = metadata or {}


def invalid(reason: str, message: str, **metadata: object) -> ServiceError:
    """Return an INVALID_ARGUMENT error."""
    values = {name: str(value) for name, value in metadata.items()}
    return ServiceError(grpc.StatusCode.INVALID_ARGUMENT, reason, message, metadata=values)


def trailers(error: ServiceError) -> tuple[tuple[str, str | bytes], ...]:
    """Return the trailing metadata that carries an error's details."""
    details = [_packed(_info(error))]
    if error.retry_s is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(round(error.retry_s * 1000))
        details.append(_packed(error_details_pb2.RetryInfo(retry_delay=delay)))
    number: int = error.code.value[0]
    status = status_pb2.Status(code=number, message=error.message, details=details)
    return (
        ("frisket-reason", error.reason),
        ("grpc-status-details-bin", status.SerializeToString()),
    )


def _info(error: ServiceError) -> error_details_pb2.ErrorInfo:
    return error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)


def _packed(message: error_details_pb2.ErrorInfo | error_details_pb2.RetryInfo) -> any_pb2.Any:
    packed = any_pb2.Any()
    packed.Pack(message)
    return packed

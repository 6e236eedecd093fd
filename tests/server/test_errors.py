"""Every failure becomes one status with one reason."""

from __future__ import annotations

import grpc
import pytest

from frisket.matting import BadInput, UnknownClass
from frisket.models import BadOutput, DeviceUnavailable, UnknownModel
from frisket.protocol.reasons import CLIENT_REASONS, Reason
from frisket.server.errors import ServiceError, to_service_error, trailers

IN_STREAM = {Reason.BAD_SIZE}


@pytest.mark.parametrize("reason", sorted(set(Reason) - CLIENT_REASONS - IN_STREAM))
def test_every_reason_has_a_status(reason: Reason) -> None:
    error = ServiceError(reason, "It cannot be.")
    assert error.code is not grpc.StatusCode.OK
    assert ("frisket-reason", reason.value) in trailers(error)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadInput("x."), Reason.BAD_HINT),
        (UnknownClass("x."), Reason.BAD_CLASS),
        (UnknownModel("x", [], []), Reason.UNKNOWN_MODEL),
        (DeviceUnavailable("x."), Reason.DEVICE_UNAVAILABLE),
        (BadOutput("x."), Reason.MODEL_UNUSABLE),
        (MemoryError(), Reason.TOO_LARGE),
        (ZeroDivisionError("secret"), Reason.UNEXPECTED),
        (ServiceError(Reason.BUSY, "x."), Reason.BUSY),
    ],
)
def test_every_error_becomes_a_refusal(error: Exception, reason: Reason) -> None:
    refusal = to_service_error(error)
    assert refusal.reason is reason
    assert "secret" not in refusal.message

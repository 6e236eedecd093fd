"""What is measured and logged around every call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

from frisket.server.errors import ServiceError
from frisket.server.telemetry.log import log_call
from frisket.server.telemetry.meter import GONE, Meter, Method
from frisket.server.telemetry.trace import Trace, current, follow

_METHODS = {
    "/frisket.v1.MattingService/Matte": Method.MATTE,
    "/frisket.v1.MattingService/MatteImage": Method.MATTE_IMAGE,
    "/frisket.v1.SequenceService/Matte": Method.SEQUENCE,
}


def find_method(path: str) -> Method | None:
    """Return the method of a gRPC path; None where it is not measured."""
    return _METHODS.get(path)


@contextlib.contextmanager
def observe(meter: Meter, method: Method) -> Iterator[Trace]:
    """Measure and log a call while the block runs."""
    trace = Trace(meter, method)
    with follow(trace):
        try:
            yield trace
        except asyncio.CancelledError:
            trace.end(GONE)
            raise
        finally:
            meter.end_call(method, trace.outcome, trace.wall_s)
            log_call(trace)


def refuse(meter: Meter, error: ServiceError) -> None:
    """Take note of how the call that runs here ended."""
    meter.refuse(error.reason)
    if trace := current():
        trace.end(error.reason.value)

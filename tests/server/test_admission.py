"""A server takes as many calls as it has places, and none when it leaves."""

from __future__ import annotations

import asyncio

import pytest

from frisket.protocol.reasons import Reason
from frisket.server.admission import Admission
from frisket.server.errors import ServiceError


def test_a_full_server_refuses_until_a_call_ends() -> None:
    async def call() -> None:
        admission = Admission(1, "cpu")
        async with admission.slot():
            assert admission.open == 1
            with pytest.raises(ServiceError) as caught:
                await admission.slot().__aenter__()
            assert (caught.value.reason, caught.value.retry_s) == (Reason.BUSY, 1.0)
        async with admission.slot():
            pass
        assert admission.open == 0

    asyncio.run(call())


def test_a_leaving_server_takes_nothing_new() -> None:
    async def call() -> Reason:
        admission = Admission(9, "cpu")
        admission.draining = True
        with pytest.raises(ServiceError) as caught:
            await admission.slot().__aenter__()
        return caught.value.reason

    assert asyncio.run(call()) is Reason.DRAINING

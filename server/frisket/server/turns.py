"""Whose turn it is: the client's next request, or a failure of work that runs beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

Request = TypeVar("Request")


class Idle(Exception):
    """Nothing came in time."""


async def next_turn(
    receive: Callable[[], Awaitable[Request]],
    failed: asyncio.Future[None],
    limit_s: float | None,
) -> Request:
    """Return what is received.

    Args:
        receive: waits for the next request.
        failed: set to an exception when work beside the conversation has failed.
        limit_s: how long to wait; None waits for ever.

    Raises:
        Idle: the time is up.
        Exception: the one that `failed` was set to.
    """
    receiving: asyncio.Future[Request] = asyncio.ensure_future(receive())
    both: set[asyncio.Future[Any]] = {receiving, failed}
    try:
        await asyncio.wait(both, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if receiving.done():
            return receiving.result()
        if failed.done():
            failed.result()
        raise Idle
    finally:
        receiving.cancel()

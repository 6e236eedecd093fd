"""What the frames of a sequence hand on, each to the one after it."""

from __future__ import annotations

import asyncio
from typing import Generic, TypeVar

Left = TypeVar("Left")


class Link(Generic[Left]):
    """What one frame takes from the frame before it, and leaves to the frame after it.

    What was taken is held by nobody else: frames in flight do not each keep what they left.

    Args:
        before: the link of the frame before; None where a frame starts anew.
    """

    def __init__(self, before: Link[Left] | None) -> None:
        self._before = None if before is None else before._left
        self._left: asyncio.Future[list[Left | None]]
        self._left = asyncio.get_running_loop().create_future()

    async def take(self) -> Left | None:
        """Return what the frame before leaves, when it does; None where a frame starts anew."""
        before, self._before = self._before, None
        return None if before is None else (await before).pop()

    def leave(self, left: Left | None) -> None:
        """Hand on what the frame after this one takes."""
        self._left.set_result([left])

    async def pass_over(self) -> None:
        """Hand on what the frame before leaves, for this one has no part in it."""
        self.leave(await self.take())

"""What frames hand on arrives once, in order, and is kept by nobody afterwards."""

from __future__ import annotations

import asyncio
import gc
import weakref

from frisket.server.link import Link


class Left:
    pass


def test_what_was_taken_is_kept_by_nobody() -> None:
    async def run() -> None:
        first: Link[Left] = Link(None)
        second = Link(first)
        assert await first.take() is None
        left = Left()
        seen = weakref.ref(left)
        first.leave(left)
        assert await second.take() is left
        del left
        gc.collect()
        assert seen() is None, "the frame before, which is still at work, keeps what it left"

    asyncio.run(run())


def test_who_has_no_part_in_it_hands_it_on() -> None:
    async def run() -> None:
        first: Link[int] = Link(None)
        second = Link(first)
        third = Link(second)
        waiting = asyncio.ensure_future(second.pass_over())
        first.leave(7)
        assert await third.take() == 7
        await waiting

    asyncio.run(run())

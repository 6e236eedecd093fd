"""Runs a refiner on the windows of one revision, as their tiles come."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

from frisket.models import ModelError
from frisket.server.patchwork import Patchwork, patch_of
from frisket.server.pool import Loaded
from frisket.server.report import Timings
from frisket.server.solution import Solution
from frisket.server.wire import Array

MAX_BACKLOG = 2
"""Windows ready to run, beyond which no more tiles are asked for."""


class Closer:
    """A solution's windows and what has become of them.

    Args:
        solved: the layer, with windows.
        patches: its tiles and windows.
        refiner: who looks at the windows.
        compute: runs work on a compute thread.
        timings: where the seconds are added.
    """

    def __init__(
        self,
        solved: Solution,
        patches: Patchwork,
        refiner: Loaded,
        compute: Callable[[Callable[[], Any]], Awaitable[Any]],
        timings: Timings,
    ) -> None:
        self._solved, self._patches, self._compute = solved, patches, compute
        self._refiner, self._timings = refiner, timings
        self._failures: list[str] = []
        self.tiles, self.answers = patches.tiles, patches.answers
        self.wants, self.pixels, self.sent = patches.wants, patches.pixels, patches.sent

    @property
    def busy(self) -> bool:
        """Whether enough windows wait for the refiner."""
        return self._patches.backlog >= MAX_BACKLOG

    @property
    def remark(self) -> str:
        """What went wrong, as a further sentence; or nothing."""
        if not self._failures:
            return ""
        return f" {len(self._failures)} of them could not be refined: {self._failures[0]}"

    async def feed(self, tile: int, pixels: Array) -> AsyncIterator[list[int]]:
        """Take a tile; yield the tiles that are complete, at once and after every window."""
        ready = self._patches.put(tile, pixels)
        yield [tile] if self._patches.complete(tile) else []
        for window in ready:
            yield self._patches.settle(window, await self._look(window))

    async def _look(self, window: int) -> Array | None:
        """Run the refiner; None, with a note, when it fails: the solved alpha stays there."""
        assert self._refiner.patches is not None
        started = time.perf_counter()
        patch = await self._compute(partial(patch_of, self._solved, window, self._patches))
        try:
            return await self._refiner.patches.submit(patch)
        except ModelError as error:
            self._failures.append(str(error))
            return None
        finally:
            self._timings.refine_s += time.perf_counter() - started

"""Turns tiles' pixels into finished tiles, as they come.

There is one way for a tile, `Refinement.feed`. Without a refiner each tile is finished by
itself; with one, a tile waits for the windows that touch it, and they for its neighbours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from functools import partial
from typing import Generic, Protocol, TypeVar

from frisket.matting.engine.types import Bytes, Pixels
from frisket.matting.solution import Solution
from frisket.matting.window_tiles import WindowTiles, pad_square
from frisket.models import ModelError

MAX_BACKLOG = 2
"""Windows ready to run, beyond which no more tiles are asked for."""

Result = TypeVar("Result")
Encoded = TypeVar("Encoded")


class Compute(Protocol):
    """Runs work on a thread of the caller's choice."""

    def __call__(self, work: Callable[[], Result]) -> Awaitable[Result]:
        """Return what `work` returns."""


@dataclass(frozen=True)
class Patch:
    """What a refiner is asked about: a square of sRGB (s, s, 3) uint8 and its trimap (s, s)."""

    rgb: Bytes
    trimap: Bytes


RefinePatch = Callable[[Patch], Awaitable[Pixels]]
"""Asks a refiner; the answer is (s, s) uint16."""


ReadPixels = Callable[[], Pixels]
"""Returns a tile's pixels, (h, w) or (h, w, 3) uint8 or uint16; runs where the tile is computed."""


@dataclass(frozen=True)
class FinishedTile:
    """The alpha of a tile, and the colours of its foreground where they are wanted."""

    tile: int
    alpha: Pixels
    colours: Pixels | None


class Refinement(Protocol[Encoded]):
    """The tiles of one solution, from their pixels to what is sent of them."""

    @property
    def tiles(self) -> Set[int]:
        """Every tile whose pixels are needed."""

    @property
    def gathers(self) -> bool:
        """Whether tiles wait for their neighbours, so that more must be asked for meanwhile."""

    @property
    def busy(self) -> bool:
        """Whether there is work enough, so that no more tiles should be asked for."""

    @property
    def failures(self) -> list[ModelError]:
        """What the refiner could not do; the solved alpha stands there."""

    def wants(self, tile: int) -> bool:
        """Tell whether a tile is still to be finished; else it is context only."""

    def feed(
        self, tile: int, read: ReadPixels, compute: Compute | None = None
    ) -> AsyncIterator[list[Encoded]]:
        """Take a tile's pixels; after every step yield what it finished, often nothing.

        Args:
            tile: its number.
            read: returns its pixels; what it raises is raised, and the tile may be fed again.
            compute: where this tile is computed; None where all are.
        """


class DirectRefinement(Generic[Encoded]):
    """Finishes every tile by itself.

    Args:
        solution: the solved layer.
        wanted: tiles to finish.
        compute: where tiles are computed.
        encode: what to make of a finished tile, on the same thread.
    """

    gathers = False
    busy = False

    def __init__(
        self,
        solution: Solution,
        wanted: Iterable[int],
        compute: Compute,
        encode: Callable[[FinishedTile], Encoded],
    ) -> None:
        self._solution, self._compute, self._encode = solution, compute, encode
        self.tiles = wanted if isinstance(wanted, Set) else frozenset(wanted)
        self.failures: list[ModelError] = []

    def wants(self, tile: int) -> bool:
        """Tell whether a tile is to be finished."""
        return tile in self.tiles

    async def feed(
        self, tile: int, read: ReadPixels, compute: Compute | None = None
    ) -> AsyncIterator[list[Encoded]]:
        """Take a tile's pixels and yield it, finished."""
        work = partial(_finish_tile, self._solution, self._encode, tile, read)
        yield [await (compute or self._compute)(work)]


class WindowedRefinement(Generic[Encoded]):
    """Runs a refiner on windows of the band, as their tiles come.

    Args:
        solution: the solved layer, with windows.
        wanted: tiles to finish; others are asked for as context.
        compute: where tiles are computed.
        encode: what to make of a finished tile, on the same thread.
        refine_patch: asks the refiner.
    """

    gathers = True

    def __init__(
        self,
        solution: Solution,
        wanted: Iterable[int],
        compute: Compute,
        encode: Callable[[FinishedTile], Encoded],
        refine_patch: RefinePatch,
    ) -> None:
        assert solution.windows is not None
        self._solution, self._compute, self._encode = solution, compute, encode
        self._refine_patch = refine_patch
        self._held = WindowTiles(solution.grid, solution.windows, wanted)
        self.failures: list[ModelError] = []

    @property
    def tiles(self) -> Set[int]:
        """Every tile whose pixels are needed."""
        return self._held.tiles

    @property
    def busy(self) -> bool:
        """Whether enough windows wait for the refiner."""
        return self._held.backlog >= MAX_BACKLOG

    def wants(self, tile: int) -> bool:
        """Tell whether a tile is still to be finished; else it is context only."""
        return self._held.wants(tile)

    async def feed(
        self, tile: int, read: ReadPixels, compute: Compute | None = None
    ) -> AsyncIterator[list[Encoded]]:
        """Take a tile; yield the tiles that are complete, at once and after every window."""
        compute = compute or self._compute
        ready = self._held.put(tile, await compute(read))
        yield await self._finish([tile] if self._held.complete(tile) else [], compute)
        for window in ready:
            answer = await self._ask(window, compute)
            yield await self._finish(self._held.settle(window, answer), compute)

    async def _ask(self, window: int, compute: Compute) -> Pixels | None:
        """Return the refiner's answer; None, with a note, when it fails."""
        patch = await compute(partial(self._cut_patch, window))
        try:
            return await self._refine_patch(patch)
        except ModelError as error:
            self.failures.append(error)
            return None

    def _cut_patch(self, window: int) -> Patch:
        rgb = self._held.view(window)
        return Patch(rgb, pad_square(self._solution.read_trimap(window), rgb.shape[0]))

    async def _finish(self, tiles: list[int], compute: Compute) -> list[Encoded]:
        finished = []
        for tile in tiles:
            read, answers = partial(self._held.pixels, tile), self._held.answers_of(tile)
            work = partial(_finish_tile, self._solution, self._encode, tile, read, answers)
            finished.append(await compute(work))
            self._held.release(tile)
        return finished


def _finish_tile(
    solution: Solution,
    encode: Callable[[FinishedTile], Encoded],
    tile: int,
    read: ReadPixels,
    answers: Mapping[int, Pixels | None] | None = None,
) -> Encoded:
    alpha, colours = solution.refine(tile, read(), answers)
    return encode(FinishedTile(tile, alpha, colours))


def start_refinement(
    solution: Solution,
    wanted: Iterable[int],
    compute: Compute,
    encode: Callable[[FinishedTile], Encoded],
    refine_patch: RefinePatch | None = None,
) -> Refinement[Encoded]:
    """Return the refinement that a solution calls for; this takes a while for many tiles."""
    if solution.windows is None or refine_patch is None:
        return DirectRefinement(solution, wanted, compute, encode)
    return WindowedRefinement(solution, wanted, compute, encode, refine_patch)

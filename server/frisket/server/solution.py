"""What one session computes: the seam between the conversation and the matting engine.

Every function here is pure and runs on a compute thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.matting import engine
from frisket.models import Coarse
from frisket.server.pool import Loaded
from frisket.server.wire import Array, Opening
from frisket.v1 import matting_pb2 as pb

_QUALITIES: dict[int, engine.Quality] = {
    pb.QUALITY_UNSPECIFIED: engine.Quality.STANDARD,
    pb.QUALITY_DRAFT: engine.Quality.DRAFT,
    pb.QUALITY_STANDARD: engine.Quality.STANDARD,
    pb.QUALITY_HIGH: engine.Quality.HIGH,
    pb.QUALITY_BEST: engine.Quality.BEST,
}
# Where the layer is transparent the model sees neither light nor dark.
_MATTE_GREY = 128


NO_REFINER = (
    "No matting network is installed, so 'best' is solved as 'high'; "
    "'frisket models pull vitmatte-small' fetches one."
)


@dataclass(frozen=True)
class RefinerChoice:
    """The refiner of `best`: its name, and the side of its squares in pixels."""

    name: str
    side: int


def choice_of(refiner: Loaded | None) -> RefinerChoice | None:
    """What solving needs to know of a loaded refiner."""
    if refiner is None:
        return None
    return RefinerChoice(refiner.model.info.name, refiner.side)


@dataclass(frozen=True)
class Judged:
    """What is said of a finished matte; `subject` is x, y, width, height in layer pixels."""

    message: pb.Assessment
    subject: tuple[int, int, int, int] | None
    covered_share: float


@dataclass(frozen=True)
class Solution:
    """A layer solved on its proxy, ready for tiles.

    Attributes:
        plan: (tiles,) int16: 0 or 255 for a solid tile, -1 for one whose pixels are needed.
        method: how it was solved, in a sentence or two.
        windows: where a refiner looks closer; None without one.
    """

    coarse: Coarse
    matte: engine.LinearMatte
    foreground: engine.ForegroundColours | None
    plan: npt.NDArray[np.int16]
    depth: int
    tile_size: int
    method: str
    windows: engine.Windows | None = None

    def refine(
        self,
        x: int,
        y: int,
        pixels: Array,
        answers: Mapping[int, Array | None] | None = None,
    ) -> tuple[Array, Array | None]:
        """Return alpha (h, w) and, where asked for, foreground colours like `pixels`.

        Args:
            x: the tile's left border in the layer, in pixels.
            y: its upper border, likewise.
            pixels: (h, w) or (h, w, 3) uint8 or uint16.
            answers: of the refiner's windows that touch the rectangle, where there is one.
        """
        alpha = engine.refine(self.matte, x, y, pixels, self.depth)
        if self.windows is not None and answers is not None:
            alpha = engine.blended(self.matte, self.windows, answers, alpha, (x, y))
        if self.foreground is None:
            return alpha, None
        return alpha, engine.colours(self.foreground, self.matte, x, y, pixels, alpha)

    def changed_since(self, before: Solution) -> npt.NDArray[np.bool_]:
        """Return a flag for every tile whose alpha may differ from an earlier solution's."""
        changed = engine.changed_tiles(before.matte, self.matte, self.tile_size)
        if self.windows is None and before.windows is None:
            return changed.ravel()
        if self.windows is None or before.windows is None:
            return np.ones(changed.size, np.bool_)
        seen = self.windows.spread(changed, self.tile_size, before.windows)
        return seen.ravel()


def opaque(proxy: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return a proxy (h, w, 3 or 4) as the model sees it: (h, w, 3), over neutral grey."""
    if proxy.shape[2] == 3:
        return proxy
    alpha = proxy[..., 3:].astype(np.uint16)
    mixed = proxy[..., :3] * alpha + _MATTE_GREY * (255 - alpha) + 127
    return (mixed // 255).astype(np.uint8)


def view(proxy: npt.NDArray[np.uint8], normalise: str) -> npt.NDArray[np.uint8]:
    """Return what the model sees of a proxy: opaque, and normalised when asked for.

    Args:
        proxy: (h, w, 3 or 4).
        normalise: "off" (also when empty), "auto", or a comma-separated list of steps.

    Raises:
        EngineError: a step that does not exist.
    """
    return engine.normalised(opaque(proxy), normalise or "off")[0]


def solve(
    proxy: npt.NDArray[np.uint8],
    coarse: Coarse,
    opening: Opening,
    options: pb.MatteOptions,
    hints: engine.Hints | None,
    refiner: RefinerChoice | None = None,
) -> Solution:
    """Solve on the proxy and plan the tiles; `best` also lays out the refiner's windows."""
    rgb = opaque(proxy)
    grid = opening.grid
    matte = engine.solve(
        rgb,
        coarse.alpha,
        (grid.width, grid.height),
        _quality(options, refiner),
        hints=hints,
        edge=edge_controls(options.edge),
        cell_px=coarse.cell_px,
        prompted=coarse.prompted,
    )
    windows, remark = _refining(matte, options, refiner)
    return Solution(
        method=f"{matte.method}{remark}{_told(coarse)}",
        windows=windows,
        coarse=coarse,
        matte=matte,
        foreground=engine.prepare_colours(rgb, matte) if opening.foreground else None,
        plan=engine.plan(matte, grid.tile_size).ravel(),
        depth=opening.alpha_depth,
        tile_size=grid.tile_size,
    )


def _told(coarse: Coarse) -> str:
    """Where a prompted model looked when nobody said; else nothing."""
    return f" {coarse.note}" if coarse.prompted and coarse.note else ""


def _quality(options: pb.MatteOptions, refiner: RefinerChoice | None) -> engine.Quality:
    """The engine's quality: without someone to refine the band, `best` is `high`."""
    wanted = _QUALITIES[options.quality]
    refines = refiner is not None and edge_controls(options.edge).neutral
    return engine.Quality.HIGH if wanted is engine.Quality.BEST and not refines else wanted


def _refining(
    matte: engine.LinearMatte, options: pb.MatteOptions, refiner: RefinerChoice | None
) -> tuple[engine.Windows | None, str]:
    """The windows of `best`, and a sentence about them or about why there are none."""
    if options.quality != pb.QUALITY_BEST:
        return None, ""
    if refiner is None:
        return None, f" {NO_REFINER}"
    if not edge_controls(options.edge).neutral:
        return None, " Edge controls act on this solution, so no window was refined."
    windows = engine.laid_out(matte, refiner.side)
    count = int(windows.active.sum())
    return windows, f" Then {refiner.name} refined {count} windows of {refiner.side} px."


def edge_controls(edge: pb.EdgeControls) -> engine.EdgeControls:
    """Return the engine's form of edge controls."""
    return engine.EdgeControls(
        shift_px=edge.shift_px,
        feather_px=edge.feather_px,
        contrast=edge.contrast,
        smooth=edge.smooth,
        fill_holes=edge.fill_holes,
        drop_specks=edge.drop_specks,
    )


def judge(solved: Solution) -> Judged:
    """Assess a solved layer."""
    opinion = engine.assess(solved.coarse.alpha, solved.matte, solved.coarse.confidence)
    message = pb.Assessment(
        edge=opinion.edge,
        semantic=opinion.semantic,
        overall=opinion.overall,
        needs_review=opinion.needs_review,
        reasons=list(opinion.reasons),
    )
    box = opinion.subject
    subject = None if box is None else (box.x, box.y, box.width, box.height)
    return Judged(message, subject, opinion.covered_share)

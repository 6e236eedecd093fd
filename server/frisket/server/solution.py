"""What one session computes: the seam between the conversation and the matting engine.

Every function here is pure and runs on a compute thread.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.models import Coarse
from frisket.server import engine
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
        method: how it was solved, in one sentence.
    """

    rgb: npt.NDArray[np.uint8]
    coarse: Coarse
    matte: engine.LinearMatte
    foreground: engine.ForegroundColours | None
    plan: npt.NDArray[np.int16]
    depth: int
    tile_size: int

    @property
    def method(self) -> str:
        """How the edge was solved, in one sentence."""
        return self.matte.method

    def refine(self, x: int, y: int, pixels: Array) -> tuple[Array, Array | None]:
        """Return alpha (h, w) and, where asked for, foreground colours like `pixels`.

        Args:
            x: the tile's left border in the layer, in pixels.
            y: its upper border, likewise.
            pixels: (h, w) or (h, w, 3) uint8 or uint16.
        """
        alpha = engine.refine(self.matte, x, y, pixels, self.depth)
        if self.foreground is None:
            return alpha, None
        return alpha, engine.colours(self.foreground, self.matte, x, y, pixels, alpha)

    def changed_since(self, before: Solution) -> npt.NDArray[np.bool_]:
        """Return a flag for every tile whose alpha may differ from an earlier solution's."""
        return engine.changed_tiles(before.matte, self.matte, self.tile_size).ravel()


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
) -> Solution:
    """Solve on the proxy and plan the tiles."""
    rgb = opaque(proxy)
    grid = opening.grid
    matte = engine.solve(
        rgb,
        coarse.alpha,
        (grid.width, grid.height),
        _QUALITIES[options.quality],
        hints=hints,
        edge=edge_controls(options.edge),
        cell_px=coarse.cell_px,
        prompted=coarse.prompted,
    )
    return Solution(
        rgb=rgb,
        coarse=coarse,
        matte=matte,
        foreground=engine.prepare_colours(rgb, matte) if opening.foreground else None,
        plan=engine.plan(matte, grid.tile_size).ravel(),
        depth=opening.alpha_depth,
        tile_size=grid.tile_size,
    )


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
    opinion = engine.assess(solved.rgb, solved.coarse.alpha, solved.matte)
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

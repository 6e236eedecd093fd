"""The way of one layer: view, predict, solve, plan; then `Solution` refines and assesses.

Every step is pure and synchronous, and none runs a model: who calls it chooses the threads,
and carries `views` to a model and its answers to `combine`. `whole` and the server's session
do so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from frisket.matting import engine
from frisket.matting.engine import Hints, Quality
from frisket.matting.engine.types import Bytes
from frisket.matting.hint_scaling import scale_hints
from frisket.matting.inference import Picture, combine_answers, list_views, make_prompt
from frisket.matting.options import MattingOptions
from frisket.matting.solution import Solution
from frisket.models import Coarse
from frisket.protocol.grid import Grid

# Where the layer is transparent the model sees neither light nor dark.
_GREY = 128
_NO_REFINER = (
    "No matting network is installed, so 'best' is solved as 'high'; "
    "'frisket models pull vitmatte-small' fetches one."
)


@dataclass(frozen=True)
class RefinerSpec:
    """The refiner of `best`: its name, and the side of its squares in pixels."""

    name: str
    side: int


@dataclass(frozen=True, eq=False)
class Matting:
    """A layer, known by its proxy, and what is wanted of it.

    Attributes:
        proxy: (h, w, 3 or 4) uint8 sRGB, the fourth channel its transparency.
        grid: the layer's size and tiles.
        options: what is wanted.
        refiner: who refines the band of `best`; None when nobody can.
    """

    proxy: Bytes
    grid: Grid
    options: MattingOptions = field(default_factory=MattingOptions)
    refiner: RefinerSpec | None = None

    @cached_property
    def hints(self) -> Hints:
        """The hints in pixels of the proxy.

        Raises:
            BadInput: one lies outside the layer.
        """
        layer, proxy = (self.grid.width, self.grid.height), self.proxy.shape[1::-1]
        return scale_hints(self.options.hints, layer, (proxy[0], proxy[1]))

    def views(self) -> tuple[Picture, ...]:
        """Return what the model is to be asked about, one picture or two.

        Raises:
            BadInput: a hint outside the layer, or a normalisation that does not exist.
        """
        seen, _ = engine.normalise_picture(flatten_proxy(self.proxy), self.options.normalise)
        prompt = make_prompt(self.hints, self.options.classes)
        return list_views(Picture(seen, prompt), self.options.quality)

    def combine(self, answers: Sequence[Coarse]) -> Coarse:
        """Return the coarse alpha from the answers to `views`, then to `list_closer_views`."""
        return combine_answers(answers)

    def settle(self, coarse: Coarse, hints: Hints | None = None) -> engine.Settled:
        """Return a coarse alpha with all that hints say of it.

        Args:
            coarse: the model's answer.
            hints: in pixels of the proxy; None takes the layer's own.

        Raises:
            BadInput: sizes that do not fit one another, or a hint outside the layer.
        """
        rgb = flatten_proxy(self.proxy)
        quality = self._effective_quality()
        said = self.hints if hints is None else hints
        return engine.settle_hints(rgb, coarse.alpha, said, quality, coarse.prompted)

    def without_hints(self) -> Matting:
        """Return the same matting once its hints are settled: they are needed no more."""
        return replace(self, options=replace(self.options, hints=Hints()))

    def solve(self, coarse: Coarse, settled: engine.Settled | None = None) -> Solution:
        """Solve on the proxy and plan the tiles; `best` also lays out the refiner's windows.

        Args:
            coarse: the model's answer.
            settled: the same with its hints; None settles them here.

        Raises:
            BadInput: as `settle`.
        """
        return self.plan(coarse, self.solve_matte(coarse, settled or self.settle(coarse)))

    def solve_matte(self, coarse: Coarse, settled: engine.Settled) -> engine.LinearMatte:
        """Return the matte on the solve's grid; see `solve`."""
        return engine.solve_settled(
            flatten_proxy(self.proxy),
            settled,
            (self.grid.width, self.grid.height),
            self._effective_quality(),
            self.options.edge,
            coarse.cell_px,
        )

    def plan(self, coarse: Coarse, matte: engine.LinearMatte) -> Solution:
        """Return the solution that a matte is; see `solve`."""
        rgb, grid = flatten_proxy(self.proxy), self.grid
        windows, remark = self._lay_windows(matte)
        # Where a prompted model looked when nobody said.
        note = f" {coarse.note}" if coarse.prompted and coarse.note else ""
        return Solution(
            grid=grid,
            coarse=coarse,
            matte=matte,
            foreground=engine.prepare_colours(rgb, matte) if self.options.foreground else None,
            plan=engine.plan(matte, grid.tile_size).ravel(),
            depth=self.options.depth,
            method=f"{matte.method}{remark}{note}",
            windows=windows,
        )

    def _effective_quality(self) -> Quality:
        """Return the engine's quality: without someone to refine the band, `best` is `high`."""
        wanted = self.options.quality
        refines = self.refiner is not None and self.options.edge.neutral
        return Quality.HIGH if wanted is Quality.BEST and not refines else wanted

    def _lay_windows(self, matte: engine.LinearMatte) -> tuple[engine.Windows | None, str]:
        """Return the windows of `best`, and a sentence about them or about why there are none."""
        if self.options.quality is not Quality.BEST:
            return None, ""
        if self.refiner is None:
            return None, f" {_NO_REFINER}"
        if not self.options.edge.neutral:
            return None, " Edge controls act on this solution, so no window was refined."
        name, side = self.refiner.name, self.refiner.side
        windows = engine.layout_windows(matte, side)
        return windows, f" Then {name} refined {int(windows.active.sum())} windows of {side} px."


def flatten_proxy(proxy: Bytes) -> Bytes:
    """Return a proxy (h, w, 3 or 4) as a model sees it: (h, w, 3), over neutral grey."""
    if proxy.shape[2] == 3:
        return proxy
    alpha = proxy[..., 3:].astype(np.uint16)
    mixed = proxy[..., :3] * alpha + _GREY * (255 - alpha) + 127
    return np.asarray((mixed // 255).astype(np.uint8))


def explain_lack(options: MattingOptions, refiner: RefinerSpec | None) -> str:
    """Return a sentence about what is wanted and cannot be had; else nothing."""
    return _NO_REFINER if options.quality is Quality.BEST and refiner is None else ""

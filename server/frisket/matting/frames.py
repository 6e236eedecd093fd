"""The frames of a sequence: each is matted as a layer and steadied by what came before it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from frisket.matting.engine.motion import find_motion
from frisket.matting.engine.moving import fill_lost, keep_said
from frisket.matting.engine.solve import make_guide
from frisket.matting.engine.temporal import (
    Past,
    Track,
    carry_track,
    forget_changed,
    leave_track,
    steady_coarse,
    steady_matte,
)
from frisket.matting.engine.types import Bytes, Hints
from frisket.matting.pipeline import Matting, flatten_proxy
from frisket.matting.solution import Solution
from frisket.models import Coarse, State


@dataclass(frozen=True, eq=False)
class SolvedFrame:
    """A frame that was solved.

    Attributes:
        solution: what its tiles are computed from.
        track: what it leaves to the frame after it.
        is_new: nothing of an earlier frame counted: it is the first, or a scene begins with it.
    """

    solution: Solution
    track: Track
    is_new: bool


@dataclass(frozen=True, eq=False)
class Memory:
    """What a recurrent model's answer about a frame leaves to the next.

    Attributes:
        rgb: (h, w, 3) uint8: the frame's proxy.
        state: the model's own.
    """

    rgb: Bytes
    state: State


def recall_state(matting: Matting, before: Memory | None) -> State:
    """Return what a recurrent model is told of the frames before; nothing where a scene begins."""
    if before is None:
        return ()
    is_cut = find_motion(before.rgb, flatten_proxy(matting.proxy)).is_cut
    return () if is_cut else before.state


def keep_state(matting: Matting, coarse: Coarse) -> Memory:
    """Return what a recurrent model's answer about a frame leaves to the next."""
    return Memory(flatten_proxy(matting.proxy), coarse.state or ())


def solve_frame(matting: Matting, coarse: Coarse, before: Track | None = None) -> SolvedFrame:
    """Solve a frame.

    A model without a memory has its answer averaged with the past; a recurrent one, whose answer
    comes with a state, has done that itself. The edge in the band is steadied for both.

    Args:
        matting: the frame.
        coarse: the model's answer about it.
        before: what the frame before left; None starts anew.

    Raises:
        BadInput: as `Matting.settle`.
    """
    rgb = flatten_proxy(matting.proxy)
    past = _recall(before, rgb)
    said = past.said if past else Hints()
    settled = matting.settle(replace(coarse, prompted=False), fill_lost(said, coarse.alpha))
    if not matting.hints.empty:
        # What a prompted model would have said without is not known; the past stands for it.
        unsaid = past.coarse if past and coarse.prompted else settled.alpha
        settled, said = matting.settle(coarse), keep_said(matting.hints)
        past = forget_changed(past, unsaid, settled.alpha)
    if coarse.state is None:
        settled = replace(settled, alpha=steady_coarse(settled.alpha, past))
    coarse = replace(coarse, alpha=settled.alpha)
    alone = matting.solve_matte(coarse, settled)
    guide = make_guide(rgb, alone)
    matte = steady_matte(alone, guide, past)
    track = leave_track(rgb, settled.alpha, matte, guide, past, said)
    return SolvedFrame(matting.plan(coarse, matte), track, past is None)


def _recall(before: Track | None, rgb: Bytes) -> Past | None:
    """Return what is known from the frame before; None where another scene begins."""
    if before is None or before.rgb.shape != rgb.shape:
        return None
    motion = find_motion(before.rgb, rgb)
    return None if motion.is_cut else carry_track(before, motion)

"""Results as OpenEXR: light of the scene, multiplied by the opacity, in halves."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ..core.model import AlphaSource, Rect
from ..core.pixels import Pixels, convert_depth
from ..encode.beside import Beside
from ..io.output import atomic_output

if TYPE_CHECKING:
    from ..encode.exr import ExrPlan

SUFFIX = ".exr"
GREY = ("Y",)
COLOURS = ("R", "G", "B")
_OPACITY = "A"
_PACKS = 2  # a cutout packs to half of its pixels at least, nearly


def plan_light(width: int, height: int, colours: int) -> ExrPlan:
    """Return the plan of a cutout with so many samples of colour."""
    from ..encode.exr import ExrPlan

    channels = (*(COLOURS if colours > 1 else GREY), _OPACITY)
    return ExrPlan(width, height, channels, np.dtype(np.float16))


def measure_room(plan: ExrPlan) -> int:
    """Return bytes that a file of the plan takes at most, nearly."""
    return plan.raw_bytes // _PACKS


def write_light(
    out: str | os.PathLike[str],
    plan: ExrPlan,
    read: Callable[[int, int], Pixels],
    beside: Beside,
) -> None:
    """Write a cutout.

    Args:
        out: The file.
        plan: What it is.
        read: Gives rows (rows, width, colours and opacity) of light, floats, not multiplied.
        beside: What the layer's document says beside its pixels.
    """
    from ..encode.exr import round_to_half, write_exr

    def multiply(first: int, last: int) -> Pixels:
        rows = read(first, last)
        opacity = rows[..., -1:]
        return round_to_half(np.concatenate([rows[..., :-1] * opacity, opacity], axis=-1))

    with atomic_output(out, measure_room(plan)) as file:
        write_exr(file, plan.tell(beside), multiply)


def write_opacity(out: str | os.PathLike[str], alpha: AlphaSource, beside: Beside) -> None:
    """Write an alpha as one channel ``Y``: halves hold 8 bits of it, 16 bits need floats."""
    from ..encode.exr import ExrPlan, write_exr

    dtype = np.dtype(np.float16 if alpha.depth == 8 else np.float32)
    plan = ExrPlan(alpha.width, alpha.height, GREY, dtype)

    def read(first: int, last: int) -> Pixels:
        return convert_depth(alpha.read(Rect(0, first, alpha.width, last - first)), 32)[..., None]

    with atomic_output(out, measure_room(plan)) as file:
        write_exr(file, plan.tell(beside), read)

"""The alpha alone, as a greyscale file."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from ..colour.alpha import at_depth
from ..core.errors import OutputError
from ..core.model import AlphaSource, Rect
from ..encode import png
from ..encode.tiled import Plan, TiledWriter, write_tiles
from ..io.output import atomic_output

_LEVEL = 4


def write_matte(out: str | os.PathLike[str], alpha: AlphaSource, depth: int = 8) -> None:
    """Write an alpha as a greyscale TIFF or PNG, by the suffix of ``out``.

    Args:
        out: ``.tif``, ``.tiff`` or ``.png``.
        alpha: What to write; read from top to bottom.
        depth: 8 or 16 bits.

    Raises:
        OutputError: Another suffix, or the file cannot be written.
        ValueError: Another depth.
    """
    if depth not in (8, 16):
        raise ValueError("a matte has 8 or 16 bits")
    source, suffix = at_depth(alpha, depth), Path(out).suffix.lower()
    if suffix in (".tif", ".tiff"):
        _write_tiff(out, source)
    elif suffix == ".png":
        _write_png(out, source)
    else:
        raise OutputError(
            out, f"a matte cannot be written as {suffix or 'a file without suffix'}",
            advice="use .tif or .png",
        )  # fmt: skip


def _write_tiff(out: str | os.PathLike[str], alpha: AlphaSource) -> None:
    dtype = np.dtype(np.uint8 if alpha.depth == 8 else np.uint16)
    plan = Plan(alpha.width, alpha.height, 1, dtype, photometric=1, level=_LEVEL)
    full = sum(alpha.solid(tile) is None for tile in plan.tiles())
    with atomic_output(out, full * plan.tile**2 * dtype.itemsize) as file:
        writer = TiledWriter(file, plan)
        write_tiles(writer, plan, alpha)
        writer.finish()


def _write_png(out: str | os.PathLike[str], alpha: AlphaSource) -> None:
    plan = png.Plan(alpha.width, alpha.height, 1, alpha.depth, level=_LEVEL)
    with atomic_output(out, plan.raw_bytes // 8) as file:
        png.write_png(
            file, plan, lambda y0, y1: alpha.read(Rect(0, y0, alpha.width, y1 - y0))[..., None]
        )

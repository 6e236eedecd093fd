"""The alpha alone, as a greyscale file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.document import BaseDocument
from ..base.writer import ResultWriter
from ..colour.alpha import at_depth
from ..core.errors import OutputError
from ..core.model import AlphaSource, Layer, Rect
from ..core.results import LayerResult, ResultOptions
from ..encode import png
from ..encode.beside import Beside
from ..encode.tiled import TiledPlan, TiledWriter, write_tiles
from ..io.output import atomic_output, check_place
from .light import SUFFIX, write_opacity

_LEVEL = 4
_PNG_PACKS = 8  # a matte of edges packs better than this


def write_matte(
    out: str | os.PathLike[str],
    alpha: AlphaSource,
    depth: int = 8,
    beside: Beside | None = None,
) -> None:
    """Write an alpha as a greyscale TIFF, PNG or OpenEXR, by the suffix of ``out``.

    Args:
        out: ``.tif``, ``.tiff``, ``.png`` or ``.exr``.
        alpha: What to write; read from top to bottom.
        depth: 8 or 16 bits.
        beside: What the layer's document says beside its pixels.

    Raises:
        OutputError: Another suffix, or the file cannot be written.
        ValueError: Another depth.
    """
    if depth not in (8, 16):
        raise ValueError("a matte has 8 or 16 bits")
    beside = beside or Beside()
    source, suffix = at_depth(alpha, depth), Path(out).suffix.lower()
    if suffix in (".tif", ".tiff"):
        _write_tiff(out, source, beside)
    elif suffix == ".png":
        _write_png(out, source, beside)
    elif suffix == SUFFIX:
        write_opacity(out, source, beside)
    else:
        raise OutputError(
            out, f"a matte cannot be written as {suffix or 'a file without suffix'}",
            advice="use .tif, .png or .exr",
        )  # fmt: skip


def check_matte(
    document: BaseDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a place that has no room for a matte, as far as that is known before its pixels.

    Raises:
        OutputError: It has none.
    """
    [layer] = layers
    if output.suffix.lower() == ".png":
        plan = png.PngPlan(layer.width, layer.height, 1, options.depth)
        check_place(output, plan.raw_bytes // _PNG_PACKS)


def _write_result(
    document: BaseDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    [result] = results
    write_matte(output, result.alpha, options.depth, document.tell_beside(result.layer))


def tell_lost(document: BaseDocument, output: Path, layers: Sequence[Layer]) -> list[str]:
    """Return what the document says beside its pixels and a matte does not."""
    [layer] = layers
    return document.tell_beside(layer).tell_lost(output.suffix.lower(), coloured=False)


def _write_tiff(out: str | os.PathLike[str], alpha: AlphaSource, beside: Beside) -> None:
    dtype = np.dtype(np.uint8 if alpha.depth == 8 else np.uint16)
    plan = TiledPlan(
        alpha.width, alpha.height, 1, dtype, photometric=1, level=_LEVEL,
        extra_tags=beside.list_tags(), below=tuple(beside.description.below()),
    )  # fmt: skip
    full = sum(alpha.solid(tile) is None for tile in plan.tiles())
    with atomic_output(out, full * plan.tile**2 * dtype.itemsize) as file:
        writer = TiledWriter(file, plan)
        write_tiles(writer, plan, alpha)
        writer.finish()


def _write_png(out: str | os.PathLike[str], alpha: AlphaSource, beside: Beside) -> None:
    chunks = beside.list_chunks(coloured=False)
    plan = png.PngPlan(alpha.width, alpha.height, 1, alpha.depth, level=_LEVEL, chunks=chunks)
    with atomic_output(out, plan.raw_bytes // _PNG_PACKS) as file:
        png.write_png(
            file, plan, lambda y0, y1: alpha.read(Rect(0, y0, alpha.width, y1 - y0))[..., None]
        )


WRITER = ResultWriter(check_matte, _write_result, tell_lost=tell_lost)

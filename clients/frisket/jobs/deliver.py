"""Writes an alpha where it is wanted: a matte, a cutout, a mask, a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frisket.documents import (
    AlphaSource,
    ColourSource,
    Document,
    Layer,
    OutputError,
    UnsupportedDocument,
    write,
)

KINDS = ("matte", "alpha", "mask", "cutout", "selection", "layer", "page")
_LAYERED = ("PSD", "PSB")
_SUFFIXES = {
    "matte": (".tif", ".tiff", ".png"),
    "cutout": (".tif", ".tiff", ".png", ".webp"),
    "alpha": (".tif", ".tiff"),
    "page": (".tif", ".tiff"),
    "selection": (".psd", ".psb"),
    "layer": (".psd", ".psb"),
    "mask": (".psd", ".psb", ".tif", ".tiff"),
}


@dataclass(frozen=True)
class Matted:
    """A layer, its alpha, and cleaned colours where there are any."""

    layer: Layer
    alpha: AlphaSource
    colours: ColourSource | None = None


def default_kind(document: Document, output: Path) -> str:
    """Return what is made when nothing is said, from the two formats."""
    suffix = output.suffix.lower()
    if document.format in _LAYERED and suffix in _SUFFIXES["layer"]:
        return "mask"
    if document.format == "TIFF" and suffix in _SUFFIXES["alpha"]:
        return "alpha"
    return "cutout"


def check(document: Document, output: Path, kind: str) -> None:
    """Refuse before any work what could not be written.

    Raises:
        UnsupportedDocument: the document cannot hold this kind of result.
        OutputError: the output's suffix or folder does not suit.
    """
    suffix = output.suffix.lower()
    if suffix not in _SUFFIXES[kind]:
        named = ", ".join(_SUFFIXES[kind])
        raise OutputError(output, f"--as {kind} cannot be written here", advice=f"use {named}")
    if not output.parent.is_dir():
        raise OutputError(output, f"there is no folder {output.parent}", advice="make it first")
    if kind in ("alpha", "page") and document.format != "TIFF":
        raise UnsupportedDocument(
            document.path, f"--as {kind} needs a TIFF document", advice="use --as matte or cutout"
        )
    if kind in ("mask", "selection", "layer") and document.format not in (*_LAYERED, "TIFF"):
        raise UnsupportedDocument(
            document.path,
            f"--as {kind} needs a PSD or PSB document",
            advice="use --as matte or cutout",
        )


def alpha_depth(document: Document, kind: str, asked: int) -> int:
    """Return the bits of alpha to compute: a matte's as asked, else the document's own."""
    if kind == "matte":
        return asked
    return 8 if document.depth <= 8 else 16


def needs_colours(document: Document, kind: str) -> bool:
    """Tell whether cleaned edge colours are of use."""
    # Other modes keep their own colours: a correction found in sRGB has no exact way back.
    return kind in ("cutout", "layer") and document.mode in ("RGB", "GRAY") and document.depth < 32


def write_result(
    document: Document,
    output: Path,
    kind: str,
    matted: Sequence[Matted],
    *,
    depth: int = 8,
    existing: str = "refuse",
    preview: str = "mark",
) -> None:
    """Write what was asked for, beside first and then in one step.

    Args:
        document: where the layers are from.
        output: what to write; may be the document's own path.
        kind: one of `KINDS`.
        matted: the layers and their alphas; one only, where the kind holds one.
        depth: of a matte, 8 or 16.
        existing: what becomes of a mask that is there.
        preview: what becomes of the merged image: "mark", "render" or "keep".

    Raises:
        DocumentError: it cannot be written.
    """
    alphas = {one.layer: one.alpha for one in matted}
    if kind == "mask":
        write.splice_mask(document, output, alphas, existing=existing, preview=preview)
    elif kind == "layer":
        colours = {one.layer: one.colours for one in matted if one.colours is not None}
        write.splice_layer(document, output, alphas, colours)
    else:
        _write_single(document, output, kind, _only(output, kind, matted), depth)


def _only(output: Path, kind: str, matted: Sequence[Matted]) -> Matted:
    if len(matted) > 1:
        raise OutputError(
            output,
            f"--as {kind} holds one layer, and {len(matted)} were chosen",
            advice="choose one with --layer",
        )
    return matted[0]


def _write_single(document: Document, output: Path, kind: str, one: Matted, depth: int) -> None:
    if kind == "matte":
        write.write_matte(output, one.alpha, depth)
    elif kind == "cutout":
        write.write_cutout(output, document, one.layer, one.alpha, one.colours)
    elif kind == "selection":
        write.splice_selection(document, output, one.layer, one.alpha)
    elif kind == "alpha":
        write.splice_alpha(document, output, one.layer, one.alpha)
    else:
        write.splice_page(document, output, one.alpha)

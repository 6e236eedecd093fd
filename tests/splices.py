"""Short hands for splicing results into documents, one for each kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from frisket.documents import (
    AlphaSource,
    ColourSource,
    Document,
    Layer,
    LayerResult,
    ResultOptions,
)


def splice_mask(
    document: Document,
    out: Path,
    masks: Mapping[Layer, AlphaSource],
    existing: str = "refuse",
    preview: str = "mark",
) -> None:
    results = [LayerResult(layer, alpha) for layer, alpha in masks.items()]
    document.splice("mask", out, results, ResultOptions(existing=existing, preview=preview))


def splice_layer(
    document: Document,
    out: Path,
    cutouts: Mapping[Layer, AlphaSource],
    colours: Mapping[Layer, ColourSource] | None = None,
) -> None:
    fresh = colours or {}
    results = [LayerResult(layer, alpha, fresh.get(layer)) for layer, alpha in cutouts.items()]
    document.splice("layer", out, results)


def splice_alpha(document: Document, out: Path, layer: Layer, alpha: AlphaSource) -> None:
    document.splice("alpha", out, [LayerResult(layer, alpha)])


def splice_selection(
    document: Document, out: Path, layer: Layer, alpha: AlphaSource, name: str = "Frisket"
) -> None:
    document.splice("selection", out, [LayerResult(layer, alpha)], ResultOptions(name=name))


def splice_page(
    document: Document, out: Path, alpha: AlphaSource, layer: Layer | None = None
) -> None:
    layer = layer or document.layers[-1]
    document.splice("page", out, [LayerResult(layer, alpha)])


def name_copy(document: Document, folder: Path, stem: str = "out") -> Path:
    """Return a path that a copy of the document may have."""
    return folder / f"{stem}.{document.format.lower()}"

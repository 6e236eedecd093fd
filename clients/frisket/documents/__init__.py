"""Documents of any size: open them, read layers by rectangle, write results back.

The import is cheap on purpose: names are resolved when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base.arrays import ArrayRaster
    from .base.document import BaseDocument as Document
    from .colour.alpha import ArrayAlpha, at_depth
    from .core.difference import Difference
    from .core.errors import (
        DocumentError,
        LayerNotFound,
        OutputError,
        UnreadableDocument,
        UnsupportedDocument,
    )
    from .core.model import AlphaSource, ColourSource, Layer, Raster, Rect
    from .opening import open_document
    from .sandbox import Limits, rehearse
    from .verify import differences

_WHERE = {
    "AlphaSource": "core.model",
    "ArrayAlpha": "colour.alpha",
    "ArrayRaster": "base.arrays",
    "ColourSource": "core.model",
    "Difference": "core.difference",
    "Document": "base.document",
    "DocumentError": "core.errors",
    "Layer": "core.model",
    "LayerNotFound": "core.errors",
    "Limits": "sandbox",
    "OutputError": "core.errors",
    "Raster": "core.model",
    "Rect": "core.model",
    "UnreadableDocument": "core.errors",
    "UnsupportedDocument": "core.errors",
    "at_depth": "colour.alpha",
    "differences": "verify",
    "open_document": "opening",
    "rehearse": "sandbox",
}

__all__ = [
    "AlphaSource",
    "ArrayAlpha",
    "ArrayRaster",
    "ColourSource",
    "Difference",
    "Document",
    "DocumentError",
    "Layer",
    "LayerNotFound",
    "Limits",
    "OutputError",
    "Raster",
    "Rect",
    "UnreadableDocument",
    "UnsupportedDocument",
    "at_depth",
    "differences",
    "open_document",
    "rehearse",
]

_RENAMED = {"Document": "BaseDocument"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), _RENAMED.get(name, name))
    globals()[name] = value
    return value

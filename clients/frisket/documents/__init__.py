"""Documents of any size: open them, read layers by rectangle, write results back.

The import is cheap on purpose: names are resolved when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .alpha import ArrayAlpha, at_depth
    from .base import BaseDocument as Document
    from .difference import Difference
    from .errors import (
        DocumentError,
        LayerNotFound,
        OutputError,
        UnreadableDocument,
        UnsupportedDocument,
    )
    from .flat import ArrayRaster
    from .model import AlphaSource, ColourSource, Layer, Raster, Rect
    from .opening import open_document
    from .sandbox import Limits, rehearse
    from .verify import differences

_WHERE = {
    "AlphaSource": "model",
    "ArrayAlpha": "alpha",
    "ArrayRaster": "flat",
    "ColourSource": "model",
    "Difference": "difference",
    "Document": "base",
    "DocumentError": "errors",
    "Layer": "model",
    "LayerNotFound": "errors",
    "Limits": "sandbox",
    "OutputError": "errors",
    "Raster": "model",
    "Rect": "model",
    "UnreadableDocument": "errors",
    "UnsupportedDocument": "errors",
    "at_depth": "alpha",
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

"""Documents of any size: open them, read layers by rectangle, write results back.

The import is cheap on purpose: names are resolved when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .base.arrays import ArrayRaster
    from .base.document import BaseDocument as Document
    from .base.writer import ResultWriter
    from .colour.alpha import ArrayAlpha, at_depth
    from .core.difference import Difference
    from .core.errors import (
        DocumentError,
        LayerNotFound,
        OutputError,
        PlaceError,
        UnreadableDocument,
        UnsupportedDocument,
    )
    from .core.model import AlphaSource, ColourSource, Layer, Raster, Rect
    from .core.results import LayerResult, ResultOptions
    from .io.child import SandboxLimits
    from .opening import open_document
    from .sandbox import Sandbox, decode_in_sandbox
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
    "LayerResult": "core.results",
    "Sandbox": "sandbox",
    "SandboxLimits": "io.child",
    "OutputError": "core.errors",
    "PlaceError": "core.errors",
    "Raster": "core.model",
    "Rect": "core.model",
    "ResultOptions": "core.results",
    "ResultWriter": "base.writer",
    "UnreadableDocument": "core.errors",
    "UnsupportedDocument": "core.errors",
    "at_depth": "colour.alpha",
    "differences": "verify",
    "open_document": "opening",
    "decode_in_sandbox": "sandbox",
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
    "LayerResult",
    "OutputError",
    "PlaceError",
    "Raster",
    "Rect",
    "ResultOptions",
    "ResultWriter",
    "Sandbox",
    "SandboxLimits",
    "UnreadableDocument",
    "UnsupportedDocument",
    "at_depth",
    "decode_in_sandbox",
    "differences",
    "open_document",
]

_RENAMED = {"Document": "BaseDocument"}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), _RENAMED.get(name, name))
    globals()[name] = value
    return value

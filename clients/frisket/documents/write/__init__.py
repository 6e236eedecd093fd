"""Writing results: mattes, cutouts, and splices into the document itself."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cutout import write_cutout
    from .matte import write_matte
    from .splice import splice_alpha, splice_layer, splice_mask, splice_page, splice_selection

_WHERE = {
    "splice_alpha": "splice",
    "splice_layer": "splice",
    "splice_mask": "splice",
    "splice_page": "splice",
    "splice_selection": "splice",
    "write_cutout": "cutout",
    "write_matte": "matte",
}

__all__ = [
    "splice_alpha",
    "splice_layer",
    "splice_mask",
    "splice_page",
    "splice_selection",
    "write_cutout",
    "write_matte",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value

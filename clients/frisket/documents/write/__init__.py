"""Results that are files of their own: mattes and cutouts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cutout import write_cutout
    from .matte import write_matte

_WHERE = {"write_cutout": "cutout", "write_matte": "matte"}

__all__ = ["write_cutout", "write_matte"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value

"""Results that are files of their own: mattes and cutouts."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..base.document import BaseDocument
    from ..base.writer import ResultWriter
    from .cutout import write_cutout
    from .matte import write_matte

_WHERE = {"write_cutout": "cutout", "write_matte": "matte"}
# The kinds of result that are files of their own, and the module that writes each.
_WRITTEN = {"cutout": ".cutout", "matte": ".matte"}

__all__ = ["find_writer", "write_cutout", "write_matte"]


def find_writer(kind: str) -> ResultWriter[BaseDocument]:
    """Return what writes a kind of result as a file of its own.

    Raises:
        KeyError: There is none of the kind.
    """
    writer: ResultWriter[BaseDocument] = import_module(_WRITTEN[kind], __name__).WRITER
    return writer


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
    globals()[name] = value
    return value

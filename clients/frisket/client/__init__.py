"""The client of the matting server.

    from frisket.client import cut

    result = cut("portrait.psd", "portrait-masked.psd", layer="Portrait")
    print(result.seconds, result.subject)

The session (`frisket.client.session`) does no I/O and needs only the standard library
and protobuf, because it also runs inside GIMP's and Krita's own Python. Names below are
loaded on first use, so that a host that carries only the session can import this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from frisket.client.cutting import CutOptions, CutResult, cut
    from frisket.client.errors import ClientError, TransportError

__all__ = ["ClientError", "CutOptions", "CutResult", "TransportError", "cut"]

_HOMES = {
    "ClientError": "frisket.client.errors",
    "TransportError": "frisket.client.errors",
    "CutOptions": "frisket.client.cutting",
    "CutResult": "frisket.client.cutting",
    "cut": "frisket.client.cutting",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value

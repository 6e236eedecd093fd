"""Cuts subjects out of layers of any size.

    from frisket import cut

    result = cut("portrait.psd", "portrait-masked.psd")
    print(result.seconds, result.outcome.subject)

The rooms of frisket-matting lie under several roots (`clients`, `models`, `proto`, `server`);
this file, the only one of its kind, joins them. Public names are loaded on first use, so that
`import frisket` costs next to nothing.
"""

from __future__ import annotations

import os
import sys

# What pkgutil.extend_path does, for folders: it would load `re` and `typing`, and pathlib too.
for _root in sys.path:
    _room = os.path.join(_root or os.getcwd(), "frisket")  # noqa: PTH109, PTH118
    if _room not in __path__ and os.path.isdir(_room):  # noqa: PTH112
        __path__.append(_room)

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would cost more
if TYPE_CHECKING:
    from typing import Any

    from frisket.jobs.many import cut
    from frisket.jobs.task import CutOptions, CutResult
    from frisket.protocol.errors import FrisketError

    __version__: str

__all__ = ["CutOptions", "CutResult", "FrisketError", "__version__", "cut"]

_HOMES = {
    "CutOptions": "frisket.jobs.task",
    "CutResult": "frisket.jobs.task",
    "FrisketError": "frisket.protocol.errors",
    "cut": "frisket.jobs.many",
}


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in.

    Raises:
        AttributeError: frisket has no such name.
    """
    if name == "__version__":
        from frisket.about import VERSION

        value: Any = VERSION
    elif name in _HOMES:
        from importlib import import_module

        value = getattr(import_module(_HOMES[name]), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, loaded or not."""
    return sorted(__all__)

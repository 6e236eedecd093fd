"""Cuts subjects out of layers of any size.

    from frisket import remove

    remove("portrait.jpg").save("portrait.png")

`remove` and `matte` take bytes, paths, PIL images and NumPy arrays and return the same kind;
`cut` works on files of any size, layered ones too, and `outline` on mattes that exist. `aremove`,
`amatte` and `acut` are the same for asyncio. Every error is a `FrisketError`.

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

    from frisket.jobs.aio import acut, amatte, aremove
    from frisket.jobs.choices import BadOption
    from frisket.jobs.existing import outline
    from frisket.jobs.many import cut
    from frisket.jobs.remove import matte, remove
    from frisket.jobs.task import CutOptions, CutResult, NoSubject
    from frisket.protocol.errors import FrisketError

    __version__: str

__all__ = [
    "BadOption",
    "CutOptions",
    "CutResult",
    "FrisketError",
    "NoSubject",
    "__version__",
    "acut",
    "amatte",
    "aremove",
    "cut",
    "matte",
    "outline",
    "remove",
]

_HOMES = {
    "BadOption": "frisket.jobs.choices",
    "CutOptions": "frisket.jobs.task",
    "CutResult": "frisket.jobs.task",
    "FrisketError": "frisket.protocol.errors",
    "NoSubject": "frisket.jobs.task",
    "acut": "frisket.jobs.aio",
    "amatte": "frisket.jobs.aio",
    "aremove": "frisket.jobs.aio",
    "cut": "frisket.jobs.many",
    "matte": "frisket.jobs.remove",
    "outline": "frisket.jobs.existing",
    "remove": "frisket.jobs.remove",
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

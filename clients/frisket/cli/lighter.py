"""Leaves out of a command's start what libraries load and it does not use.

Only for the command line, whose process is its own: a program that uses frisket as a library loads
others as they are.
"""

from __future__ import annotations

import atexit
import gc
import sys
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would cost more
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.abc import Loader
    from types import ModuleType
else:
    Loader = object  # to import it would cost more too

# Together a quarter of what `frisket cut` loads: grpcio's calls for asyncio, asyncio itself, which
# grpcio's core names, the messages of protobuf in Python, which stand in where its compiled ones
# are missing, and the docstrings of what NumPy has written in C.
_RARE = (
    "asyncio",
    "google.protobuf.internal.python_message",
    "grpc.aio",
    "numpy._core._add_newdocs",
    "numpy._core._add_newdocs_scalars",
)

# Text for NumPy's manual, which its module of types puts together as it is loaded.
_MANUAL = "numpy._typing._add_docstring"

# What prints a page of complaints about itself unless all that it made is taken apart at the end.
_FUSSY = ("OpenImageIO",)

_is_alone = False  # whether the process is the command's, and not a program's that calls it


class _Blank(Loader):
    """Loads `_MANUAL` without a text."""

    def create_module(self, spec: ModuleSpec) -> None:
        """Let Python make the module."""

    def exec_module(self, module: ModuleType) -> None:
        """Give the module the one name that is taken from it."""
        module.__dict__["_docstrings"] = ""


class _Postponing:
    """Finds modules that are loaded when something of theirs is used."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a rarely used module is; None for every other."""
        if name == _MANUAL:
            return ModuleSpec(name, _Blank())
        if name not in _RARE:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def postpone_rare_modules() -> None:
    """Let modules that a command hardly ever uses be loaded when it does."""
    if not any(isinstance(finder, _Postponing) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Postponing())


def own_process() -> None:
    """Let `load_quickly` count, and look through nothing that was loaded when the process ends.

    What Python takes apart at its end it would first search for garbage, several times: a sixth of
    what a small cut takes of the processor here.
    """
    global _is_alone
    if not _is_alone:
        _is_alone = True
        atexit.register(_leave)


def _leave() -> None:
    if any(name in sys.modules for name in _FUSSY):
        gc.unfreeze()
    else:
        gc.freeze()


@contextmanager
def load_quickly() -> Iterator[None]:
    """Look for no garbage in a block that loads modules, nor later among what it has loaded."""
    if not _is_alone:
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

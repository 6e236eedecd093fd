"""Leaves out of a command's start what libraries load and it does not use.

Only for the command line, whose process is its own: a program that uses frisket as a library loads
others as they are.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import PathFinder
from importlib.util import LazyLoader

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would cost more
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

# Together a tenth of what `frisket cut` loads: grpcio's calls for asyncio, and the messages of
# protobuf in Python, which stand in where its compiled ones are missing.
_RARE = ("grpc.aio", "google.protobuf.internal.python_message")


class _Postponing(MetaPathFinder):
    """Finds modules that are loaded when something of theirs is used."""

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return where a rarely used module is; None for every other."""
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

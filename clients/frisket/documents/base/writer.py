"""How one kind of result is written: a check before any work, and the writing after it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from ..core.errors import OutputError
from ..core.model import Layer
from ..core.results import LayerResult, ResultOptions

D = TypeVar("D")
"""The kind of document that it writes from."""


@dataclass(frozen=True)
class ResultWriter(Generic[D]):
    """Two functions that belong together.

    Attributes:
        check: Refuses with a ``DocumentError`` whatever the document, the output's path, the
            layers and the options alone can tell; reads structure, never pixels.
        write: Writes what ``check`` accepted; returns sentences that the user should read.
        many: Whether one file takes the results of several layers.
        tell_lost: Names what the document says beside its pixels and the result does not.
    """

    check: Callable[[D, Path, Sequence[Layer], ResultOptions], None]
    write: Callable[[D, Path, Sequence[LayerResult], ResultOptions], Sequence[str] | None]
    many: bool = False
    tell_lost: Callable[[D, Path, Sequence[Layer]], list[str]] = lambda document, output, layers: []

    def check_number(self, kind: str, output: str | os.PathLike[str], number: int) -> None:
        """Refuse more layers than one file takes.

        Raises:
            OutputError: There are more.
        """
        if number > 1 and not self.many:
            raise OutputError(
                output,
                f"--as {kind} holds one layer, and {number} were chosen",
                advice="choose one with --layer",
            )

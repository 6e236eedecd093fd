"""The work around a session: one layer, one document, many documents.

from frisket.jobs import Batch, Watch
"""

from __future__ import annotations

TYPE_CHECKING = False  # type checkers take it for true; importing `typing` would cost more
if TYPE_CHECKING:
    from typing import Any

    from frisket.jobs.batch.batch import Batch
    from frisket.jobs.watch.watch import Watch

__all__ = ["Batch", "Watch"]


def __getattr__(name: str) -> Any:
    """Load a public name from the module it lives in.

    Raises:
        AttributeError: there is no such name.
    """
    if name == "Batch":
        from frisket.jobs.batch.batch import Batch

        return Batch
    if name == "Watch":
        from frisket.jobs.watch.watch import Watch

        return Watch
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

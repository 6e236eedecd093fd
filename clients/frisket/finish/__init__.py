"""What is done with a subject and its alpha: canvas, background, shadow, edges, finished files.

A finish is a chain of frozen steps, each of which turns one scene into the next; libvips computes
it when the output is written, tile by tile. The import is cheap: libvips is loaded by the work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .finishing import finish

__all__ = ["finish"]


def __getattr__(name: str) -> Any:
    if name != "finish":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .finishing import finish

    return finish

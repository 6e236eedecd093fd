"""Lets long work stop between two of its steps, for as long as whoever runs it wants.

What is computed does not depend on it: a thread that was told nothing never stops.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

_threads = threading.local()


def set_pace(pause: Callable[[], None]) -> None:
    """Let the calling thread call `pause` between steps; it may take its time to return."""
    _threads.pause = pause


def take_breath() -> None:
    """Stop here when the calling thread is to; called between two steps of long work."""
    pause: Callable[[], None] | None = getattr(_threads, "pause", None)
    if pause is not None:
        pause()

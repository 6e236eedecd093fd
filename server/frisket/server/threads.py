"""How much of the cores a thread asks for."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

_NICEST = 19


def yield_cores(niceness: int) -> None:
    """Let the calling thread give way to others while the cores are busy.

    Only Linux has a niceness of single threads; elsewhere nothing happens.

    Args:
        niceness: steps; each costs about a fifth of the share.
    """
    if niceness and sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            now = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(_NICEST, now + niceness))

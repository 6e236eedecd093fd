"""The process's own memory, as the operating system counts it."""

from __future__ import annotations

import sys


def peak_bytes() -> int:
    """Return the greatest resident memory so far in bytes; 0 where it is not known."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, the others KiB.
    return peak if sys.platform == "darwin" else peak * 1024

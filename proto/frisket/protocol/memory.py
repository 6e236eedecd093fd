"""Memory of the process and of the machine, as the operating system counts it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path


def peak_bytes() -> int:
    """Return the greatest resident memory so far in bytes; 0 where it is not known."""
    if sys.platform == "linux":
        # Not getrusage: its figure is inherited from the process that started this one.
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        return int(found[1]) << 10 if found else 0
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, the others KiB.
    return peak if sys.platform == "darwin" else peak * 1024


def ask_for_large_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process whose C library is to ask for large pages.

    A run of a model takes and gives back hundreds of megabytes; in pages of 4 KiB that costs a
    fifth of its time. Read by glibc 2.35 and later at a process's start; others ignore it.
    """
    return {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1", **environment}


_CGROUPS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def memory_bytes() -> int:
    """Return what this machine or container has in bytes; 0 where it is not known."""
    try:
        found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    except (AttributeError, OSError, ValueError):  # Windows
        return 0
    for path in map(Path, _CGROUPS):
        with contextlib.suppress(OSError, ValueError):
            found.append(int(path.read_text(encoding="ascii")))
    return min(found)


def resident_bytes() -> int:
    """Return what this process has in memory now in bytes; 0 where it is not known."""
    with contextlib.suppress(OSError, ValueError, IndexError, AttributeError):
        pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")
    return 0

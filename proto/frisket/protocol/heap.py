"""How the C library treats memory that is freed."""

from __future__ import annotations

import contextlib
import sys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ctypes

# glibc's mallopt parameters (malloc.h).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def return_what_is_freed() -> None:
    """Make glibc give large buffers back to the system as soon as they are freed.

    Without this a model's passing activations (a quarter of a gigabyte for U2-Net at
    320 px) stay in the heap for as long as the server lives. Elsewhere than on glibc
    nothing happens.
    """
    share_one_heap()
    with contextlib.suppress(OSError, AttributeError):
        libc = _load_libc()
        libc.mallopt(_M_MMAP_THRESHOLD, 8 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 32 << 20)


def share_one_heap() -> None:
    """Let glibc keep one heap for all threads: what one has freed is there for the next.

    For a process that is ours alone, before it has threads. Elsewhere nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        _load_libc().mallopt(_M_ARENA_MAX, 1)


def empty_the_heap() -> None:
    """Give the smaller buffers back too, after a run that left many of them."""
    with contextlib.suppress(OSError, AttributeError):
        _load_libc().malloc_trim(0)


@cache
def _load_libc() -> ctypes.CDLL:
    """Return the C library.

    Raises:
        OSError: it is not glibc, as far as the system's name tells.
    """
    if not sys.platform.startswith("linux"):
        raise OSError
    import ctypes

    return ctypes.CDLL(None)

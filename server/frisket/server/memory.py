"""How the C library treats memory that is freed."""

from __future__ import annotations

import contextlib
import ctypes
import sys

# glibc's mallopt parameters (malloc.h).
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def return_what_is_freed() -> None:
    """Make glibc give large buffers back to the system as soon as they are freed.

    Without this a model's passing activations (a quarter of a gigabyte for U2-Net at
    320 px) stay in the heap for as long as the server lives. Elsewhere than on glibc
    nothing happens.
    """
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(_M_MMAP_THRESHOLD, 8 << 20)
        libc.mallopt(_M_TRIM_THRESHOLD, 32 << 20)
        libc.mallopt(_M_ARENA_MAX, 2)


def return_what_was_freed() -> None:
    """Make glibc give back what is free in its heap now, which small buffers never bring about.

    Importing all that a server needs leaves five megabytes.
    """
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)

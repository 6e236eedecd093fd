"""Reading and writing at a position, also on systems without a call for it (Windows)."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.Lock()
NATIVE = hasattr(os, "pread") and hasattr(os, "pwrite")


def pread(descriptor: int, length: int, offset: int) -> bytes:
    """Read up to ``length`` bytes at ``offset``; the file's position stays; safe for threads.

    Raises:
        OSError: The descriptor cannot be read.
    """
    if NATIVE:
        return os.pread(descriptor, length, offset)
    with _stand_at(descriptor, offset):
        return os.read(descriptor, length)


def pwrite(descriptor: int, data: bytes, offset: int) -> int:
    """Write at ``offset``; return how many bytes were written; the file's position stays.

    Raises:
        OSError: The descriptor cannot be written.
    """
    if NATIVE:
        return os.pwrite(descriptor, data, offset)
    with _stand_at(descriptor, offset):
        return os.write(descriptor, data)


@contextmanager
def _stand_at(descriptor: int, offset: int) -> Iterator[None]:
    """Stand at ``offset`` for the block, alone; others find the position they left."""
    with _LOCK:
        before = os.lseek(descriptor, 0, os.SEEK_CUR)
        os.lseek(descriptor, offset, os.SEEK_SET)
        try:
            yield
        finally:
            os.lseek(descriptor, before, os.SEEK_SET)

"""Copying stretches of files."""

from __future__ import annotations

import contextlib
import os

from ..core.errors import UnreadableDocument
from .positioned import pread

# The kernel's own copies (sendfile, copy_file_range) take a third more of the processor where bytes
# move by a number that is no multiple of a page, as they do behind whatever was put in.
STEP = 1 << 20
_SOON = 32 << 20


def copy_range(path: str, source: int, target: int, offset: int, length: int) -> None:
    """Append ``length`` bytes at ``offset`` of one descriptor to another's position.

    ``path`` names the source in errors.

    Raises:
        UnreadableDocument: The source ended early.
        OSError: The source cannot be read, or the target cannot take it.
    """
    fresh = 0
    while length > 0:
        data = pread(source, min(length, STEP - offset % STEP), offset)
        if not data:
            raise UnreadableDocument(path, "the file became shorter while copied", offset=offset)
        write_all(target, data)
        offset += len(data)
        length -= len(data)
        fresh += len(data)
        if fresh >= _SOON:
            start_writing(target, fresh)
            fresh = 0


def start_writing(target: int, size: int) -> None:
    """Let the system write the bytes appended last while more are made: the sync waits less."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            start = os.lseek(target, 0, os.SEEK_CUR) - size
            os.posix_fadvise(target, start, size, os.POSIX_FADV_DONTNEED)


def write_all(target: int, data: bytes | memoryview) -> None:
    """Write every byte at the current position."""
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]

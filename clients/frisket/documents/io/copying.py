"""Copying stretches of files inside the kernel."""

from __future__ import annotations

import os

from ..core.errors import UnreadableDocument
from .positioned import pread

CHUNK = 1 << 26
_FALLBACK = 1 << 22


def copy_range(path: str, source: int, target: int, offset: int, length: int) -> None:
    """Append ``length`` bytes at ``offset`` of one descriptor to another's position.

    ``path`` names the source in errors.

    Raises:
        UnreadableDocument: The source ended early.
        OSError: The target cannot take it.
    """
    while length > 0:
        done = _copy_some(source, target, offset, min(length, CHUNK))
        if done == 0:
            raise UnreadableDocument(path, "the file became shorter while copied", offset=offset)
        offset += done
        length -= done


def _copy_some(source: int, target: int, offset: int, length: int) -> int:
    if hasattr(os, "sendfile"):
        try:
            return os.sendfile(target, source, offset, length)
        except OSError as error:
            if error.errno not in _NOT_POSSIBLE:
                raise
    data = pread(source, min(length, _FALLBACK), offset)
    write_all(target, data)
    return len(data)


def write_all(target: int, data: bytes | memoryview) -> None:
    """Write every byte at the current position."""
    view = memoryview(data)
    while view:
        view = view[os.write(target, view) :]


def _list_errors() -> frozenset[int]:
    import errno

    names = ("EINVAL", "ENOSYS", "ENOTSOCK", "EOPNOTSUPP", "ENOTSUP")
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


_NOT_POSSIBLE = _list_errors()

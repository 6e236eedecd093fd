"""Results are written beside their place, synced, then renamed: whole or not at all."""

from __future__ import annotations

import atexit
import contextlib
import errno
import os
import secrets
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from ..core.errors import OutputError, PlaceError
from .copying import copy_range, write_all
from .positioned import pwrite

_MARK = ".frisket-"
_SUFFIX = ".part"
_LONGEST = 100  # bytes of the output's own name
_MARGIN = 1 << 20
_LEAVE_S = 2.0
# What a system answers to a name that it does not take, or that leads through a file.
_NAMES_FAULT = (
    *(errno.ENAMETOOLONG, errno.EINVAL, errno.EILSEQ),
    *(errno.ENOTDIR, errno.EEXIST),
)


class Output:
    """A file being written; positions are its own, nothing is visible until the end."""

    def __init__(self, path: str, descriptor: int) -> None:
        self.path, self.descriptor = path, descriptor

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes."""
        write_all(self.descriptor, data)

    def tell(self) -> int:
        """Return bytes written so far."""
        return os.lseek(self.descriptor, 0, os.SEEK_CUR)

    def patch(self, offset: int, data: bytes) -> None:
        """Overwrite bytes that were written before."""
        while data:
            done = pwrite(self.descriptor, data, offset)
            data, offset = data[done:], offset + done

    def copy(self, path: str, source: int, offset: int, length: int) -> None:
        """Append a stretch of another file."""
        copy_range(path, source, self.descriptor, offset, length)

    def align(self, step: int) -> int:
        """Append zeros up to a multiple of ``step``; the position."""
        position = self.tell()
        self.write(bytes(-position % step))
        return position + -position % step


class Blank(Output):
    """An output that keeps nothing but its length: for finding out what a writer would refuse."""

    def __init__(self, path: str, length: int = 0) -> None:
        super().__init__(path, -1)
        self._length = length

    def write(self, data: bytes | memoryview) -> None:
        """Grow by the bytes."""
        self._length += len(data)

    def tell(self) -> int:
        """Return the bytes written so far."""
        return self._length

    def patch(self, offset: int, data: bytes) -> None:
        """Change nothing: bytes that were written before are not kept."""

    def copy(self, path: str, source: int, offset: int, length: int) -> None:
        """Grow by the stretch."""
        self._length += length


@contextlib.contextmanager
def atomic_output(
    path: str | os.PathLike[str], needed: int = 0, prove: Callable[[str], None] | None = None
) -> Iterator[Output]:
    """Open a file that appears under ``path`` only when the block ends well.

    ``needed`` is how many bytes will be written at most; they must be free beforehand. The
    output may be the very file that is being read: readers keep the old one. ``prove`` is called
    with the path of the finished file before it appears, and keeps it from that by raising.

    Raises:
        OutputError: Not writable, no space, or the path is a folder.
    """
    target = Path(os.path.realpath(path))
    check_place(target, needed)
    _tidy(target.parent)
    part = _Part(target)
    try:
        try:
            part.open()
            yield Output(str(target), part.descriptor)
            if prove is not None:
                prove(str(part.path))
            _finish(target, part)
        except OSError as error:
            raise _name_failure(target, error) from error
    except BaseException:
        part.remove()
        raise
    finally:
        part.close()


@contextlib.contextmanager
def scratch(path: str | os.PathLike[str], needed: int) -> Iterator[Output]:
    """Open a file beside ``path`` that is gone when the block ends; its ``path`` is its own.

    Raises:
        OutputError: Not writable, or fewer than ``needed`` bytes are free.
    """
    target = Path(os.path.realpath(path))
    check_place(target, needed)
    part = _Part(target)
    try:
        part.open()
        yield Output(str(part.path), part.descriptor)
    except OSError as error:
        raise _name_failure(target, error) from error
    finally:
        part.remove()


class _Part:
    """The temporary file of an output; closing it again does nothing.

    Its name is known before it is there, so that it goes whenever an interrupt comes.
    """

    def __init__(self, target: Path) -> None:
        # File systems count bytes, and a letter may have four.
        start = os.fsencode(target.name)[:_LONGEST].decode(errors="ignore")
        name = f".{start}{_MARK}{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}"
        self.path, self.descriptor = target.with_name(name), -1

    def open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        with _under_way.change(self):
            self.descriptor = os.open(self.path, flags, 0o666)
        _lock(self.descriptor)

    def publish(self, target: Path) -> None:
        with _under_way.change(self):
            self.path.replace(target)
        _under_way.forget(self)
        _sync_folder(target.parent)

    def remove(self) -> None:
        self.close()  # first: Windows removes no file that is open
        with contextlib.suppress(OSError):
            self.path.unlink()
        _under_way.forget(self)

    def close(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


class _UnderWay:
    """What the threads of this process are writing; none begins or ends more once it leaves."""

    def __init__(self) -> None:
        self._parts: dict[_Part, None] = {}
        self._lock = threading.RLock()  # a signal's handler may leave in the midst of a change
        self._left = False

    @contextlib.contextmanager
    def change(self, part: _Part) -> Iterator[None]:
        """Let a part appear, or have its name, in a block.

        Raises:
            SystemExit: the process leaves.
        """
        with self._lock:
            if self._left:
                raise SystemExit("the program leaves: nothing more is written")
            self._parts[part] = None
            yield

    def forget(self, part: _Part) -> None:
        self._parts.pop(part, None)

    def leave(self) -> None:
        # A share that hangs keeps nobody in the program.
        locked = self._lock.acquire(timeout=_LEAVE_S)
        self._left = True
        for part in tuple(self._parts):
            with contextlib.suppress(OSError):
                part.path.unlink()
        if locked:
            self._lock.release()


_under_way = _UnderWay()


@atexit.register
def leave() -> None:
    """Remove what is half-written, and let nothing more be written: the process leaves now.

    Threads that no one waits for write until the very end; what they begin, or would give its
    name, after this ends them with SystemExit.
    """
    _under_way.leave()


def _finish(target: Path, part: _Part) -> None:
    os.fsync(part.descriptor)
    # Keep the permissions of what is replaced; Windows has none that could be kept.
    with contextlib.suppress(OSError, AttributeError):
        os.fchmod(part.descriptor, target.stat().st_mode & 0o7777)
    # Windows renames no open file. Elsewhere the file stays open, and so locked, until it bears
    # its name: whoever removes debris meanwhile leaves it alone.
    if sys.platform == "win32":
        part.close()
    part.publish(target)


def rename_durably(path: Path, target: Path) -> None:
    """Give a file that is synced another name in its folder, and sync that too.

    Raises:
        OSError: it cannot be renamed.
    """
    path.replace(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def check_place(path: str | os.PathLike[str], needed: int = 0) -> None:
    """Refuse a place where a file of ``needed`` bytes cannot be written.

    Raises:
        OutputError: It is a folder, there is none around it, it may not be written, or the disk
            has no room.
    """
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise OutputError(target, "is a folder", advice="name a file")
    if not target.parent.is_dir():
        raise PlaceError(target, f"there is no folder {target.parent}", advice="make it first")
    if target.exists() and not os.access(target, os.W_OK):
        raise OutputError(target, "the file exists and may not be overwritten")
    if not os.access(target.parent, os.W_OK):
        raise PlaceError(target, f"no permission to write into {target.parent}")
    free = shutil.disk_usage(target.parent).free
    if free < needed + _MARGIN:
        raise PlaceError(
            target,
            f"not enough disk space: {needed / 1e6:.0f} MB are needed, {free / 1e6:.0f} are free",
            advice="nothing was written",
        )


def make_folder(folder: Path) -> None:
    """Make a folder, and those around it, where it is not there.

    Raises:
        PlaceError: No folder can be made there.
        OutputError: This one alone cannot, for its name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _name_failure(folder, error, "the folder cannot be made") from error


def _name_failure(target: Path, error: OSError, what: str = "cannot be written") -> OutputError:
    """Return a failure of the place, or of the name alone, where others would do."""
    if error.errno in (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)):
        return PlaceError(target, "the disk is full", advice="the original is untouched")
    kind = OutputError if error.errno in _NAMES_FAULT else PlaceError
    return kind(target, f"{what} ({(error.strerror or str(error)).lower()})")


def _lock(descriptor: int) -> bool:
    """Hold the file for as long as this process lives; False where another holds it."""
    try:
        import fcntl
    except ImportError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


_tidied: set[Path] = set()


def _tidy(folder: Path) -> None:
    """Remove what killed runs left behind, before the first output of this process there.

    Once is enough: to list a folder of many thousand files for each of them takes longer than to
    write it.
    """
    if folder not in _tidied:
        _tidied.add(folder)
        remove_debris(folder)


def remove_debris(folder: Path) -> None:
    """Remove what killed runs left behind: temporary files that nobody holds any more."""
    for path in folder.glob(f".*{_MARK}*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR)
            try:
                if _lock(descriptor):
                    path.unlink()
            finally:
                os.close(descriptor)

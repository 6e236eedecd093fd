"""Bounded reading of a file: every length is checked against what is really there."""

from __future__ import annotations

import os
import struct
import threading

from ..core.errors import UnreadableDocument
from .positioned import pread

_WINDOW = 1 << 16
_LARGEST_READ = 1 << 31


class Source:
    """A file opened for ``pread``; safe to share between threads."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self.descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except OSError as error:
            raise UnreadableDocument(path, (error.strerror or str(error)).lower()) from error
        self.size = os.fstat(self.descriptor).st_size
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            if self.descriptor >= 0:
                os.close(self.descriptor)
                self.descriptor = -1

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly ``length`` bytes at ``offset``.

        Raises:
            UnreadableDocument: They are not all inside the file.
        """
        if length < 0 or offset < 0 or length > _LARGEST_READ or offset + length > self.size:
            raise UnreadableDocument(
                self.path, f"the file ends before {length} expected bytes", offset=max(0, offset)
            )
        data = pread(self.descriptor, length, offset)
        while len(data) < length:
            more = pread(self.descriptor, length - len(data), offset + len(data))
            if not more:
                raise UnreadableDocument(self.path, "the file became shorter", offset=offset)
            data += more
        return data


class Cursor:
    """Walks over a stretch of a file, reading numbers; never leaves the stretch."""

    def __init__(self, source: Source, start: int, end: int, order: str = ">") -> None:
        self.source, self.position, self.end, self.order = source, start, end, order
        self._window, self._at = b"", start
        if not 0 <= start <= end <= source.size:
            raise UnreadableDocument(
                source.path, "a section reaches beyond the end of the file", offset=min(start, end)
            )

    @property
    def left(self) -> int:
        """Bytes up to the end of the stretch."""
        return self.end - self.position

    def take(self, length: int) -> bytes:
        """Return the next ``length`` bytes.

        Raises:
            UnreadableDocument: The stretch has fewer.
        """
        if length < 0 or length > self.left:
            raise UnreadableDocument(
                self.source.path,
                f"a structure needs {length} bytes, {self.left} are left",
                offset=self.position,
            )
        start = self.position - self._at
        if start < 0 or start + length > len(self._window):
            self._at, start = self.position, 0
            size = min(max(length, _WINDOW), self.end - self.position)
            self._window = self.source.read(self.position, size)
        self.position += length
        return self._window[start : start + length]

    def skip(self, length: int) -> None:
        """Step over bytes without reading them."""
        if length < 0 or length > self.left:
            raise UnreadableDocument(
                self.source.path,
                f"a block claims {length} bytes, {self.left} are left",
                offset=self.position,
            )
        self.position += length

    def numbers(self, form: str) -> tuple[int, ...]:
        """Return several numbers at once, in ``struct`` notation without the byte order."""
        form = self.order + form
        return struct.unpack(form, self.take(struct.calcsize(form)))

    def number(self, form: str) -> int:
        """Return one number."""
        return self.numbers(form)[0]

    def key(self) -> bytes:
        """Return a four-character code; little-endian files hold it reversed."""
        raw = self.take(4)
        return raw if self.order == ">" else raw[::-1]

    def length(self, wide: bool) -> int:
        """Return a length of eight bytes, or of four."""
        return self.number("Q" if wide else "I")

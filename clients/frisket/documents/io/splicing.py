"""Copy a file with some stretches replaced; all other bytes are copied as they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .output import Output
from .source import Source


@dataclass
class Edit:
    """Replace the bytes [start, end) by ``content``; start == end inserts.

    ``content`` is bytes, or a function that writes them. After the splice ``at`` and ``size``
    say where they lie in the new file, so that lengths known only then can be patched.
    """

    start: int
    end: int
    content: bytes | Callable[[Output], None]
    at: int = 0
    size: int = 0


class Splice:
    """The edits of one file, applied in the order of their positions."""

    def __init__(self, source: Source, edits: Sequence[Edit]) -> None:
        self._source, self._base = source, 0
        # Sorting is stable: insertions at the same place keep the order they were given in.
        self.edits = sorted(edits, key=lambda edit: (edit.start, edit.end))
        for before, after in zip(self.edits, self.edits[1:], strict=False):
            if before.end > after.start:
                raise ValueError(f"edits overlap at {after.start}")

    def write(self, out: Output, start: int = 0, end: int | None = None) -> None:
        """Write the bytes [start, end) of the old file, edited, where ``out`` stands."""
        position = start
        self._base = out.tell() - start
        for edit in self.edits:
            self._copy(out, position, edit.start)
            edit.at = out.tell()
            if isinstance(edit.content, bytes):
                out.write(edit.content)
            else:
                edit.content(out)
            edit.size = out.tell() - edit.at
            position = edit.end
        self._copy(out, position, self._source.size if end is None else end)

    def _copy(self, out: Output, start: int, end: int) -> None:
        if end > start:
            out.copy(self._source.path, self._source.descriptor, start, end - start)

    def locate(self, position: int) -> int:
        """Return where a byte that was copied lies in the new file."""
        index = bisect_right([edit.end for edit in self.edits], position)
        return (
            self._base
            + position
            + sum(edit.size - (edit.end - edit.start) for edit in self.edits[:index])
        )

"""What a comparison of documents is made of: named parts, and what is not the same."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    """One part that is not the same: ``added``, ``removed`` or ``changed``."""

    what: str
    how: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.how}" + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True)
class Part:
    """A named stretch of a document: bytes in the file, or a value.

    ``table`` tells of big-endian numbers inside it whose width is the format's own affair:
    where they begin, how many there are, and the bytes of each.
    """

    name: str
    start: int = 0
    length: int = 0
    value: bytes | None = None
    table: tuple[int, int, int] = (0, 0, 0)

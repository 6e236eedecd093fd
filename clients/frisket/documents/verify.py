"""What differs between two documents, part by part, and that nothing else does.

Each file is divided into named parts that together cover every byte except lengths and
offsets, which follow from the parts. Parts of the same name are compared byte by byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .base import BaseDocument
from .model import Rect
from .opening import open_document

_CHUNK = 1 << 22


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
    """A named stretch of a document: bytes in the file, or a value."""

    name: str
    start: int = 0
    length: int = 0
    value: bytes | None = None


def differences(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> list[Difference]:
    """What differs between two documents; an empty list proves that nothing does.

    Raises:
        DocumentError: One of the files cannot be read.
    """
    with open_document(first) as a, open_document(second) as b:
        kinds = _kind(a), _kind(b)
        if kinds[0] != kinds[1]:
            return [Difference("format", "changed", f"{a.format} → {b.format}")]
        if kinds[0] == "psd":
            from .psd.parts import parts

            return _compare(a, b, list(parts(a)), list(parts(b)))  # type: ignore[arg-type]
        if kinds[0] == "tiff":
            from .tiff.parts import compare

            return compare(a, b)  # type: ignore[arg-type]
        return list(_flat(a, b))


def _kind(document: BaseDocument) -> str:
    return {"PSD": "psd", "PSB": "psd", "TIFF": "tiff"}.get(document.format, "flat")


def _compare(
    a: BaseDocument, b: BaseDocument, first: list[Part], second: list[Part]
) -> list[Difference]:
    """Match parts by name; order matters only among parts of the same name."""
    left, right = _numbered(first), _numbered(second)
    found = []
    for name, part in left.items():
        if name not in right:
            found.append(Difference(name, "removed"))
        elif not _same(a.path, b.path, part, right[name]):
            found.append(Difference(name, "changed"))
    found += [Difference(name, "added") for name in right if name not in left]
    return found


def _numbered(parts: list[Part]) -> dict[str, Part]:
    """Parts by name, doubled names told apart."""
    found: dict[str, Part] = {}
    for part in parts:
        name, number = part.name, 1
        while name in found:
            number += 1
            name = f"{part.name} ({number})"
        found[name] = part
    return found


def _same(first: str, second: str, a: Part, b: Part) -> bool:
    if a.value is not None or b.value is not None:
        return a.value == b.value
    if a.length != b.length:
        return False
    with Path(first).open("rb") as left, Path(second).open("rb") as right:
        left.seek(a.start)
        right.seek(b.start)
        done = 0
        while done < a.length:
            size = min(_CHUNK, a.length - done)
            if left.read(size) != right.read(size):
                return False
            done += size
    return True


def _flat(a: BaseDocument, b: BaseDocument) -> Iterator[Difference]:
    """Flat images are compared as decoded: size, profile, pixels."""
    import numpy as np

    for name in ("format", "width", "height", "depth", "mode", "icc_profile"):
        if getattr(a, name) != getattr(b, name):
            yield Difference(name.replace("_", " "), "changed")
    first, second = a.raster(a.layers[0]), b.raster(b.layers[0])
    if (first.width, first.height) != (second.width, second.height):
        return
    whole = Rect(0, 0, first.width, first.height)
    if not np.array_equal(first.read(whole), second.read(whole)):
        yield Difference("pixels", "changed")

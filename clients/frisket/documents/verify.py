"""What differs between two documents, part by part, and that nothing else does.

Each file is divided into named parts that together cover every byte except lengths and
offsets, which follow from the parts. Parts of the same name are compared byte by byte.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .base.document import BaseDocument
from .core.difference import Difference, Part
from .core.model import Rect
from .flat.chunks import Chunk, list_chunks
from .io.comparing import CHUNK, have_same_bytes
from .io.source import Source
from .opening import open_document

# Where a container is not known, this is what was compared.
DECODED_ONLY = "only format, size, profile and pixels were compared"
_PIXEL_PIECES = ("IDAT", "scan", "VP8", "VP8L", "ALPH")


def differences(first: str | os.PathLike[str], second: str | os.PathLike[str]) -> list[Difference]:
    """List what differs between two documents; an empty list proves that nothing does.

    Raises:
        DocumentError: One of the files cannot be read.
    """
    with open_document(first) as a, open_document(second) as b:
        kinds = _tell_kind(a), _tell_kind(b)
        if kinds[0] != kinds[1]:
            return [Difference("format", "changed", f"{a.format} → {b.format}")]
        if kinds[0] == "psd":
            from .psd.parts import list_parts

            return _compare(a, b, list(list_parts(a)), list(list_parts(b)))  # type: ignore[arg-type]
        if kinds[0] == "tiff":
            from .tiff.parts import compare

            return compare(a, b)  # type: ignore[arg-type]
        return _compare_flat(a, b)


def _tell_kind(document: BaseDocument) -> str:
    return {"PSD": "psd", "PSB": "psd", "TIFF": "tiff"}.get(document.format, "flat")


def _compare(
    a: BaseDocument, b: BaseDocument, first: list[Part], second: list[Part]
) -> list[Difference]:
    """Match parts by name; order matters only among parts of the same name."""
    left, right = _number_parts(first), _number_parts(second)
    found = []
    with _open_source(a.path) as one, _open_source(b.path) as two:
        for name, part in left.items():
            if name not in right:
                found.append(Difference(name, "removed"))
            elif not _is_same(one, two, part, right[name]):
                found.append(Difference(name, "changed"))
    found += [Difference(name, "added") for name in right if name not in left]
    return found


def _open_source(path: str) -> contextlib.closing[Source]:
    return contextlib.closing(Source(path))


def _number_parts(parts: list[Part]) -> dict[str, Part]:
    """Return parts by name, doubled names told apart."""
    found: dict[str, Part] = {}
    for part in parts:
        name, number = part.name, 1
        while name in found:
            number += 1
            name = f"{part.name} ({number})"
        found[name] = part
    return found


def _is_same(left: Source, right: Source, a: Part, b: Part) -> bool:
    if a.value is not None or b.value is not None:
        return a.value == b.value
    if a.table[2] == b.table[2]:
        return have_same_bytes(left, right, (a.start, a.length), (b.start, b.length))
    if a.table[:2] != b.table[:2] or not _have_same_numbers(left, right, a, b):
        return False
    heads = [part.table[0] + part.table[1] * part.table[2] for part in (a, b)]
    return have_same_bytes(
        left, right, (a.start + heads[0], a.length - heads[0]),
        (b.start + heads[1], b.length - heads[1]),
    )  # fmt: skip


def _have_same_numbers(left: Source, right: Source, a: Part, b: Part) -> bool:
    """Compare what comes before the tables, and their numbers."""
    import numpy as np

    at, count, _ = a.table
    if not have_same_bytes(left, right, (a.start, at), (b.start, at)):
        return False
    for first in range(0, count, CHUNK):
        size = min(CHUNK, count - first)
        one, two = (
            np.frombuffer(
                source.read(part.start + at + first * part.table[2], size * part.table[2]),
                f">u{part.table[2]}",
            )
            for source, part in ((left, a), (right, b))
        )
        if not np.array_equal(one, two):
            return False
    return True


def _compare_flat(a: BaseDocument, b: BaseDocument) -> list[Difference]:
    """Compare flat images: what was decoded, then the container piece by piece, byte by byte."""
    first, second = Path(a.path).read_bytes(), Path(b.path).read_bytes()
    if first == second:
        return []
    found = list(_compare_decoded(a, b))
    packed = list(_compare_pieces(first, second, not any(one.what == "pixels" for one in found)))
    return found + packed or [Difference("bytes", "changed", "outside of what holds the picture")]


def _compare_decoded(a: BaseDocument, b: BaseDocument) -> Iterator[Difference]:
    import numpy as np

    for name in ("format", "width", "height", "depth", "mode", "icc_profile"):
        if getattr(a, name) != getattr(b, name):
            yield Difference(name.replace("_", " "), "changed")
    if [one.path for one in a.layers] != [one.path for one in b.layers]:
        yield Difference("layers", "changed")
        return
    for one, two in zip(a.layers, b.layers, strict=True):
        where = f" of layer {one.path}" if len(a.layers) > 1 else ""
        if (one.x, one.y) != (two.x, two.y):
            yield Difference(f"place{where}", "changed")
        if (one.width, one.height) != (two.width, two.height):
            if len(a.layers) > 1 or (a.width, a.height) == (b.width, b.height):
                yield Difference(f"size{where}", "changed")
            continue
        first, second = a.raster(one), b.raster(two)
        whole = Rect(0, 0, one.width, one.height)
        if not np.array_equal(first.read(whole), second.read(whole), equal_nan=one.depth == 32):
            yield Difference(f"pixels{where}", "changed")


def _compare_pieces(first: bytes, second: bytes, same_pixels: bool) -> Iterator[Difference]:
    """Compare chunks and segments of the same name; other containers have no pieces known here."""
    left, right = list_chunks(first), list_chunks(second)
    if left is None or right is None:
        yield Difference("bytes", "changed", DECODED_ONLY)
        return
    one, two = _gather_pieces(first, left), _gather_pieces(second, right)
    for name in {**one, **two}:
        if name not in two or name not in one:
            yield Difference(name, "removed" if name in one else "added")
        elif one[name] != two[name]:
            packed = name in _PIXEL_PIECES and same_pixels
            yield Difference(name, "changed", "packed otherwise, the same pixels" if packed else "")


def _gather_pieces(data: bytes, pieces: list[Chunk]) -> dict[str, list[bytes]]:
    """Return the contents of pieces by name, in order; names are made printable."""
    found: dict[str, list[bytes]] = {}
    for piece in pieces:
        name = piece.name.decode("ascii", "backslashreplace").strip()
        found.setdefault(name, []).append(data[piece.start : piece.start + piece.length])
    return found

"""The formats of finished files: what each holds, checked before any work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from frisket.documents import OutputError
from frisket.documents.io.output import check_place
from frisket.documents.psd.layered import MOST_SIDE

from .space import Space


@dataclass(frozen=True)
class Format:
    """What a format holds.

    Attributes:
        name: for people.
        bits: of a sample, that it can have.
        modes: colour modes.
        has_alpha: whether it holds transparency.
        side: the most pixels of a side.
        is_lossy: whether a quality decides about its size.
    """

    name: str
    bits: tuple[int, ...]
    modes: tuple[str, ...]
    has_alpha: bool
    side: int
    is_lossy: bool


_JPEG = Format("JPEG", (8,), ("RGB", "GRAY", "CMYK"), False, 65_535, True)
_TIFF = Format("TIFF", (8, 16), ("RGB", "GRAY", "CMYK"), True, 300_000, False)
FORMATS = {
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".png": Format("PNG", (8, 16), ("RGB", "GRAY"), True, 300_000, False),
    ".webp": Format("WebP", (8,), ("RGB", "GRAY"), True, 16_383, True),
    ".avif": Format("AVIF", (8, 10), ("RGB", "GRAY"), True, 16_384, True),
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".psd": Format("PSD", (8, 16), ("RGB", "GRAY", "CMYK"), True, MOST_SIDE[False], False),
    ".psb": Format("PSB", (8, 16), ("RGB", "GRAY", "CMYK"), True, MOST_SIDE[True], False),
}
LAYERED = (".psd", ".psb")
"""Suffixes of files that keep every sheet as a layer."""


def find_format(path: Path) -> Format:
    """Return the format that a file's suffix names.

    Raises:
        OutputError: it names none.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        what = suffix or "a file without suffix"
        raise OutputError(
            path, f"a finished picture is not written as {what}", advice=f"use {', '.join(FORMATS)}"
        )
    return FORMATS[suffix]


def check_format(path: Path, space: Space, bits: int, opaque: bool) -> None:
    """Refuse what a file's format cannot hold.

    Args:
        path: the file.
        space: the colours.
        bits: of a sample, as they were asked for or as the picture has them.
        opaque: whether something lies below the subject everywhere.

    Raises:
        OutputError: the format, or the place, does not suit.
    """
    found = find_format(path)
    if space.mode not in found.modes:
        raise OutputError(
            path, f"{found.name} holds no {space.mode}",
            advice=f"{space.advise_srgb()}, or write .jpg or .tif",
        )  # fmt: skip
    if bits not in found.bits:
        wanted = " or ".join(f"--bits {one}" for one in reversed(found.bits))
        others = ".png or .tif" if bits == 16 else ".avif"
        raise OutputError(
            path, f"the picture has {bits} bits and {found.name} holds "
            f"{' or '.join(map(str, found.bits))}", advice=f"add {wanted}, or write {others}",
        )  # fmt: skip
    if not (opaque or found.has_alpha):
        raise OutputError(
            path, f"{found.name} holds no transparency",
            advice="add --background white or another one, or write .png, .webp or .tif",
        )  # fmt: skip
    check_place(path)


def check_side(path: Path, width: int, height: int) -> None:
    """Refuse a canvas that is too large for a file's format.

    Raises:
        OutputError: it is.
    """
    found = find_format(path)
    if max(width, height) > found.side:
        raise OutputError(
            path, f"the picture has {width} × {height} pixels, and a side of {found.name} has "
            f"{found.side} at most", advice="write .psb" if found.name == "PSD" else "write .tif",
        )  # fmt: skip

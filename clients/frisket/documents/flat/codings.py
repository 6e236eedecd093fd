"""What a flat file says of its colours beside a profile, in the order that counts."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .boxes import find_code_points
from .chunks import list_png

if TYPE_CHECKING:
    from PIL import Image

    from ..colour.coding import Coding

_HEAD = 1 << 22  # what is said of colours stands before the pixels
_SRGB_GAMMA, _SLACK = 0.45455, 0.01
_GAMMAS = 0.1, 10  # others are damage
_MOST_POINT = 255
_HIGH_RANGE = (16, 18)  # transfers: PQ and HLG


@dataclass(frozen=True)
class Told:
    """What a file says.

    Attributes:
        points: Primaries and transfer by their code points (H.273), or None.
        gamma: The exponent that samples are a power of light by, or 0.
        white_and_primaries: Chromaticities of white, red, green and blue, or none.
    """

    points: tuple[int, int] | None = None
    gamma: float = 0.0
    white_and_primaries: tuple[float, ...] = ()


def tell_coding(path: str, image: Image.Image) -> Told:
    """Return what a file says of its colours that a profile does not say better.

    A PNG's cICP comes before its profile, that before sRGB, and gAMA and cHRM are last (PNG, third
    edition, 4.3). In HEIF and AVIF a profile comes before code points (MIAF, 7.3.6.4), except that
    of PQ and HLG, which older profiles only draw near to.
    """
    read = _READERS.get(image.format or "")
    if read is None:
        return Told()
    with Path(path).open("rb") as file:
        told = read(file.read(_HEAD))
    if told.points and image.info.get("icc_profile") and image.format != "PNG":
        return told if told.points[1] in _HIGH_RANGE else Told()
    return told


def find_coding(told: Told) -> Coding | None:
    """Return how the samples are to be understood; None for sRGB, and where a profile tells it."""
    from ..colour.coding import BT709, SRGB, Coding, check_primaries, read_code_points

    if told.points:
        return read_code_points(*told.points)
    plain = not told.gamma or abs(told.gamma - _SRGB_GAMMA) <= _SRGB_GAMMA * _SLACK
    white, primaries = told.white_and_primaries[:2], told.white_and_primaries[2:]
    coding = Coding(
        check_primaries((*primaries, *white)) or BT709, SRGB if plain else 1 / told.gamma
    )
    return None if coding.is_srgb else coding


def make_points(told: Told) -> tuple[tuple[bytes, bytes], ...]:
    """Return code points as a chunk of a PNG, where they are not those of sRGB."""
    if told.points is None or find_coding(told) is None or max(told.points) > _MOST_POINT:
        return ()
    return ((b"cICP", bytes((*told.points, 0, 1))),)


def _read_png(head: bytes) -> Told:
    found: dict[bytes, bytes] = {}
    for chunk in list_png(head):
        if chunk.name == b"IDAT":
            break
        found.setdefault(chunk.name, head[chunk.start : chunk.start + chunk.length])
    points = found.get(b"cICP", b"")
    if len(points) == 4:
        return Told((points[0], points[1]))
    if found.keys() & {b"iCCP", b"sRGB"}:
        return Told()
    gamma = int.from_bytes(found.get(b"gAMA", b"")[:4], "big") / 100_000
    colours = found.get(b"cHRM", b"")
    places = struct.unpack(">8I", colours) if len(colours) == 32 else ()
    return Told(
        gamma=gamma if _GAMMAS[0] < gamma < _GAMMAS[1] else 0.0,
        white_and_primaries=tuple(one / 100_000 for one in places),
    )


def _read_boxes(head: bytes) -> Told:
    return Told(find_code_points(head))


_READERS: dict[str, Callable[[bytes], Told]] = {
    "PNG": _read_png,
    "AVIF": _read_boxes,
    "HEIF": _read_boxes,
}

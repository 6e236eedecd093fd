"""How a cut line and what is printed around it are made."""

from __future__ import annotations

import re
from dataclasses import dataclass

SPOT = "CutContour"
_UNITS_PT = {"mm": 72 / 25.4, "cm": 72 / 2.54, "in": 72.0, "pt": 1.0}
_LENGTH = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(mm|cm|in|pt|px|)")
_SHEET = re.compile(r"(\d+(?:\.\d+)?)\s*[x×]\s*(\d+(?:\.\d+)?)\s*(mm|cm|in|pt|)")
_LONGEST_PT = 200 * 72.0
_RESERVED = ("All", "None", "Cyan", "Magenta", "Yellow", "Black")


@dataclass(frozen=True)
class Length:
    """A length in points, or in pixels of the picture.

    Attributes:
        value: how many.
        pixels: whether of the picture's pixels, not points.
    """

    value: float
    pixels: bool = False

    def to_pixels(self, ppi: float) -> float:
        """Return it in pixels of a picture with so many to an inch."""
        return self.value if self.pixels else self.value * ppi / 72

    def to_points(self, ppi: float) -> float:
        """Return it in points."""
        return self.value * 72 / ppi if self.pixels else self.value


def read_length(text: object) -> Length:
    """Return a length as people write it: 2mm, 0.1in, 6pt, 24px; a bare number is millimetres.

    Raises:
        ValueError: it is none, or no sheet is as long.
    """
    if isinstance(text, Length):
        return text
    found = _LENGTH.fullmatch(str(text).strip())
    if not found:
        raise ValueError(f"{text!r} is no length: write 2mm, 0.1in, 6pt or 24px")
    number, unit = float(found[1]), found[2] or "mm"
    length = Length(number, True) if unit == "px" else Length(number * _UNITS_PT[unit])
    if abs(length.value) > _LONGEST_PT:
        raise ValueError(f"{text!r} is longer than any sheet")
    return length


def read_sheet(text: object) -> tuple[float, float]:
    """Return width and height in points of a sheet such as 320x450mm.

    Raises:
        ValueError: it is none, or larger than a page can be.
    """
    found = _SHEET.fullmatch(str(text).strip())
    if not found:
        raise ValueError(f"{text!r} is no sheet: write WIDTHxHEIGHT, as 320x450mm")
    unit = _UNITS_PT[found[3] or "mm"]
    size = float(found[1]) * unit, float(found[2]) * unit
    if min(size) < 1 or max(size) > _LONGEST_PT:
        raise ValueError(f"{text!r} is no possible sheet: a side has 1 pt to 200 in")
    return size


@dataclass(frozen=True)
class CutlineOptions:
    """How a cut line and what is printed around it are made.

    Attributes:
        offset: how far outside of the subject the line runs; negative is inside.
        bleed: how far the picture is printed beyond the line; 0 prints the cut-out subject alone.
        safe: how far inside of the line nothing important should lie.
        ppi: pixels to an inch; 0 for those that the picture tells, or else 300.
        spot: name of the line's colour.
        white_ink: whether there is a mask for white ink below the subject.
        varnish: whether there is one for varnish.
        sheet: width and height in points; None for a page around one copy.
        gap: between copies on a sheet.
        margin: of a sheet, where no copies lie.
        copies: on a sheet; 0 for as many as fit.
        marks: whether there are registration marks.

    Raises:
        ValueError: one of them is not possible; the message is a clear sentence.
    """

    offset: Length = Length(0.0)
    bleed: Length = Length(0.0)
    safe: Length = Length(0.0)
    ppi: float = 0.0
    spot: str = SPOT
    white_ink: bool = False
    varnish: bool = False
    sheet: tuple[float, float] | None = None
    gap: Length = Length(3 * _UNITS_PT["mm"])
    margin: Length = Length(10 * _UNITS_PT["mm"])
    copies: int = 0
    marks: bool = False

    def __post_init__(self) -> None:
        for name in ("bleed", "safe", "gap", "margin"):
            if getattr(self, name).value < 0:
                raise ValueError(f"{name} is not possible below 0.")
        if self.ppi and not 1 <= self.ppi <= 100_000:
            raise ValueError(f"ppi={self.ppi} is not possible: give 1 to 100000 pixels to an inch.")
        if not 0 <= self.copies <= 10_000:
            raise ValueError(f"copies={self.copies} is not possible: give 0 to 10000.")
        check_spot(self.spot)


def check_spot(name: str) -> None:
    """Refuse what is no name of a spot colour.

    Raises:
        ValueError: it is none; the message is a clear sentence.
    """
    if not (0 < len(name) <= 63 and name.isascii() and name.isprintable()):
        raise ValueError(f"{name!r} is no possible spot colour: give 1 to 63 ASCII letters.")
    if name in _RESERVED:
        raise ValueError(f"{name!r} is no possible spot colour: the name has another meaning.")

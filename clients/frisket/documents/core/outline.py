"""How the outline of a matte is drawn."""

from __future__ import annotations

from dataclasses import dataclass

NAME = "Frisket"
LONGEST_NAME = 255
MOST_KNOTS = 65535  # of one closed curve, by the width of the number in a file


@dataclass(frozen=True)
class OutlineOptions:
    """How an outline is drawn and stored.

    Attributes:
        level: share of opacity, above 0 and at most 1: from there on a pixel is inside.
        tolerance: greatest distance of the path to the contour, in pixels.
        inset: pixels that the outline is moved inwards by; negative moves it outwards.
        speck: pieces and holes that are smaller are left out, in square pixels.
        max_knots: of a path; it is drawn more coarsely until it has no more.
        name: of the path.
        clip: whether it becomes the document's clipping path too.

    Raises:
        ValueError: one of them is not possible; the message is a clear sentence.
    """

    level: float = 0.5
    tolerance: float = 0.5
    inset: float = 0.0
    speck: float = 16.0
    max_knots: int = 4000
    name: str = NAME
    clip: bool = True

    def __post_init__(self) -> None:
        _require(0 < self.level <= 1, f"level={self.level}", "a share above 0 and at most 1")
        _require(0.1 <= self.tolerance <= 16, f"tolerance={self.tolerance}", "0.1 to 16 pixels")
        _require(-1000 <= self.inset <= 1000, f"inset={self.inset}", "-1000 to 1000 pixels")
        _require(0 <= self.speck <= 1e9, f"speck={self.speck}", "0 to 1e9 square pixels")
        most = f"3 to {MOST_KNOTS} knots"
        _require(3 <= self.max_knots <= MOST_KNOTS, f"max_knots={self.max_knots}", most)
        encode_name(self.name)


def encode_name(name: str) -> bytes:
    """Return a path's name as files hold it.

    Raises:
        ValueError: it has none, is too long, or has letters that they do not know.
    """
    try:
        raw = name.encode("mac-roman")
    except UnicodeEncodeError:
        raise ValueError(
            f"The path name {name!r} is not possible: give letters of western languages."
        ) from None
    _require(
        0 < len(raw) <= LONGEST_NAME and min(raw) >= 32,
        f"The path name {name!r}", f"1 to {LONGEST_NAME} printable letters",
    )  # fmt: skip
    return raw


def _require(good: bool, named: str, wanted: str) -> None:
    if not good:
        raise ValueError(f"{named} is not possible: give {wanted}.")

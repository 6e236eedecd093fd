"""Where copies and registration marks lie on a sheet; points, y upwards, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[float, float]
_ROUNDING = 1e-6


class NoRoom(Exception):
    """The copies do not fit; the message is part of a sentence."""


@dataclass(frozen=True)
class Box:
    """A rectangle in points."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From bottom to top."""
        return self.top - self.bottom

    def grow(self, by: float) -> Box:
        """Return the box with so much more on each side."""
        return Box(self.left - by, self.bottom - by, self.right + by, self.top + by)

    def scale(self, by: float) -> Box:
        """Return the box in units of another size."""
        return Box(self.left * by, self.bottom * by, self.right * by, self.top * by)

    def join(self, other: Box) -> Box:
        """Return the box around both."""
        return Box(
            min(self.left, other.left), min(self.bottom, other.bottom),
            max(self.right, other.right), max(self.top, other.top),
        )  # fmt: skip

    def move(self, x: float, y: float) -> Box:
        """Return the same box elsewhere."""
        return Box(self.left + x, self.bottom + y, self.right + x, self.top + y)


def place_copies(
    piece: Box, sheet: Place, gap: float, margin: float, copies: int = 0
) -> list[Place]:
    """Return by how much each copy of a piece is moved, rows from the top, the grid in the middle.

    Args:
        piece: what one copy covers.
        sheet: width and height.
        gap: between copies.
        margin: around all of them.
        copies: how many; 0 for as many as fit.

    Raises:
        NoRoom: they do not fit.
    """
    columns, rows = (
        _count(room - 2 * margin, size, gap)
        for room, size in zip(sheet, (piece.width, piece.height), strict=True)
    )
    fit = columns * rows
    if not fit or copies > fit:
        asked = f"{copies} copies do" if copies > 1 else "a copy does"
        raise NoRoom(f"{asked} not fit on the sheet, which has room for {fit}")
    wanted = copies or fit
    columns = min(columns, wanted)
    rows = -(-wanted // columns)
    left = (sheet[0] - _span(columns, piece.width, gap)) / 2
    top = (sheet[1] + _span(rows, piece.height, gap)) / 2
    return [
        (left + number % columns * (piece.width + gap) - piece.left,
         top - number // columns * (piece.height + gap) - piece.top)
        for number in range(wanted)
    ]  # fmt: skip


def _count(room: float, size: float, gap: float) -> int:
    return max(0, int((room + gap + _ROUNDING) // (size + gap)))


def _span(count: int, size: float, gap: float) -> float:
    return count * (size + gap) - gap


def place_marks(sheet: Place, margin: float) -> list[Place]:
    """Return the middles of registration marks: in the corners, half way into the margin."""
    in_ = margin / 2
    return [(x, y) for y in (in_, sheet[1] - in_) for x in (in_, sheet[0] - in_)]

"""Gradients written as CSS writes them: linear-gradient(…) and radial-gradient(…)."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from frisket.documents.core.pixels import Pixels

from .words import Srgb, read_angle, read_colour, read_share, split_outside

_CALL = re.compile(r"(linear|radial)-gradient\((.*)\)", re.DOTALL)
_STOP = re.compile(r"(.+?)\s+(-?\d+(?:\.\d+)?%)")
_TO = {
    "to top": 0.0, "to right": 90.0, "to bottom": 180.0, "to left": 270.0,
    "to top right": 45.0, "to bottom right": 135.0, "to bottom left": 225.0, "to top left": 315.0,
}  # fmt: skip
_STEPS = 65536


@dataclass(frozen=True)
class Gradient:
    """Colours along a line, or around a point.

    Attributes:
        kind: "linear" or "radial".
        stops: colours of sRGB and where they lie: 0 is the beginning, 1 the end; in order.
        angle: of a linear one, in degrees, as CSS counts: 0 to the top, 90 to the right.
        centre: of a radial one, shares of width and height. It ends at the farthest corner.
    """

    kind: str
    stops: tuple[tuple[Srgb, float], ...]
    angle: float = 180.0
    centre: tuple[float, float] = (0.5, 0.5)

    def measure(self, width: int, height: int) -> tuple[float, float, float]:
        """Return a, b, c of a·x + b·y + c, the place in a linear gradient of a pixel's centre.

        The line's length is that of CSS Images 3, section 3.1: corners get the end colours.
        """
        turn = math.radians(self.angle)
        sine, cosine = math.sin(turn), -math.cos(turn)
        length = abs(width * sine) + abs(height * cosine)
        a, b = sine / length, cosine / length
        return a, b, 0.5 - a * (width - 1) / 2 - b * (height - 1) / 2

    def reach(self, width: int, height: int) -> float:
        """Return the distance from the centre to the farthest corner, in pixels."""
        x, y = self.centre[0] * width, self.centre[1] * height
        return math.hypot(max(x, width - x), max(y, height - y))

    def tabulate(self) -> Pixels:
        """Return the colours at 65,536 places, (1, 65536, 3) of sRGB, uint16."""
        places = np.linspace(0, 1, _STEPS)
        colours = np.array([colour for colour, _ in self.stops], float) * 257
        at = [place for _, place in self.stops]
        mixed = [np.interp(places, at, colours[:, band]) for band in range(3)]
        return np.asarray(np.rint(np.stack(mixed, -1))[None], np.uint16)


def read_gradient(text: str) -> Gradient | None:
    """Return the gradient that a text describes; None where it is no gradient at all.

    Raises:
        ValueError: it is one, and something in it is wrong.
    """
    match = _CALL.fullmatch(text.strip())
    if not match:
        return None
    kind, parts = match[1], split_outside(match[2])
    angle, centre = 180.0, (0.5, 0.5)
    if kind == "linear" and (parts[0] in _TO or parts[0].endswith("deg")):
        first = parts.pop(0)
        angle = _TO[first] if first in _TO else read_angle(first)
    elif kind == "radial" and parts[0].startswith("at "):
        centre = _read_centre(parts.pop(0))
    if len(parts) < 2:
        raise ValueError(f"{text!r} has fewer than two colours")
    return Gradient(kind, _space_out([_read_stop(part) for part in parts]), angle, centre)


def _read_centre(text: str) -> tuple[float, float]:
    words = text.split()[1:]
    if len(words) != 2:
        raise ValueError(f"{text!r} is no place: write at 50% 40%")
    return read_share(words[0]), read_share(words[1])


def _read_stop(text: str) -> tuple[Srgb, float | None]:
    match = _STOP.fullmatch(text)
    if match:
        return read_colour(match[1]), read_share(match[2])
    return read_colour(text), None


def _space_out(stops: list[tuple[Srgb, float | None]]) -> tuple[tuple[Srgb, float], ...]:
    """Give stops without a place theirs: evenly between their neighbours, never backwards."""
    places = [place for _, place in stops]
    places[0] = 0.0 if places[0] is None else places[0]
    places[-1] = 1.0 if places[-1] is None else places[-1]
    known = [index for index, place in enumerate(places) if place is not None]
    spread = np.interp(range(len(places)), known, [places[index] or 0.0 for index in known])
    ordered = np.maximum.accumulate(spread)
    return tuple((colour, float(at)) for (colour, _), at in zip(stops, ordered, strict=True))

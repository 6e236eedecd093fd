"""Values of finishing as people write them: colours, lengths, shadows, gradients.

Every reader raises ValueError with the end of a sentence that begins with the value: "'x' is …".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from frisket.nearest import find_nearest

if TYPE_CHECKING:
    from .geometry import Length

_LENGTH = re.compile(r"(-?\d+(?:\.\d+)?)\s*(px|%)?")
_BYTES = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g)?(i?b)?", re.IGNORECASE)
_SCALES = {"": 1, "k": 1000, "m": 1000_000, "g": 1000_000_000}
_MOST_PX = 1 << 20


class _NotOpaque(ValueError):
    """A colour has an alpha of its own."""


MOST_SIDE_PX = 300_000
Srgb = tuple[int, int, int]


def read_length(text: str) -> Length:
    """Return a length: 40, 40px or 5%."""
    from .geometry import Length  # the command line's start waits for what is loaded above

    match = _LENGTH.fullmatch(text.strip())
    if not match or abs(float(match[1])) > _MOST_PX:
        raise ValueError(f"{text!r} is no length: write pixels as 40 or a share as 5%")
    relative = match[2] == "%"
    return Length(float(match[1]) / 100 if relative else float(match[1]), relative)


def read_margin(text: str) -> Length:
    """Return a length that is not negative."""
    length = read_length(text)
    if length.value < 0:
        raise ValueError(f"{text!r} is less than nothing: a margin is 0 or more")
    return length


def read_share(text: str) -> float:
    """Return a share: 35%, or 0.35."""
    value = text.strip()
    try:
        share = float(value[:-1]) / 100 if value.endswith("%") else float(value)
    except ValueError:
        raise ValueError(f"{text!r} is no share: write 35% or 0.35") from None
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} does not lie between 0% and 100%")
    return share


def read_angle(text: str) -> float:
    """Return degrees."""
    try:
        value = float(text.strip().removesuffix("deg"))
    except ValueError:
        value = math.nan
    if not -360 <= value <= 360:
        raise ValueError(f"{text!r} is no angle: write degrees from -360 to 360")
    return value


def read_colour(text: str) -> Srgb:
    """Return a CSS colour: a name, #hex, rgb() or hsl()."""
    from PIL import ImageColor

    try:
        red, green, blue, *alpha = ImageColor.getrgb(text.strip())
        if alpha not in ([], [255]):
            raise _NotOpaque
        if max(red, green, blue) <= 255:
            return red, green, blue
        raise ValueError
    except _NotOpaque:
        raise ValueError(f"{text!r} is partly transparent: write an opaque colour") from None
    except ValueError:
        near = find_nearest(text.strip().lower(), ImageColor.colormap)
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(
            f"{text!r} is no colour: write a CSS name, #rrggbb, rgb() or hsl(){hint}"
        ) from None


def read_aspect(text: str) -> float:
    """Return a ratio of width by height: 4:5 or 0.8."""
    across, _, down = text.partition(":")
    try:
        value = float(across) / float(down or 1)
    except (ValueError, ZeroDivisionError):
        value = math.nan
    if not 0.01 <= value <= 100:
        raise ValueError(f"{text!r} is no ratio of width by height: write 4:5")
    return value


def read_bytes(text: str) -> int:
    """Return bytes: 500000, 500k or 2MB; a kilobyte has 1000."""
    match = _BYTES.fullmatch(text.strip())
    value = float(match[1]) * _SCALES[(match[2] or "").lower()] if match else 0
    if not 1 <= value < 1 << 50:
        raise ValueError(f"{text!r} is no number of bytes: write 500k or 2MB")
    return int(value)


def read_pair(text: str) -> tuple[Length, Length]:
    """Return two lengths: X,Y."""
    across, comma, down = text.partition(",")
    if not comma:
        raise ValueError(f"{text!r} is not X,Y in pixels or %")
    return read_length(across), read_length(down)


def read_align(text: str) -> str:
    """Return one of `ALIGNMENTS`; "center" is "centre"."""
    from .geometry import ALIGNMENTS

    word = text.strip().lower().replace("center", "centre")
    if word not in ALIGNMENTS:
        raise ValueError(f"{text!r} is no place: use {', '.join(ALIGNMENTS)}")
    return word


@dataclass(frozen=True)
class Named:
    """Reads NAME:key=value,key=value.

    Attributes:
        kinds: by name, the readers of its values by key.
        what: what such a text describes, for messages: "a shadow".
    """

    kinds: Mapping[str, Mapping[str, Callable[[str], Any]]]
    what: str

    def __call__(self, text: str) -> tuple[str, dict[str, Any]]:
        """Return the name and the values that were given.

        Raises:
            ValueError: there is no such name, key or value; says which there are.
        """
        name, _, rest = text.strip().partition(":")
        if name not in self.kinds:
            near = find_nearest(name, self.kinds)
            hint = f"; did you mean {near!r}?" if near else ""
            raise ValueError(f"{name!r} is not {self.what}: use {', '.join(self.kinds)}{hint}")
        found: dict[str, Any] = {}
        for part in split_outside(rest) if rest else ():
            key, _, value = part.partition("=")
            found[key.strip()] = self._read(name, key.strip(), value)
        return name, found

    def _read(self, name: str, key: str, value: str) -> Any:
        keys = self.kinds[name]
        if key not in keys:
            raise ValueError(f"{key!r} is nothing that {name!r} has: use {', '.join(keys)}")
        return keys[key](value)


def split_outside(text: str) -> list[str]:
    """Split at commas that stand outside of parentheses."""
    parts, depth = [""], 0
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts]

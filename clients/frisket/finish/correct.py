"""Corrections of the picture before anything else: exposure, white, noise, flat contrast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from .denoise import Denoise, read_method
from .equalise import Equalise
from .errors import BadFinish
from .geometry import Length
from .lab import WHITE, adapt_white, change_lab, refuse_inks, to_lab, to_xyz, xyz_to_lab
from .reduce import reduce
from .scene import Facts, Scene
from .spill import Spill, read_screen
from .vips import to_array
from .words import Named, read_margin, read_share

_POINT_PX = 5  # a point is the mean of so many pixels a side
_MOST_STOPS = 8.0
_DARKEST = 0.005  # light that is too dark to tell its colour, as a share of white's
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """More or less light.

    Attributes:
        stops: each doubles the light; negative ones halve it. What passes white is cut off.
    """

    stops: float

    def check(self, facts: Facts) -> None:
        """Refuse inks; see `refuse_inks`."""
        refuse_inks(facts, "an exposure")

    def apply(self, scene: Scene) -> Scene:
        """Return the scene in the other light."""
        factor = 2.0**self.stops
        return change_lab(scene, lambda lab: xyz_to_lab(to_xyz(lab) * factor))


@dataclass(frozen=True)
class White:
    """The white balance: takes a colour cast out of the light.

    Without a point the mean of the whole picture becomes grey (the grey world of Buchsbaum, 1980).

    Attributes:
        x, y: a point of the picture that is grey or white in truth; shares are of its sides.
    """

    x: Length | None = None
    y: Length | None = None

    def check(self, facts: Facts) -> None:
        """Refuse half a point, one outside of the picture, and what has no colours to balance.

        Raises:
            BadFinish: it is one of these.
        """
        refuse_inks(facts, "a white balance")
        if facts.space.mode == "GRAY":
            raise BadFinish(f"{facts.path} is grey, so there is no white to balance: leave it out")
        if (self.x is None) != (self.y is None):
            raise BadFinish("--correct white takes both x and y of a point, or neither")
        if self.x is not None and self.y is not None:
            x, y = self.x.measure(facts.width), self.y.measure(facts.height)
            if x >= facts.width or y >= facts.height:
                raise BadFinish(
                    f"--correct white: the point {x:g},{y:g} lies outside of the picture, which "
                    f"has {facts.width} × {facts.height} pixels"
                )

    def apply(self, scene: Scene) -> Scene:
        """Return the scene without the cast; with a note where it is too dark to tell one."""
        light = self._measure_light(scene)
        if light[1] < _DARKEST * WHITE[1]:
            return scene.note("the picture is too dark to balance its white: that is left out")
        matrix = adapt_white(light).tolist()
        return change_lab(scene, lambda lab: xyz_to_lab(to_xyz(lab).recomb(matrix)))

    def _measure_light(self, scene: Scene) -> Vector:
        """Return the XYZ of what is to be grey."""
        picture = scene.original
        if self.x is None or self.y is None:
            sample = reduce(picture, scene.work)
        else:
            x, y = int(self.x.measure(picture.width)), int(self.y.measure(picture.height))
            left, top = max(0, x - _POINT_PX // 2), max(0, y - _POINT_PX // 2)
            size = (min(_POINT_PX, picture.width - left), min(_POINT_PX, picture.height - top))
            sample = picture.crop(left, top, *size)
        light = to_xyz(to_lab(sample, scene.space, scene.work.folder))
        mean: Vector = to_array(light).reshape(-1, 3).mean(axis=0, dtype=np.float64)
        return mean


Correction = Exposure | White | Denoise | Equalise | Spill


def _read_stops(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not -_MOST_STOPS <= value <= _MOST_STOPS:
        raise ValueError(f"{text!r} is no exposure: write stops from -8 to 8, as 0.5")
    return value


def _read_limit(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    if not 1 <= value <= 40:
        raise ValueError(f"{text!r} is no limit of contrast: write a number from 1 to 40")
    return value


_KINDS: dict[str, type[Any]] = {
    "exposure": Exposure, "white": White, "denoise": Denoise, "equalise": Equalise,
    "spill": Spill,
}  # fmt: skip
_READERS: dict[str, Callable[[str], Any]] = {
    "stops": _read_stops, "x": read_margin, "y": read_margin, "method": read_method,
    "strength": read_share, "limit": _read_limit, "screen": read_screen,
}  # fmt: skip
CORRECTIONS = {
    name: {field.name: _READERS[field.name] for field in fields(kind)}
    for name, kind in _KINDS.items()
}
_NAMED = Named(CORRECTIONS, "a correction")


def read_correction(text: str) -> Correction:
    """Return the correction that a text names, with its values: one of `CORRECTIONS`.

    Raises:
        ValueError: it names none.
    """
    kind, values = _NAMED(text)
    if kind == "exposure" and "stops" not in values:
        raise ValueError(f"{text!r} has no stops: write exposure:stops=0.5")
    found: Correction = _KINDS[kind](**values)
    return found

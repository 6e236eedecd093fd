"""Contrast that is evened out place by place, in Lab's lightness: CLAHE.

After Zuiderveld, "Contrast limited adaptive histogram equalization" (1994). The curves of the
places are measured on a small copy; between them they are mixed linearly, pixel by pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import BadFinish
from .lab import change_lab, refuse_inks, to_lab
from .reduce import reduce
from .scene import Facts, Scene
from .vips import Image, from_array, load_vips, to_array

_PLACES = 8  # a side
_LEVELS = 256
_WHITE = 100.0
Curves = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Equalise:
    """Flat contrast is raised, and where it is strong already it stays.

    Attributes:
        limit: how much steeper a curve gets at most, 1 or more; 1 changes nothing.
    """

    limit: float = 2.0

    def check(self, facts: Facts) -> None:
        """Refuse inks and pictures that are too small.

        Raises:
            BadFinish: a side has fewer pixels than places; or see `refuse_inks`.
        """
        refuse_inks(facts, "an equalised contrast")
        if min(facts.width, facts.height) < _PLACES:
            raise BadFinish(f"{facts.path} has too few pixels for --correct equalise: leave it out")

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the other contrast."""
        small = to_lab(reduce(scene.original, scene.work), scene.space, scene.work.folder)
        curves = measure_curves(to_array(small)[..., 0], self.limit)
        return change_lab(scene, lambda lab: apply_curves(lab, curves))


def measure_curves(lightness: npt.NDArray[np.floating], limit: float) -> Curves:
    """Return the curve of each place, (8, 8, 256): lightness that becomes of 0 to 100.

    Args:
        lightness: (height, width) of 0 to 100.
        limit: what a bin of a histogram holds at most, as a multiple of their mean.
    """
    rows = np.linspace(0, lightness.shape[0], _PLACES + 1).astype(int)
    columns = np.linspace(0, lightness.shape[1], _PLACES + 1).astype(int)
    curves = np.empty((_PLACES, _PLACES, _LEVELS), np.float32)
    for y in range(_PLACES):
        for x in range(_PLACES):
            place = lightness[rows[y] : rows[y + 1], columns[x] : columns[x + 1]]
            curves[y, x] = _draw_curve(place, limit)
    return curves


def _draw_curve(place: npt.NDArray[np.floating], limit: float) -> Curves:
    """Return the cumulative histogram of a place; what is above the limit is spread evenly."""
    found = np.histogram(place, _LEVELS, (0, _WHITE))[0] / max(1, place.size)
    most = limit / _LEVELS
    kept = np.minimum(found, most)
    for _ in range(_LEVELS):  # what is spread may pass the limit again
        left = 1 - kept.sum()
        room = most - kept
        if left < 1e-6 or room.sum() < 1e-9:
            break
        kept += np.minimum(room, left / np.count_nonzero(room > 1e-12))
    total = np.cumsum(kept)
    return np.asarray((total - kept / 2) / total[-1] * _WHITE, np.float32)


def apply_curves(lab: Image, curves: Curves) -> Image:
    """Return Lab colours after the curves around each pixel."""
    table = from_array(curves.transpose(0, 2, 1).reshape(_PLACES * _LEVELS, _PLACES).copy())
    place = load_vips().Image.xyz(lab.width, lab.height)
    across = _find_place(place[0], lab.width)
    down = _find_place(place[1], lab.height)
    level = _clip(lab[0] * ((_LEVELS - 1) / _WHITE), _LEVELS - 1)
    above = _clip(down.floor(), _PLACES - 2)
    share = down - above
    one, two = (_look_up(table, across, row * _LEVELS + level) for row in (above, above + 1))
    return (one * (1 - share) + two * share).bandjoin(lab.extract_band(1, n=2))


def _find_place(at: Image, side: int) -> Image:
    """Return where pixels lie between the middles of the places, 0 to their number less one."""
    return _clip((at + 0.5) * (_PLACES / side) - 0.5, _PLACES - 1)


def _clip(image: Image, top: float) -> Image:
    low = (image > 0).ifthenelse(image, 0)
    return (low < top).ifthenelse(low, top)


def _look_up(table: Image, column: Image, row: Image) -> Image:
    index = column.bandjoin(row).cast("float")
    bilinear = load_vips().Interpolate.new("bilinear")
    return table.mapim(index, interpolate=bilinear, extend="copy")

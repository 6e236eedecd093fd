"""From a coarse alpha to a linear matte."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..errors import BadInput
from . import trust
from .band import find_band, settle_trimap, widen_band
from .closed import Laplacian, minimise
from .edge import apply_edge
from .hints import apply_hints, hint_trimap
from .planes import multiply_planes, split_planes
from .types import Bytes, EdgeControls, Float, Hints, LinearMatte, Quality


@dataclass(frozen=True)
class _Effort:
    """What a quality costs and gives.

    Attributes:
        side: longer side of the grid.
        steps: of conjugate gradients.
        again: steps of a second solve, in the band that the first has narrowed; 0 for none.
        reach: of the band, in the model's own pixels.
        far: the same around hair and the like; 0 for no farther.
        wide: the band stays open that far around what was solved, for a refiner to look at.
        radius: of the windows in which alpha is linear in colour, in cells.
        wish: the least weight of the model's answer where it is sure.
        cell: the model's own pixel in cells.
    """

    side: int
    steps: int
    reach: float
    far: float = 0.0
    again: int = 0
    wide: bool = False
    radius: int = 3
    wish: float = 1e-3
    cell: float = 1.0


_EFFORTS = {
    Quality.STANDARD: _Effort(side=640, steps=20, reach=2.0, radius=2, wish=3e-3),
    Quality.HIGH: _Effort(side=1024, steps=40, reach=2.4, far=12.0, again=20),
    Quality.BEST: _Effort(side=1024, steps=40, reach=2.4, far=12.0, again=20, wide=True),
}
_COARSE_CELL = 2.0  # from here on the model's pixel is far wider than the grid's
_MOST_WISH = 0.03
_WISH_CRISP = 0.01
_EPS = 1e-6
# Of the final regression: a smaller one turns grain of the full resolution into grain of alpha.
_EPS_CARRIED = 1e-4
_WISH_ALONE = 1e-2  # the least wish where nothing is known for certain
_LEVELS = 0.02  # alpha this near to 0 or 1 is taken to be meant so
# Of the second solve: from which alpha on a cell is open, and how much the model's answer counts.
_OPEN_AGAIN, _WISH_AGAIN = 0.05, np.float32(0.3)
_GAIN = np.float32(1 / (1 - 2 * _LEVELS))
_STEP = np.float32(1 / 4096)


def _fit_grid(shape: tuple[int, int], side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _resize(image: Bytes, size: tuple[int, int]) -> Bytes:
    if image.shape[:2] == size:
        return image
    return np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def make_guide(rgb: Bytes, matte: LinearMatte) -> Float:
    """Return a proxy (h, w, 3) as a matte's cells see it: (rows, columns, 3) float32, 0..1."""
    size = (matte.b.shape[0], matte.b.shape[1])
    return np.asarray(_resize(rgb, size).astype(np.float32) / np.float32(255))


def _check_sizes(rgb: Bytes, coarse: Bytes) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise BadInput("The proxy must be (height, width, 3) uint8 and not empty.")
    if coarse.shape != rgb.shape[:2] or coarse.dtype != np.uint8:
        raise BadInput(
            f"The coarse alpha is {coarse.shape}, the proxy {rgb.shape[:2]}; they must agree."
        )


@dataclass(frozen=True, eq=False)
class Settled:
    """A coarse alpha with all that the hints said of it: they are needed no more.

    Attributes:
        alpha: (h, w) 0..255, as the hints would have it.
        certain: (rows, columns) of the solve's grid: 0 and 255 where hints make it certain,
            else 128; None without hints.
        whole: `certain` says where the band is, and nothing else does.
    """

    alpha: Bytes
    certain: Bytes | None = None
    whole: bool = False


def settle_hints(
    rgb: Bytes,
    coarse: Bytes,
    hints: Hints,
    quality: Quality = Quality.STANDARD,
    prompted: bool = False,
) -> Settled:
    """Return a coarse alpha as the hints would have it.

    Args:
        rgb: (h, w, 3) the proxy, sRGB.
        coarse: (h, w) the model's answer, 0..255.
        hints: what the user says, in pixels of the proxy.
        quality: it is to be solved with.
        prompted: the model has already obeyed boxes, points and scribbles itself.

    Raises:
        BadInput: sizes that do not fit one another, or a hint outside the proxy.
    """
    _check_sizes(rgb, coarse)
    if hints.empty:
        return Settled(coarse)
    shape = (rgb.shape[0], rgb.shape[1])
    alpha = apply_hints(rgb, coarse, hints, prompted)
    if quality is Quality.DRAFT:
        return Settled(alpha)
    certain = hint_trimap(hints, shape, _fit_grid(shape, _EFFORTS[quality].side))
    return Settled(alpha, certain, hints.trimap is not None)


def solve(
    rgb: Bytes,
    coarse: Bytes,
    layer_size: tuple[int, int],
    quality: Quality = Quality.STANDARD,
    hints: Hints | None = None,
    edge: EdgeControls | None = None,
    cell_px: float | None = None,
) -> LinearMatte:
    """Solve the edge on the proxy; the matte's grid is the proxy's or smaller.

    Args:
        rgb: (h, w, 3) the proxy, sRGB.
        coarse: (h, w) the model's answer, 0..255.
        layer_size: (width, height) of the layer in pixels.
        quality: how much work the edge gets.
        hints: what the user says, in pixels of the proxy.
        edge: what the user wants done to the edge.
        cell_px: the model's own pixel in pixels of the proxy; None guesses 1/320 of the side.

    Raises:
        BadInput: sizes that do not fit one another, or a hint outside the proxy.
    """
    settled = settle_hints(rgb, coarse, hints or Hints(), quality)
    return solve_settled(rgb, settled, layer_size, quality, edge, cell_px)


def solve_settled(
    rgb: Bytes,
    settled: Settled,
    layer_size: tuple[int, int],
    quality: Quality = Quality.STANDARD,
    edge: EdgeControls | None = None,
    cell_px: float | None = None,
) -> LinearMatte:
    """Solve the edge on the proxy, hints having been settled; see `solve`."""
    coarse = settled.alpha
    if quality is Quality.DRAFT:
        return _enlarge_coarse(coarse, layer_size)
    size = _fit_grid(rgb.shape[:2], _EFFORTS[quality].side)
    guide, alpha = _resize(rgb, size), _resize(coarse, size)
    cell = max(1.0, (cell_px or max(coarse.shape) / 320) * max(size) / max(coarse.shape))
    effort = _fit_effort(_EFFORTS[quality], alpha, cell)
    trimap = _narrow_band(_open_band(alpha, effort), settled)
    return _solve_band(guide, alpha, trimap, layer_size, effort, edge or EdgeControls())


def _fit_effort(effort: _Effort, alpha: Bytes, cell: float) -> _Effort:
    """Return the effort for a model whose own pixel is ``cell`` cells wide.

    Windows span about three of the model's pixels, for it errs by no more than that. Where
    its pixel is hardly wider than a cell, as in small pictures, its answer knows the outline
    about as well as colour does, and colour that is alike on both sides would mislead it: there
    no more is done than for `standard`.
    """
    if cell < _COARSE_CELL:
        effort = replace(_EFFORTS[Quality.STANDARD], side=effort.side, wide=effort.wide)
    least, radius = effort.wish, min(effort.radius, int(1.5 * cell))
    if trust.is_crisp(alpha.astype(np.float32) / np.float32(255), cell):
        least, radius = max(least, _WISH_CRISP), 1
    near = (_COARSE_CELL / min(cell, _COARSE_CELL)) ** 7
    wish = min(least * near, _MOST_WISH)
    return replace(effort, radius=radius, wish=wish, cell=cell)


def open_band(alpha: Bytes, cell: float, quality: Quality) -> Bytes:
    """Return the trimap (h, w) that a quality solves in where hints say nothing.

    Args:
        alpha: (h, w) the coarse alpha on the solve's grid, 0..255.
        cell: the model's own pixel in cells, at least 1.
        quality: any but `draft`, which solves nothing.
    """
    return _open_band(alpha, _fit_effort(_EFFORTS[quality], alpha, cell))


def _open_band(alpha: Bytes, effort: _Effort) -> Bytes:
    trimap = find_band(alpha, effort.reach * effort.cell)
    return widen_band(trimap, alpha, effort.cell, effort.far) if effort.far else trimap


def _narrow_band(trimap: Bytes, settled: Settled) -> Bytes:
    """Take what hints make certain from the band; a trimap's unknown part is all of it."""
    certain = settled.certain
    if certain is None or settled.whole:
        return trimap if certain is None else certain
    return np.where(certain == 128, trimap, certain).astype(np.uint8)


def _solve_band(
    guide: Bytes,
    alpha: Bytes,
    trimap: Bytes,
    layer_size: tuple[int, int],
    effort: _Effort,
    edge: EdgeControls,
) -> LinearMatte:
    """Solve in closed form within the band's bounding box; outside it everything is known."""
    box = _find_box(trimap == 128, 2 * effort.radius + 1)
    a = np.zeros((*trimap.shape, 3), np.float32)
    b = (trimap == 255).astype(np.float32)
    method = "Nothing was open."
    if box is not None:
        a[box], b[box], method = _solve_closed_form(guide[box], alpha[box], trimap[box], effort)
    a, b = (np.rint(v / _STEP) * _STEP for v in (a, b))
    colours = guide.astype(np.float32) / np.float32(255)
    shown = multiply_planes(split_planes(a), split_planes(colours)) + b
    if not edge.neutral:
        a, b, shown = apply_edge(a, b, shown, edge, max(shown.shape) / max(layer_size))
        trimap = np.full_like(trimap, 128)
    margin = max(2, round(effort.reach * effort.cell)) if effort.wide else 2
    known = settle_trimap(trimap, shown, margin)
    return _finish(a, b, known, shown, layer_size, method)


def _solve_closed_form(
    guide: Bytes, alpha: Bytes, trimap: Bytes, effort: _Effort
) -> tuple[Float, Float, str]:
    wish = alpha.astype(np.float32) / np.float32(255)
    free = trimap == 128
    sided = (trimap == 255).any() and (trimap == 0).any()
    least = effort.wish if sided else max(effort.wish, _WISH_ALONE)
    weight = trust.weigh(wish, effort.cell, least)
    weight += np.float32(1e-6)
    start = np.where(free, wish, trimap == 255).astype(np.float32)
    colours = guide.astype(np.float32) / np.float32(255)
    laplacian = Laplacian(colours, effort.radius, _EPS)
    solved = np.clip(minimise(laplacian, wish, weight, start, free, effort.steps), 0, 1)
    method = f"Closed-form matting on the band, {effort.steps + effort.again} steps."
    if not np.isfinite(solved).all():
        solved = start
        method = "The system could not be solved, so the coarse alpha was filtered instead."
    elif effort.again:
        near = settle_trimap(trimap, _stretch(solved), effort.radius + 1, _OPEN_AGAIN)
        solved = _solve_again(laplacian, wish, weight, solved, near, effort.again)
    if not sided and solved is not start:
        method += " Nothing was certain, so the model's own answer weighed more."
    a, b = Laplacian(colours, effort.radius, _EPS_CARRIED).fit_linear(solved)
    return a * _GAIN, _stretch(b), method


def _solve_again(
    laplacian: Laplacian, wish: Float, weight: Float, solved: Float, near: Bytes, steps: int
) -> Float:
    """Solve once more in the band that the first solve left open: what it decided is known.

    There colours count for more, since windows see what is known on both sides.
    """
    start = np.where(near == 128, solved, near == 255).astype(np.float32)
    less = weight * _WISH_AGAIN
    return np.clip(minimise(laplacian, wish, less, start, near == 128, steps), 0, 1)


def _stretch(alpha: Float) -> Float:
    """Return alpha, or the offset that it is made of, with what is nearly 0 or 1 beyond that."""
    return np.asarray((alpha - np.float32(_LEVELS)) * _GAIN)


def _find_box(mask: Bytes, margin: int) -> tuple[slice, slice] | None:
    rows, cols = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(cols[0]) - margin), int(cols[-1]) + margin + 1),
    )


def _finish(
    a: Float, b: Float, known: Bytes, shown: Float, layer_size: tuple[int, int], method: str
) -> LinearMatte:
    """Return the matte: outside the band the coefficients are exactly 0 and 0 or 1."""
    inside = known == 128
    slopes = np.zeros(a.shape, np.float32)
    for to, plane in zip(split_planes(slopes), split_planes(a), strict=True):
        np.copyto(to, plane, where=inside)
    b = np.where(inside, b, (known == 255).astype(np.float32)).astype(np.float32)
    alpha = np.rint(np.clip(np.where(inside, shown, b), 0, 1) * 255).astype(np.uint8)
    return LinearMatte(slopes, b, known, layer_size[0], layer_size[1], method, alpha)


def _enlarge_coarse(coarse: Bytes, layer_size: tuple[int, int]) -> LinearMatte:
    alpha = _resize(coarse, _fit_grid(coarse.shape, 1024))
    sure = ((alpha == 0) | (alpha == 255)).astype(np.uint8)
    known = np.where(sure, alpha, 128).astype(np.uint8)
    zero = np.zeros((*alpha.shape, 3), np.float32)
    b = alpha.astype(np.float32) / np.float32(255)
    return LinearMatte(
        zero, b, known, layer_size[0], layer_size[1], "The coarse alpha, enlarged.", alpha
    )

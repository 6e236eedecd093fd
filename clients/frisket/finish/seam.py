"""The seam between a subject and its background, blended in a narrow band inside the subject.

After Pérez, Gangnet and Blake, "Poisson image editing" (2003), with their membrane: the subject
keeps its own gradients, and what is added to them is harmonic between the seam, where it leads
towards the background, and the far side of the band, where it is nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .blur import enlarge
from .errors import BadFinish
from .ground import blur_map
from .reduce import choose_factor, reduce
from .scene import Facts, Scene
from .vips import PEAKS, from_array, round_to, to_array

_WIDTH = 0.012  # of the band, as a share of the subject's longer side
_NOTHING, _FULL = 0.02, 0.98
Map = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Seam:
    """Blends the seam: deep inside the subject every pixel stays to the bit.

    Attributes:
        strength: 0 leaves the edge, 1 gives it the background's tone.
    """

    strength: float

    def check(self, facts: Facts) -> None:
        """Refuse a finish without background.

        Raises:
            BadFinish: nothing lies below the subject.
        """
        if not facts.opaque:
            raise BadFinish(
                "--blend-seam needs a background to blend with: add --background, or leave it out"
            )

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the other edge colours."""
        below = scene.flatten_below()
        if below is None or not self.strength:
            return scene
        factor = choose_factor(scene.width, scene.height)
        alpha = to_array(reduce(scene.alpha, scene.work))[..., 0] / PEAKS[scene.alpha.format]
        own, other = (
            to_array(reduce(image, scene.work)).astype(np.float64)
            for image in (scene.subject, below.colours)
        )
        width = max(2, round(_WIDTH * scene.box.side / factor))
        added = solve_seam(alpha, (other - own) * self.strength, width).astype(np.float32)
        full = enlarge(from_array(added), factor, scene.width, scene.height)
        subject = round_to(scene.subject + full, scene.subject.format)
        name = scene.subject.interpretation
        return replace(scene, subject=subject.copy(interpretation=name))


def solve_seam(alpha: Map, wanted: Map, width: int) -> Map:
    """Return what is added to a subject's colours.

    Args:
        alpha: (height, width) of 0 to 1.
        wanted: (height, width, bands): what would be added at the seam; its mean along it counts.
        width: of the band inside the seam, in pixels.
    """
    empty, solid = alpha <= _NOTHING, alpha >= _FULL
    seam = ~(empty | solid) | (solid & _grow(empty, 1))
    added = np.where(seam[..., None], _average_along(wanted, seam, width), 0.0)
    inside = _grow(seam, width) & solid & ~seam
    outside = _grow(seam, 2) & empty  # enlarging mixes these in
    held = seam | solid
    return _relax(added, inside | outside, held | outside, width)


def _grow(flags: Flags, steps: int) -> Flags:
    """Return flags that reach so many pixels farther, along rows and columns."""
    for _ in range(steps):
        wide = np.pad(flags, 1)
        flags = flags | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]
    return flags


def _average_along(wanted: Map, seam: Flags, width: int) -> Map:
    """Return the mean of what is wanted along the seam around each pixel, without its details."""
    weight = blur_map(seam.astype(float), width, width)
    bands = [blur_map(wanted[..., band] * seam, width, width) for band in range(wanted.shape[-1])]
    return np.asarray(np.stack(bands, axis=-1) / np.maximum(weight, 1e-9)[..., None])


def _relax(values: Map, unknown: Flags, counted: Flags, width: int) -> Map:
    """Return values that are the mean of their counted neighbours wherever they are unknown.

    By successive over-relaxation in two colours of a chessboard.
    """
    wide, free = np.pad(values, ((1, 1), (1, 1), (0, 0))), np.pad(counted, 1)
    stride = wide.shape[1]
    flat = wide.reshape(-1, wide.shape[2])
    rows, columns = np.nonzero(unknown)
    omega = 2 / (1 + math.sin(math.pi / (width + 2)))
    halves = []
    for parity in (0, 1):
        chosen = (rows + columns) % 2 == parity
        at = (rows[chosen] + 1) * stride + columns[chosen] + 1
        around = np.stack([at - stride, at + stride, at - 1, at + 1])
        weights = free.reshape(-1)[around].astype(float)
        halves.append((at, around, weights / np.maximum(weights.sum(axis=0), 1)))
    for _ in range(8 * width + 40):
        for at, around, weights in halves:
            mean = (flat[around] * weights[..., None]).sum(axis=0)
            flat[at] += omega * (mean - flat[at])
    return wide[1:-1, 1:-1]

"""A subject that takes on something of the colours and contrast of what it stands before."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .errors import BadFinish
from .lab import from_lab, refuse_inks, to_lab
from .reduce import reduce
from .scene import Facts, Scene
from .vips import Image, to_array

_MOST_SHIFT = np.array([15.0, 12.0, 12.0])  # of the mean, in Lab
_MOST_RATIO = 4 / 3  # of the spread
_PLAIN = 3.0  # a background that spreads less is of one colour, whose contrast is none to take on
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Harmonise:
    """Brings the subject's mean and spread in Lab nearer to the background's.

    After Reinhard and others, "Color transfer between images" (2001), limited: the mean moves by
    15 in lightness and 12 in a and b at most, and the spread by a third.

    Attributes:
        strength: 0 leaves the subject, 1 does all that the limits allow.
    """

    strength: float

    def check(self, facts: Facts) -> None:
        """Refuse inks, and a finish without background.

        Raises:
            BadFinish: it is one of these.
        """
        refuse_inks(facts, "--harmonise")
        if not facts.opaque:
            raise BadFinish(
                "--harmonise needs a background to take colours from: add --background, or leave "
                "it out"
            )

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the other subject."""
        below = scene.flatten_below()
        if below is None or not self.strength:
            return scene
        weights = to_array(reduce(scene.alpha, scene.work))[..., 0].astype(np.float64)
        if not weights.any():
            return scene  # an edge that was moved far inwards has left nothing
        own = _measure(scene, scene.subject, weights)
        other = _measure(scene, below.colours, np.ones_like(weights))
        scale, shift = match_colours(own, other, self.strength)
        moved = to_lab(scene.subject, scene.space, scene.work.folder) * scale.tolist()
        subject = from_lab(moved + shift.tolist(), scene.space, scene.work.folder)
        return replace(scene, subject=subject)


def match_colours(
    own: tuple[Vector, Vector], other: tuple[Vector, Vector], strength: float
) -> tuple[Vector, Vector]:
    """Return what Lab colours are multiplied by, and what is added to them then.

    Args:
        own: mean and spread of the subject.
        other: of the background.
        strength: 0 to 1.
    """
    (mean, spread), (target, wide) = own, other
    ratio = np.clip(wide / np.maximum(spread, 1e-3), 1 / _MOST_RATIO, _MOST_RATIO) ** strength
    if wide[0] < _PLAIN:
        ratio = np.ones(3)
    moved = mean + np.clip(target - mean, -_MOST_SHIFT, _MOST_SHIFT) * strength
    return ratio, moved - mean * ratio


def _measure(scene: Scene, image: Image, weights: Vector) -> tuple[Vector, Vector]:
    """Return mean and standard deviation of an image's Lab, by the weights of a small copy."""
    lab = to_array(to_lab(reduce(image, scene.work), scene.space, scene.work.folder)).astype(
        np.float64
    )
    share = weights[..., None] / weights.sum()
    mean = (lab * share).sum(axis=(0, 1))
    return mean, np.sqrt((((lab - mean) ** 2) * share).sum(axis=(0, 1)))

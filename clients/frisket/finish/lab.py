"""Lab and XYZ of a picture's own colours, for steps that think in what the eye sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .errors import BadFinish
from .scene import Facts, Scene
from .space import Space, keep_profile
from .vips import Image

WHITE = (96.4212, 100.0, 82.5188)
"""XYZ of D50, the white of profiles (ICC.1, where Y is 1)."""
# From XYZ to the cones' answers (Lam, 1985, known as Bradford).
_CONES = np.array([
    [0.8951, 0.2664, -0.1614],
    [-0.7502, 1.7135, 0.0367],
    [0.0389, -0.0685, 1.0296],
])  # fmt: skip
_MOST_GAIN = 3.0
Matrix = npt.NDArray[np.float64]


def refuse_inks(facts: Facts, what: str) -> None:
    """Refuse inks: changed in Lab they would be mixed anew, black text too.

    Args:
        facts: of the picture.
        what: is asked for, for the message.

    Raises:
        BadFinish: the picture is CMYK.
    """
    if facts.space.mode == "CMYK":
        raise BadFinish(
            f"{facts.path}: inks take no such change as {what}; {facts.space.advise_srgb()}"
        )


def change_picture(scene: Scene, change: Callable[[Image], Image]) -> Scene:
    """Return the scene with subject and original changed alike."""
    original = change(scene.original)
    is_same = scene.subject is scene.original
    subject = original if is_same else change(scene.subject)
    return replace(scene, original=original, subject=subject)


def change_lab(scene: Scene, change: Callable[[Image], Image]) -> Scene:
    """Return the scene with a change of its Lab colours."""
    space, folder = scene.space, scene.work.folder
    return change_picture(
        scene, lambda image: from_lab(change(to_lab(image, space, folder)), space, folder)
    )


def to_lab(image: Image, space: Space, folder: Path) -> Image:
    """Return the Lab (D50, float) of colours.

    Args:
        image: in the space.
        space: it.
        folder: where libvips may be given profiles as files.
    """
    if space.mode == "GRAY" and space.icc is None:
        return to_lab(image.bandjoin([image, image]), Space("RGB", space.depth), folder)
    profile = keep_profile(space.require_profile(), folder)
    named = image.copy(interpretation=space.name)
    return named.icc_import(input_profile=profile, intent="relative", pcs="lab")


def from_lab(lab: Image, space: Space, folder: Path) -> Image:
    """Return Lab colours (D50, float) in a space; what it does not hold is clipped."""
    if space.mode == "GRAY" and space.icc is None:
        return from_lab(lab, Space("RGB", space.depth), folder)[1]
    profile = keep_profile(space.require_profile(), folder)
    named = lab.cast("float").copy(interpretation="lab")
    back = named.icc_export(output_profile=profile, depth=space.depth, intent="relative", pcs="lab")
    return back.cast(space.form).copy(interpretation=space.name)


def to_xyz(lab: Image) -> Image:
    """Return the XYZ of Lab, of light: twice the light is twice the values; white is `WHITE`."""
    return lab.copy(interpretation="lab").Lab2XYZ(temp=list(WHITE))


def xyz_to_lab(xyz: Image) -> Image:
    """Return the Lab of XYZ."""
    return xyz.copy(interpretation="xyz").XYZ2Lab(temp=list(WHITE))


def adapt_white(light: Matrix) -> Matrix:
    """Return the matrix (3, 3) of XYZ that makes a light neutral and keeps its lightness.

    Args:
        light: XYZ of what is to be neutral.
    """
    target = _CONES @ (np.array(WHITE) * light[1] / WHITE[1])
    gains = np.clip(target / np.maximum(_CONES @ light, 1e-6), 1 / _MOST_GAIN, _MOST_GAIN)
    return np.asarray(np.linalg.inv(_CONES) @ np.diag(gains) @ _CONES)

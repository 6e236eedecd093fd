"""A model without weights for subjects before a screen of one colour.

The screen's colour is found on the border, and its uneven light is fitted over the whole picture
by a polynomial. What is far from it in Lab is the subject; between the two, where strands and
blurs mix both, alpha is what projects a pixel's colour on the line from the screen's colour to the
colour of the nearest subject (the compositing equation C = aF + (1 - a)B solved for a).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from frisket.protocol.choices import KEY_COLOUR, KEY_MODEL

from ..core.errors import BadPicture
from ..core.spec import Spec
from ..core.types import Array, Coarse, Float, Mask, ModelInfo, Picture, Prompt
from .answers import answer_nothing, quantise
from .opened import OpenedModel

Region = NDArray[np.bool_]
_WORDS = {"green": 130.0, "blue": -65.0}
"""Hue angles of Lab, in degrees, that a screen's name stands for."""
_WIDE_DEG = 45.0
_BORDER = 0.03  # of the shorter side
_NEAR_LAB = 22.0  # distance within which border pixels are one colour, light apart
_LIGHT = 0.35  # weight of a difference in light beside one of colour
_SHARE, _SHARE_UNNAMED = 0.5, 0.65  # of the border that the screen takes at least
_FAINT = 12.0  # chroma below which a colour is no screen's
_CALM = 3.0  # times the screen's own noise
_GRAIN = (1.5, 3.5)  # times the grain of the screen in which a mixture begins to count
_GATE = (0.8, 1.8)  # the same of its noise in Lab, where light counts less
_FEWEST, _FARTHEST = 4.0, 10.0  # Lab distance that counts as noise: at least, and at most
_SOLID = 70.0  # Lab distance from which a pixel is the subject alone, at most
_PART = 0.85  # of the subject's usual distance
_ROUNDS = 4
_FIT_SIDE = 256
_NOTE = "The outline comes from the colour of the screen."
_CONFIDENCE = 0.9
_TINY = 8
_PLAIN = 0.5  # spread of Lab below which there is nothing to see


class KeyModel(OpenedModel):
    """Cuts out what stands before a screen."""

    def __init__(self, spec: Spec, info: ModelInfo) -> None:
        super().__init__(info)
        self._wanted = read_wish(spec.name)

    def answer(self, images: Sequence[Picture], prompts: Sequence[Prompt | None]) -> list[Coarse]:
        """Return one coarse alpha per picture; hints count afterwards.

        Raises:
            BadPicture: the border is not of one colour, or of another than the screen's.
        """
        return [key(image, self._wanted) for image in images]


@dataclass(frozen=True)
class Wish:
    """What is known of the screen's colour beforehand.

    Attributes:
        hue: its angle in Lab, in degrees, or None.
        colour: the colour itself, in Lab, or None.
        name: for people.
    """

    hue: float | None = None
    colour: Float | None = None
    name: str = ""


def read_wish(name: str) -> Wish:
    """Return what the name of a model says of its screen."""
    word = name.removeprefix(f"{KEY_MODEL}-")
    if word in _WORDS:
        return Wish(hue=_WORDS[word], name=word)
    found = KEY_COLOUR.fullmatch(name)
    if not found:
        return Wish()
    rgb = np.array([[list(bytes.fromhex(found[1]))]], np.uint8)
    return Wish(colour=_to_lab(rgb)[0, 0], name=f"#{found[1]}")


def key(image: Picture, wish: Wish) -> Coarse:
    """Return the coarse alpha of a picture before a screen.

    Args:
        image: (h, w, 3) uint8 sRGB.
        wish: what is known of the screen.

    Raises:
        BadPicture: the border is not of one colour, or of another than the screen's.
    """
    size = (image.shape[0], image.shape[1])
    if min(size) < _TINY:
        return answer_nothing(size, 1.0, 0.0)
    lab = _to_lab(image)
    if lab.std(axis=(0, 1)).max() < _PLAIN:
        return answer_nothing(size, 1.0, 0.0, "The picture is plain: no subject was found.")
    colour = find_screen(lab, wish)
    screen, noise = fit_screen(lab, colour)
    far = measure(lab, screen)
    alpha = unmix(image, lab, screen, far, noise)
    mask: Mask = quantise(alpha)
    if mask.max() < 128:
        return answer_nothing(size, 1.0, _CONFIDENCE)
    return Coarse(mask, note=_NOTE, confidence=_CONFIDENCE)


def _to_lab(rgb: Picture) -> Float:
    """Return Lab (h, w, 3) float32 in its own units: L 0..100."""
    scaled = rgb.astype(np.float32) / np.float32(255)
    return np.asarray(cv2.cvtColor(scaled, cv2.COLOR_RGB2LAB), np.float32)


def measure(lab: Float, other: Float) -> Float:
    """Return distances in Lab in which light counts less: shadows fall on screens."""
    gap = lab - other
    gap[..., 0] *= np.float32(_LIGHT)
    return np.asarray(np.sqrt((gap * gap).sum(axis=-1)), np.float32)


def find_screen(lab: Float, wish: Wish) -> Float:
    """Return the screen's colour in Lab (3,): what most of the border is.

    Raises:
        BadPicture: no colour takes enough of the border, or it is another one.
    """
    depth = max(2, round(_BORDER * min(lab.shape[:2])))
    edge = np.ones(lab.shape[:2], bool)
    edge[depth:-depth, depth:-depth] = False
    border = lab[edge]
    fits = _match(border, wish)
    if not fits.any():
        raise BadPicture(f"The border of the picture is not {wish.name}, so there is no screen.")
    colour = np.asarray(np.median(border[fits], axis=0), np.float32)
    least = _SHARE if wish.name else _SHARE_UNNAMED
    for _ in range(_ROUNDS):
        near = fits & (measure(border, colour) < _NEAR_LAB)
        if near.mean() < least:
            raise BadPicture(_tell_mixed(wish))
        colour = np.asarray(np.median(border[near], axis=0), np.float32)
    if np.hypot(colour[1], colour[2]) < _FAINT and wish.colour is None:
        raise BadPicture("The border of the picture is grey, so there is no coloured screen; name "
                         "its colour as #RRGGBB, or use another model.")  # fmt: skip
    return colour


def _match(border: Float, wish: Wish) -> Region:
    """Return which pixels of the border may be the screen."""
    if wish.colour is not None:
        return np.asarray(measure(border, wish.colour) < _NEAR_LAB * 1.5)
    chroma = np.hypot(border[:, 1], border[:, 2])
    if wish.hue is None:
        return np.ones(len(border), bool)
    hue = np.degrees(np.arctan2(border[:, 2], border[:, 1]))
    away = np.abs((hue - wish.hue + 180) % 360 - 180)
    return np.asarray((away < _WIDE_DEG) & (chroma > _FAINT))


def _tell_mixed(wish: Wish) -> str:
    of = f"{wish.name}" if wish.name else "of one colour"
    return (
        f"The border of the picture is not {of} all around, so it shows no screen; crop it to the "
        "screen, or use another model."
    )


def fit_screen(lab: Float, colour: Float) -> tuple[Float, float]:
    """Return the screen's colour at every pixel (h, w, 3), in Lab, and its noise.

    A polynomial of the second degree is fitted to what is near the screen's colour, again and
    again nearer to what was fitted.
    """
    height, width = lab.shape[:2]
    step = max(1, max(height, width) // _FIT_SIDE)
    small = lab[::step, ::step]
    terms = _list_terms(*(np.arange(n, dtype=np.float32)[::step] / n for n in (height, width)))
    values = small.reshape(-1, 3)
    gaps = measure(values, colour)
    reach, noise = _NEAR_LAB, _FEWEST
    for _ in range(_ROUNDS):
        near = gaps < reach
        if near.sum() < 8 * terms.shape[1]:
            break
        solved = np.linalg.lstsq(terms[near].astype(np.float64), values[near], rcond=None)[0]
        gaps = measure(values, (terms @ solved).astype(np.float32))
        noise = float(np.percentile(gaps[near], 70))
        reach = float(np.clip(_CALM * 1.5 * noise, _FEWEST, _NEAR_LAB))
    else:
        whole = _list_terms(*(np.arange(n, dtype=np.float32) / n for n in (height, width)))
        fitted = (whole @ solved.astype(np.float32)).reshape(lab.shape)
        return np.asarray(fitted, np.float32), noise
    return np.broadcast_to(colour, lab.shape).copy(), noise


def _list_terms(y: Float, x: Float) -> Float:
    """Return the terms of a polynomial of the second degree at a grid's points (n, 6)."""
    down, across = np.meshgrid(y, x, indexing="ij")
    one = np.ones_like(down)
    terms = (one, across, down, across * across, across * down, down * down)
    return np.stack([term.ravel() for term in terms], axis=1)


def unmix(image: Picture, lab: Float, screen: Float, far: Float, noise: float) -> Float:
    """Return alpha (h, w), 0..1: nothing at the screen's colour, full at the subject's.

    Args:
        image: (h, w, 3) uint8 sRGB.
        lab: the same in Lab.
        screen: the screen's colour at every pixel, in Lab.
        far: distances to it.
        noise: of the screen.
    """
    calm = float(np.clip(_CALM * noise, _FEWEST, _FARTHEST))
    beyond = far[far > 2 * calm]
    if beyond.size < 16:
        return np.zeros(far.shape, np.float32)
    solid = min(_SOLID, max(2 * calm, _PART * float(np.percentile(beyond, 75))))
    sure = far > solid
    rgb = image.astype(np.float32) / np.float32(255)
    behind = np.asarray(cv2.cvtColor(screen, cv2.COLOR_LAB2RGB), np.float32)
    front = spread(rgb, cv2.erode(sure.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    line, own = front - behind, rgb - behind
    length = np.maximum((line * line).sum(axis=-1), 1e-3)
    mixed = np.clip((line * own).sum(axis=-1) / length, 0, 1)
    grain = float(np.sqrt(np.mean(own[far < calm] ** 2)))
    alpha = mixed * _rise(mixed * np.sqrt(length) / max(grain, 1e-3), _GRAIN)
    smooth = cv2.GaussianBlur(far, (0, 0), 0.7)
    alpha = alpha * _rise(smooth, (_GATE[0] * noise, _GATE[1] * noise))
    alpha[sure] = np.maximum(alpha[sure], np.clip(far[sure] / (2 * solid) + 0.5, 0, 1))
    return np.asarray(alpha, np.float32)


def _rise(values: Float, between: tuple[float, float]) -> Float:
    """Return 0 up to the first of two values, 1 from the second on, smoothly between them."""
    low, high = between
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _from_rgb(rgb: Float) -> Float:
    return np.asarray(cv2.cvtColor(np.clip(rgb, 0, 1), cv2.COLOR_RGB2LAB), np.float32)


def spread(values: Float, known: Region) -> Float:
    """Return values (h, w, 3) at known pixels, and elsewhere means of the nearest known ones.

    Halved again and again until everything is known, then doubled back (push and pull).
    """
    if known.all() or not known.any():
        return values
    weight: Array = known.astype(np.float32)[..., None]
    height, width = known.shape
    if min(height, width) < 2:
        mean = (values * weight).sum((0, 1)) / weight.sum()
        return np.asarray(np.broadcast_to(mean, values.shape))
    size = ((width + 1) // 2, (height + 1) // 2)
    shrunk = cv2.resize(values * weight, size, interpolation=cv2.INTER_AREA)
    share = cv2.resize(weight, size, interpolation=cv2.INTER_AREA)[..., None]
    lower = spread(np.asarray(shrunk / np.maximum(share, 1e-6), np.float32), share[..., 0] > 1e-4)
    back = cv2.resize(lower, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.where(known[..., None], values, back), np.float32)

"""What lies behind the subject, named as for a finish.

A background that does not depend on the picture is made by a finish, once. The picture itself,
blurred, is made of every picture anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np

from frisket.documents.colour.alpha import ArrayAlpha
from frisket.finish.background import LUMA, Original
from frisket.finish.blur import LEAST_SIGMA, TAINTED
from frisket.finish.chain import Finish, FinishTask
from frisket.finish.options import read_finish
from frisket.finish.scene import Facts
from frisket.finish.space import Space
from frisket.jobs.choices import BadOption
from frisket.jobs.pictures import PictureDocument
from frisket.jobs.video.matting import Samples
from frisket.live.camera import Picture, load_cv2

_CAMERA = Path("the camera")
_SIDE = 320  # longer side of the copy that a blurred background is computed on
_LEAST = np.float32(0.005)  # of weight, that the plain blur has
_SQUARE = 16  # pixels of a square that stands for transparency
_LIGHT, _DARK = 204, 153


class Ground(Protocol):
    """Something that a subject is shown on."""

    def show(self, rgb: Picture, alpha: Samples) -> Picture:
        """Return the subject of a picture (height, width, 3) on it; alpha is (height, width)."""


def open_ground(
    text: str, width: int, height: int, finishing: Mapping[str, Any] = MappingProxyType({})
) -> Ground:
    """Return what a name stands for; see `LiveOptions.backgrounds`.

    Args:
        text: the name.
        width: of the camera's pictures, in pixels.
        height: the same.
        finishing: as of `LiveOptions`.

    Raises:
        FrisketError: it stands for nothing, its picture cannot be read, or a step cannot be done
            with every picture.
    """
    if text == "alpha":
        return Alpha()
    is_clear = text == "transparent"
    finish = read_finish({**finishing, "background": text})
    if finish is None:
        raise BadOption(f"The background {text!r} is none: name a colour or a picture.")
    if finishing:
        space = Space("RGB", 8)
        finish.check_frames(Facts(_CAMERA, width, height, space, (_CAMERA,), not is_clear))
        return Finished(finish, width, height)
    if is_clear:
        return Still(_draw_squares(width, height))
    if isinstance(finish.background, Original):
        return Blurred(finish.background)
    return Still(_render(finish, width, height))


class Alpha:
    """The mask itself, in grey."""

    def show(self, rgb: Picture, alpha: Samples) -> Picture:
        """Return the mask; see `Ground`."""
        return np.repeat(alpha[..., None], 3, axis=2)


class Still:
    """A picture (height, width, 3) that does not change."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture

    def show(self, rgb: Picture, alpha: Samples) -> Picture:
        """Return the subject on it; see `Ground`."""
        return lay(rgb, alpha, self._picture)


class Finished:
    """Steps of a finish done with every picture by libvips: exact, and not fast.

    Args:
        finish: the steps, the background among them.
        width: of the pictures, in pixels.
        height: the same.
    """

    def __init__(self, finish: Finish, width: int, height: int) -> None:
        self._finish, self._squares = finish, _draw_squares(width, height)

    def show(self, rgb: Picture, alpha: Samples) -> Picture:
        """Return the finished picture, on squares where nothing lies below; see `Ground`."""
        pixels = _finish(self._finish, rgb, alpha)
        shown = np.ascontiguousarray(pixels[..., :3], np.uint8)
        if shown.shape != rgb.shape:
            raise BadOption("A step changes the size of a picture, which a live one must keep.")
        return lay(shown, pixels[..., 3], self._squares) if pixels.shape[2] > 3 else shown


class Blurred:
    """The picture itself, blurred without its subject, as a finish does it, on a small copy.

    libvips is exact for any size, and takes a tenth of a second for this.

    Args:
        original: how much blur and colour.
    """

    def __init__(self, original: Original) -> None:
        self._original = original
        self._cv2 = load_cv2("backgrounds")

    def show(self, rgb: Picture, alpha: Samples) -> Picture:
        """Return the subject on it; see `Ground`."""
        cv2, (high, wide) = self._cv2, alpha.shape
        scale = min(1.0, _SIDE / max(high, wide))
        size = (max(1, round(wide * scale)), max(1, round(high * scale)))
        small, cover = (cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in (rgb, alpha))
        below = self._desaturate(self._blur(small, cover))
        return lay(rgb, alpha, cv2.resize(below, (wide, high), interpolation=cv2.INTER_LINEAR))

    def _blur(self, rgb: Picture, alpha: Samples) -> Picture:
        """Return a picture blurred; the subject counts for nothing.

        Where nothing else is near, the plain blur is taken.
        """
        sigma = self._original.blur.measure(max(alpha.shape)) / 2
        if sigma < LEAST_SIGMA:
            return rgb
        outside = np.clip(1 - alpha * np.float32(TAINTED / 255), 0, 1)[..., None]
        joined = np.concatenate([rgb * outside, rgb * _LEAST, outside], axis=2)
        wide = self._cv2.GaussianBlur(joined, (0, 0), sigma)
        clean = wide[..., :3] + wide[..., 3:6]
        return np.asarray(clean / (wide[..., 6:] + _LEAST) + 0.5, np.uint8)

    def _desaturate(self, rgb: Picture) -> Picture:
        kept = self._original.saturation
        if kept >= 1:
            return rgb
        grey = (rgb * np.array(LUMA, np.float32)).sum(axis=2, keepdims=True)
        return np.asarray(grey + np.float32(kept) * (rgb - grey) + np.float32(0.5), np.uint8)


def lay(rgb: Picture, alpha: Samples, below: Picture) -> Picture:
    """Return a subject (height, width, 3) by its alpha (height, width) over a picture, uint8."""
    cv2 = load_cv2("backgrounds")
    share = alpha.astype(np.float32) * np.float32(1 / 255)
    return np.asarray(cv2.blendLinear(rgb, below, share, 1 - share))


def _render(finish: Finish, width: int, height: int) -> Picture:
    """Return a background: a finish shows it alone where the matte shows nothing."""
    nothing = np.zeros((height, width), np.uint8)
    pixels = _finish(finish, np.zeros((height, width, 3), np.uint8), nothing)
    return np.asarray(pixels[..., :3], np.uint8)


def _finish(finish: Finish, rgb: Picture, alpha: Samples) -> Picture:
    """Return a picture (height, width, 3, or 4 where it shows through) finished."""
    document = PictureDocument(rgb)
    task = FinishTask(document, document.find_layer(None), ArrayAlpha(alpha), _CAMERA)
    return finish.render(task)


def _draw_squares(width: int, height: int) -> Picture:
    y, x = np.mgrid[:height, :width] // _SQUARE
    grey = np.where((x + y) % 2, _DARK, _LIGHT).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)

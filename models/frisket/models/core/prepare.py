"""A picture becomes a tensor, as a manifest's input table says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from .spec import Input
from .types import Array, Float, Mask, Picture


@dataclass(frozen=True)
class Frame:
    """Where the picture lies in the model's input: (height, width) of both, in its pixels."""

    input: tuple[int, int]
    content: tuple[int, int]


def _round_side(value: float, multiple: int) -> int:
    return max(multiple, round(value / multiple) * multiple)


def place_picture(size: tuple[int, int], spec: Input) -> Frame:
    """Return where a picture of ``size`` (height, width) lies in the model's input."""
    height, width = size
    if spec.fit == "stretch":
        return Frame(spec.size, spec.size)
    if spec.fit == "letterbox":
        scale = min(spec.size[0] / height, spec.size[1] / width)
        content = (max(1, round(height * scale)), max(1, round(width * scale)))
        return Frame(spec.size, content)
    if spec.fit == "any":
        scale = 1.0
    else:
        side = min(size) if spec.fit == "shorter" else max(size)
        scale = spec.size[0] / side
    sides = (_round_side(height * scale, spec.multiple), _round_side(width * scale, spec.multiple))
    return Frame(sides, sides)


def _resize(image: Picture, size: tuple[int, int], how: str) -> Picture:
    if image.shape[:2] == size:
        return image
    wide = (size[1], size[0])
    if how == "area":
        return np.asarray(cv2.resize(image, wide, interpolation=cv2.INTER_AREA), np.uint8)
    filters = {"lanczos": Image.Resampling.LANCZOS, "bilinear": Image.Resampling.BILINEAR}
    return np.asarray(Image.fromarray(image).resize(wide, filters[how]))


def _scale(pixels: Picture, spec: Input) -> Float:
    if spec.scale == "none":
        return np.asarray(pixels, np.float32)
    # A black picture has no maximum to divide by.
    divisor = max(int(pixels.max()), 1) if spec.scale == "max" else 255
    return np.asarray(pixels.astype(np.float32) / np.float32(divisor))


def make_tensor(image: Picture, spec: Input) -> tuple[Float, Frame]:
    """Return the float32 tensor of a picture in the manifest's layout, and its frame."""
    place = place_picture((image.shape[0], image.shape[1]), spec)
    pixels = _resize(image, place.content, spec.resample)
    values = _scale(pixels, spec)
    values = (values - np.asarray(spec.mean, np.float32)) / np.asarray(spec.std, np.float32)
    if place.content != place.input:
        below, right = (a - b for a, b in zip(place.input, place.content, strict=True))
        values = np.pad(values, ((0, below), (0, right), (0, 0)))
    if spec.layout == "nchw":
        values = values.transpose(2, 0, 1)
    if spec.layout != "hwc":
        values = values[None]
    return np.ascontiguousarray(values, np.float32), place


def fit_alpha(alpha: Array, place: Frame, size: tuple[int, int]) -> Mask:
    """Return an alpha of the model's size (uint8), cut to the picture and brought to ``size``."""
    high, wide = alpha.shape
    rows = max(1, math.ceil(high * place.content[0] / place.input[0]))
    cols = max(1, math.ceil(wide * place.content[1] / place.input[1]))
    part = np.ascontiguousarray(alpha[:rows, :cols])
    if part.shape == size:
        return part
    shrinks = part.shape[0] > size[0] or part.shape[1] > size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (size[1], size[0]), interpolation=how), np.uint8)

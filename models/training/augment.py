"""From pairs in memory to one training sample: geometry, composites, colour, damage.

Every function takes a `numpy.random.Generator`, so that a seed and a step give one batch.
Images are H×W×3 uint8 RGB, masks H×W uint8, 255 subject.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from compose import compose_scene
from data import MASK_TRUST, Image, Pair
from numpy.random import Generator
from numpy.typing import NDArray

#: Chances of a composite and, among what remains, of an untouched frame.
COMPOSITE, WHOLE_FRAME = 0.45, 0.35


@dataclass(frozen=True)
class Sample:
    """What the network sees: image S×S×3, hard mask and soft target S×S, 0..255 uint8."""

    image: Image
    mask: Image
    soft: Image


def blend_target(pair: Pair) -> Image:
    """Blend a mask with the teacher's map as far as the set's masks are believed.

    Where the two disagree about the subject itself the mask alone counts.
    """
    if pair.teacher is None:
        return pair.mask
    a, b = pair.mask > 127, pair.teacher > 127
    overlap = np.count_nonzero(a & b) / max(1, np.count_nonzero(a | b))
    trust = MASK_TRUST.get(pair.group, 0.8) if overlap > 0.6 else 1.0
    return np.asarray(cv2.addWeighted(pair.mask, trust, pair.teacher, 1 - trust, 0), np.uint8)


def draw_frame(rng: Generator, height: int, width: int, size: int) -> NDArray[np.float64]:
    """Draw a random crop, flip and small turn: a 2×3 map from the photograph to S×S."""
    share = np.ones(2) if rng.random() < WHOLE_FRAME else rng.uniform(0.65, 1.0, 2)
    centre = 0.5 + (rng.random(2) - 0.5) * (1 - share)
    angle = np.deg2rad(rng.normal(0, 8)) if rng.random() < 0.3 else 0.0
    flip = -1.0 if rng.random() < 0.5 else 1.0
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    scale = np.diag([flip * size / (share[0] * width), size / (share[1] * height)])
    linear = scale @ turn
    shift = size / 2 - linear @ (centre * [width, height])
    return np.hstack([linear, shift[:, None]])


def warp(plane: Image, matrix: NDArray[np.float64], size: int) -> Image:
    """Apply a 2×3 map; outside the photograph its edge is mirrored."""
    out = cv2.warpAffine(
        plane, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    return np.asarray(out, np.uint8)


def change_colour(rng: Generator, image: Image) -> Image:
    """Change brightness, contrast, gamma, hue, saturation and white balance."""
    x = image.astype(np.float32) / 255
    x = (x ** rng.uniform(0.75, 1.35) - 0.5) * rng.uniform(0.75, 1.25) + 0.5
    x = x * rng.uniform(0.92, 1.08, 3).astype(np.float32) + rng.uniform(-0.08, 0.08)
    gray = x.mean(2, keepdims=True)
    amount = 0.0 if rng.random() < 0.06 else rng.uniform(0.6, 1.4)
    return ((gray + (x - gray) * amount).clip(0, 1) * 255).astype(np.uint8)


def shift_hue(rng: Generator, image: Image) -> Image:
    """Turn the colour wheel by up to 10 degrees."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + rng.integers(-5, 6)) % 180
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def damage(rng: Generator, image: Image) -> Image:
    """Add blur, noise or JPEG blocks now and then."""
    if rng.random() < 0.15:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 1.6)), np.uint8)
    if rng.random() < 0.15:
        noise = rng.standard_normal(image.shape, np.float32) * rng.uniform(2, 12)
        image = (image + noise).clip(0, 255).astype(np.uint8)
    if rng.random() < 0.2:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 90))]
        image = np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], 1), np.uint8)
    return image


def cut_out(rng: Generator, image: Image) -> Image:
    """Hide a small box behind grey noise now and then; the mask stays."""
    if rng.random() > 0.1:
        return image
    size = image.shape[0]
    h, w = rng.integers(size // 12, size // 5, 2)
    y, x = rng.integers(0, size - h), rng.integers(0, size - w)
    image = image.copy()
    image[y : y + h, x : x + w] = rng.integers(60, 196)
    return image


def draw_planes(rng: Generator, pairs: list[Pair], index: int) -> tuple[Image, Image, Image]:
    """Draw image, hard mask and soft target, at the photograph's own size."""
    pair = pairs[index]
    if rng.random() < COMPOSITE:
        made = compose_scene(rng, pair, pairs[int(rng.integers(len(pairs)))])
        if made is not None:
            return made[0], made[1], made[1]
    return pair.image, pair.mask, blend_target(pair)


def draw_sample(rng: Generator, pairs: list[Pair], index: int, size: int) -> Sample:
    """Draw one training sample of side `size`."""
    image, mask, soft = draw_planes(rng, pairs, index)
    matrix = draw_frame(rng, *mask.shape, size)
    image, mask, soft = (warp(p, matrix, size) for p in (image, mask, soft))
    if rng.random() < 0.8:
        image = shift_hue(rng, change_colour(rng, image))
    return Sample(cut_out(rng, damage(rng, image)), mask, soft)

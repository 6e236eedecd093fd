"""Scenes with a known matte: a subject cut from one photograph over another background."""

from __future__ import annotations

import cv2
import numpy as np
from clutter import draw_cloth, scatter
from data import Image, Pair
from numpy.random import Generator
from numpy.typing import NDArray

#: Chances of the backgrounds; what remains is an empty part of another photograph.
STUDIO, CLOTH = 0.15, 0.2
#: Chances of things scattered over the background, and of no subject at all.
SCATTERED, EMPTY = 0.2, 0.04
#: How many places are looked at for an empty part.
_PLACES = 120


def soften(mask: Image) -> Image:
    """Pull a hard mask in by half a pixel and give it a soft edge."""
    inner = cv2.erode(mask, np.ones((2, 2), np.uint8))
    return np.asarray(cv2.GaussianBlur(inner, (0, 0), 0.8), np.uint8)


def draw_background(rng: Generator, height: int, width: int) -> Image:
    """Draw a studio-like background: one colour fading into another, a little noise."""
    a, b = rng.uniform(0, 255, (2, 3))
    ramp = np.linspace(0, 1, height)[:, None] * rng.uniform(0, 1)
    ramp = ramp + np.linspace(0, 1, width)[None] * rng.uniform(0, 1)
    flat = a + (b - a) * (ramp * rng.uniform(0, 1))[..., None]
    noise = rng.standard_normal((height, width, 1)) * rng.uniform(0, 6)
    return (flat + noise).clip(0, 255).astype(np.uint8)


def find_empty_part(rng: Generator, pair: Pair) -> Image | None:
    """Return a random part of a photograph that its subject does not reach, or None.

    Of the places drawn the largest empty one is taken: enlarged, small ones are a blur.
    """
    h, w = pair.mask.shape
    sums = cv2.integral(pair.mask)
    shares = rng.uniform(0.2, 0.9, (_PLACES, 2))
    sizes = np.maximum((shares * (h, w)).astype(int), 1)
    corners = (rng.random((_PLACES, 2)) * ((h, w) - sizes + 1)).astype(int)
    (y, x), (below, right) = corners.T, (corners + sizes).T
    covered = sums[below, right] - sums[y, right] - sums[below, x] + sums[y, x]
    area = np.where(covered < 2 * sizes.prod(1), sizes.prod(1), 0)
    best = int(area.argmax())
    if area[best] == 0:
        return None
    part = pair.image[y[best] : below[best], x[best] : right[best]]
    return np.asarray(cv2.resize(part, (w, h), interpolation=cv2.INTER_CUBIC), np.uint8)


def cut_subject(pair: Pair) -> tuple[Image, Image] | None:
    """Return the subject's box and its soft mask; None where it is too small or fills the frame."""
    share = float(pair.mask.mean()) / 255
    if not 0.02 < share < 0.75:
        return None
    x, y, w, h = cv2.boundingRect((pair.mask > 127).astype(np.uint8))
    if w < 24 or h < 24:
        return None
    box = np.s_[y : y + h, x : x + w]
    return pair.image[box], soften(pair.mask)[box]


def paste(rng: Generator, back: Image, cut: tuple[Image, Image]) -> tuple[Image, Image]:
    """Lay a subject over a background at a random place and size; image and mask come back."""
    h, w = back.shape[:2]
    ch, cw = cut[1].shape
    scale = rng.uniform(0.35, 0.95) * min(h / ch, w / cw)
    image, mask = (cv2.resize(p, None, fx=scale, fy=scale) for p in cut)
    y = int(rng.integers(0, h - image.shape[0] + 1))
    x = int(rng.integers(0, w - image.shape[1] + 1))
    full, out = np.zeros((h, w), np.uint8), back.copy()
    box = np.s_[y : y + mask.shape[0], x : x + mask.shape[1]]
    full[box] = mask
    out[box] = _blend(relight(rng, image, back), out[box], mask)
    return out, full


def relight(rng: Generator, image: Image, back: Image) -> NDArray[np.float32]:
    """Move a subject's mean colour some way towards that of its new background."""
    gap = back.mean((0, 1)) - image.mean((0, 1))
    return np.asarray(image + gap * rng.uniform(0, 0.5), np.float32).clip(0, 255)


def compose_scene(rng: Generator, front: Pair, behind: Pair) -> tuple[Image, Image] | None:
    """Lay a subject over another background, with its exact mask; None where it cannot be made."""
    cut, back = cut_subject(front), choose_background(rng, behind)
    if back is None or cut is None:
        return None
    if rng.random() < EMPTY:
        return back, np.zeros(back.shape[:2], np.uint8)
    return paste(rng, back, cut)


def choose_background(rng: Generator, behind: Pair) -> Image | None:
    """Return a studio, cloth, or what lies beside a photograph's subject; None without room."""
    h, w = behind.mask.shape
    drawn = rng.random()
    if drawn < STUDIO:
        return draw_background(rng, h, w)
    part = find_empty_part(rng, behind)
    if part is None:
        return None
    back = draw_cloth(rng, part, h, w) if drawn < STUDIO + CLOTH else part
    return scatter(rng, back, part) if rng.random() < SCATTERED else back


def _blend(front: NDArray[np.float32], back: Image, mask: Image) -> Image:
    """Mix by a 0..255 mask."""
    alpha = mask[..., None].astype(np.float32) / 255
    return (front * alpha + back * (1 - alpha)).astype(np.uint8)

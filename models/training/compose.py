"""Scenes with a known matte: a subject cut from one photograph over another background."""

from __future__ import annotations

import cv2
import numpy as np
from data import Image, Pair
from numpy.random import Generator
from numpy.typing import NDArray

#: Chances of a generated background, and of no subject at all.
GENERATED, EMPTY = 0.2, 0.04


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
    """Return a random part of a photograph that its subject does not reach, or None."""
    h, w = pair.mask.shape
    for _ in range(8):
        share = rng.uniform(0.35, 0.9, 2)
        bh, bw = int(h * share[0]), int(w * share[1])
        y, x = rng.integers(0, h - bh + 1), rng.integers(0, w - bw + 1)
        if pair.mask[y : y + bh, x : x + bw].mean() < 2:
            part = pair.image[y : y + bh, x : x + bw]
            return np.asarray(cv2.resize(part, (w, h), interpolation=cv2.INTER_CUBIC), np.uint8)
    return None


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
    h, w = behind.mask.shape
    plain = rng.random() < GENERATED
    back = draw_background(rng, h, w) if plain else find_empty_part(rng, behind)
    cut = cut_subject(front)
    if back is None or cut is None:
        return None
    if rng.random() < EMPTY:
        return back, np.zeros((h, w), np.uint8)
    return paste(rng, back, cut)


def _blend(front: NDArray[np.float32], back: Image, mask: Image) -> Image:
    """Mix by a 0..255 mask."""
    alpha = mask[..., None].astype(np.float32) / 255
    return (front * alpha + back * (1 - alpha)).astype(np.uint8)

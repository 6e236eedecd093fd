"""Busy backgrounds that are no subject: patterned cloth, and things scattered about.

Images are H×W×3 uint8 RGB. Every function takes a `numpy.random.Generator`.
"""

from __future__ import annotations

import cv2
import numpy as np
from data import Image
from numpy.random import Generator
from numpy.typing import NDArray

Plane = NDArray[np.float32]


def draw_cloth(rng: Generator, photo: Image, height: int, width: int) -> Image:
    """Draw patterned cloth: woven from a patch of a photograph, or striped, checked or dotted."""
    woven = rng.random() < 0.5
    cloth = repeat_patch(rng, photo, height, width) if woven else draw_pattern(rng, height, width)
    return fold(rng, cloth)


def repeat_patch(rng: Generator, photo: Image, height: int, width: int) -> Image:
    """Repeat a small patch of a photograph over the whole picture, each time mirrored."""
    side = int(rng.integers(24, 72))
    y, x = (int(rng.integers(0, max(1, n - side))) for n in photo.shape[:2])
    turn = _draw_turn(rng, (width, height), rng.uniform(0.5, 1.6))
    return _warp(photo[y : y + side, x : x + side], turn, (width, height))


def draw_pattern(rng: Generator, height: int, width: int) -> Image:
    """Draw stripes, checks or dots of two colours, turned anyhow."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 48)
    u = (x * np.cos(angle) + y * np.sin(angle)) / period
    v = (y * np.cos(angle) - x * np.sin(angle)) / (period * rng.uniform(0.5, 2))
    kind, duty = int(rng.integers(3)), rng.uniform(0.25, 0.75)
    if kind == 2:
        share = np.hypot(u % 1 - 0.5, v % 1 - 0.5) < duty / 2
    else:
        share = u % 1 < duty if kind == 0 else (u % 1 < duty) ^ (v % 1 < duty)
    colours = rng.uniform(0, 255, (2, 3))
    drawn = np.where(share[..., None], colours[0], colours[1]).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), rng.uniform(0.4, 1.2)), np.uint8)


def fold(rng: Generator, cloth: Image) -> Image:
    """Lay cloth in folds: it bends, and light and shade run over it."""
    height, width = cloth.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    bend = rng.uniform(0, 0.06) * max(height, width)
    across, along = (_draw_waves(rng, height, width) * bend for _ in range(2))
    bent = cv2.remap(
        cloth, x + across, y + along, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    light = 1 + rng.uniform(0, 0.45) * _draw_waves(rng, height, width)
    return np.asarray((bent * light[..., None]).clip(0, 255), np.uint8)


def scatter(rng: Generator, back: Image, photo: Image) -> Image:
    """Lay rounded pieces of a photograph about, each with a soft edge."""
    out, (height, width) = back.copy(), back.shape[:2]
    for _ in range(int(rng.integers(2, 8))):
        h, w = (max(8, int(n * rng.uniform(0.08, 0.4))) for n in (height, width))
        y, x = int(rng.integers(0, height - h + 1)), int(rng.integers(0, width - w + 1))
        piece = _draw_piece(rng, photo, h, w)
        mask = np.zeros((h, w), np.float32)
        cv2.ellipse(mask, (w // 2, h // 2), (w * 2 // 5, h * 2 // 5), 0, 0, 360, 1.0, -1)
        mask = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 3))[..., None]
        place = np.s_[y : y + h, x : x + w]
        out[place] = (piece * mask + out[place] * (1 - mask)).astype(np.uint8)
    return out


def _draw_waves(rng: Generator, height: int, width: int) -> Plane:
    """Draw smooth noise in −1..1."""
    coarse = rng.uniform(-1, 1, rng.integers(2, 6, 2)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC))


def _draw_turn(rng: Generator, size: tuple[int, int], scale: float) -> NDArray[np.float64]:
    centre = (size[0] / 2, size[1] / 2)
    return np.asarray(cv2.getRotationMatrix2D(centre, rng.uniform(0, 360), scale))


def _warp(patch: Image, matrix: NDArray[np.float64], size: tuple[int, int]) -> Image:
    out = cv2.warpAffine(patch, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out, np.uint8)


def _draw_piece(rng: Generator, photo: Image, height: int, width: int) -> Image:
    """Return a random part of a photograph, brought to a size."""
    share = rng.uniform(0.15, 0.5)
    h, w = (max(2, int(n * share)) for n in photo.shape[:2])
    y, x = (int(rng.integers(0, n - m + 1)) for n, m in zip(photo.shape[:2], (h, w), strict=True))
    part = photo[y : y + h, x : x + w]
    return np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

"""Pictures with a known alpha at any resolution: hair, fur, leaves, lace and glass.

Drawn by code over photographs, with a fixed seed, so that every run sees the same ones.
Colours are mixed in sRGB, as the measured mattes of the literature assume.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
KINDS = ("hair", "fur", "leaves", "lace", "glass")
_SHIFT = 4  # sub-pixel bits of OpenCV's drawing


def _strands(
    alpha: Image, rng: np.random.Generator, count: int, length: float, width: float, curl: float
) -> None:
    """Tapering antialiased curves that leave an ellipse in the middle."""
    high, wide = alpha.shape
    for _ in range(count):
        angle = rng.uniform(0, 2 * np.pi)
        at = np.array([0.2 * wide * np.cos(angle), 0.3 * high * np.sin(angle)])
        at += (wide / 2, high / 2)
        heading = angle + rng.normal(0, 0.35)
        bend, reach = rng.normal(0, curl), length * high * rng.uniform(0.4, 1.0)
        steps = np.linspace(0, 1, 14)
        turn = heading + bend * steps
        path = at + np.cumsum(np.stack([np.cos(turn), np.sin(turn)], 1), axis=0) * reach / 14
        fixed = np.rint(path * (1 << _SHIFT)).astype(np.int32)
        for part in range(0, 12, 3):
            thick = max(1, round(width * high * (1 - part / 14)))
            shade = 255 if thick > 1 else int(255 * max(0.35, 1 - part / 16))
            piece = [fixed[part : part + 4]]
            cv2.polylines(alpha, piece, False, shade, thick, cv2.LINE_AA, _SHIFT)


def _body(alpha: Image, radius: float = 1.0) -> None:
    high, wide = alpha.shape
    axes = (round(0.21 * wide * radius), round(0.31 * high * radius))
    cv2.ellipse(alpha, (wide // 2, high // 2), axes, 0, 0, 360, 255, -1, cv2.LINE_AA)


def _hair(alpha: Image, rng: np.random.Generator) -> None:
    _body(alpha)
    _strands(alpha, rng, 700, 0.22, 0.0009, 0.8)


def _fur(alpha: Image, rng: np.random.Generator) -> None:
    _body(alpha)
    _strands(alpha, rng, 5000, 0.06, 0.0012, 0.4)


def _leaves(alpha: Image, rng: np.random.Generator) -> None:
    _body(alpha, 0.8)
    high, wide = alpha.shape
    for _ in range(160):
        angle = rng.uniform(0, 2 * np.pi)
        far = rng.uniform(0.75, 1.25)
        x = wide / 2 + 0.19 * wide * far * np.cos(angle)
        y = high / 2 + 0.28 * high * far * np.sin(angle)
        size = high * rng.uniform(0.015, 0.05)
        axes = (round(size), max(1, round(size * rng.uniform(0.25, 0.5))))
        turn = np.degrees(angle) + rng.normal(0, 30)
        cv2.ellipse(alpha, (round(x), round(y)), axes, turn, 0, 360, 255, -1, cv2.LINE_AA)


def _lace(alpha: Image, rng: np.random.Generator) -> None:
    _body(alpha)
    high, wide = alpha.shape
    step = high // 40
    for row in range(0, high, step):
        for col in range((row // step % 2) * step // 2, wide, step):
            away = np.hypot((col - wide / 2) / (0.21 * wide), (row - high / 2) / (0.31 * high))
            if 0.75 < away < 0.97:
                cv2.circle(alpha, (col, row), step // 3, 0, -1, cv2.LINE_AA)


def _glass(alpha: Image, rng: np.random.Generator) -> None:
    _body(alpha)
    high, wide = alpha.shape
    axes = (round(0.16 * wide), round(0.12 * high))
    pane = np.zeros_like(alpha)
    cv2.ellipse(pane, (wide // 2, high // 2), axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
    cv2.subtract(alpha, pane // 2, alpha)


_DRAW: dict[str, Callable[[Image, np.random.Generator], None]] = {
    "hair": _hair,
    "fur": _fur,
    "leaves": _leaves,
    "lace": _lace,
    "glass": _glass,
}


def _texture(rng: np.random.Generator, size: tuple[int, int], colour: Image) -> Image:
    """(h, w, 3) uint8: a colour with soft and fine variation."""
    coarse = rng.normal(0, 16, (24, 36, 1)) + rng.normal(0, 4, (24, 36, 3))
    soft = cv2.resize(coarse.astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    fine = rng.integers(-9, 10, (*size, 1), dtype=np.int8)
    return np.asarray(np.clip(soft + fine + colour, 0, 255), np.uint8)


def picture(kind: str, background: Image, seed: int) -> tuple[Image, Image]:
    """A subject of one kind over a photograph.

    Args:
        kind: one of ``KINDS``.
        background: (h, w, 3) uint8; its size is the answer's.
        seed: of everything random.

    Returns:
        The picture (h, w, 3) uint8 and its alpha (h, w) uint8.
    """
    rng = np.random.default_rng(seed)
    size = (background.shape[0], background.shape[1])
    alpha = np.zeros(size, np.uint8)
    _DRAW[kind](alpha, rng)
    colour = np.array([(150, 90, 40), (60, 45, 35), (190, 170, 120)][seed % 3], np.float32)
    subject = _texture(rng, size, colour)
    share = alpha[..., None].astype(np.float32) / 255
    mixed = share * subject + (1 - share) * background
    return np.asarray(np.rint(mixed), np.uint8), alpha

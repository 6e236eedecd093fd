"""Small pictures with a known subject, and mattes of them."""

from __future__ import annotations

import numpy as np

from frisket.matting.engine import LinearMatte

H, W = 90, 130


def picture(high: int = H, wide: int = W, seed: int = 1) -> np.ndarray:
    """An orange disc with grain on a ramp of colours."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:high, :wide]
    ramp = np.stack([x * 255 // wide, y * 255 // high, 200 - x * 100 // wide], axis=2)
    out = np.clip(ramp + rng.integers(-20, 20, ramp.shape), 0, 255).astype(np.uint8)
    inside = (y - high / 2) ** 2 + (x - wide / 2) ** 2 < (0.3 * high) ** 2
    noise = rng.integers(-15, 15, (int(inside.sum()), 3))
    out[inside] = np.clip(noise + np.array((240, 120, 30)), 0, 255)
    return out


def coarse(high: int = H, wide: int = W) -> np.ndarray:
    """What a model might say of it: the disc, with a soft edge."""
    y, x = np.mgrid[:high, :wide]
    away = np.hypot(y - high / 2, x - wide / 2) - 0.3 * high
    return np.rint(np.clip(0.5 - away / (0.08 * high), 0, 1) * 255).astype(np.uint8)


def layer_of(matte: LinearMatte, depth: int = 8, grey: bool = False) -> np.ndarray:
    """Noise of a matte's size."""
    rng = np.random.default_rng(3)
    shape = (matte.layer_height, matte.layer_width) + (() if grey else (3,))
    return rng.integers(0, 1 << depth, shape).astype(np.uint8 if depth == 8 else np.uint16)


def banded(known: np.ndarray, width: int, height: int) -> LinearMatte:
    """A matte of plain 0 and 1 outside a band of a half."""
    b = np.select([known == 0, known == 255], [0.0, 1.0], 0.5).astype(np.float32)
    a = np.zeros((*known.shape, 3), np.float32)
    return LinearMatte(a, b, known, width, height, "", (b * 255).astype(np.uint8))


def ring(cells: tuple[int, int], radius: float, wide: float) -> np.ndarray:
    """A trimap whose band is a ring; radius and width are shares of the sides."""
    y, x = np.mgrid[: cells[0], : cells[1]]
    away = np.hypot((y - cells[0] / 2) / cells[0], (x - cells[1] / 2) / cells[1])
    return np.select([away < radius - wide, away > radius], [255, 0], 128).astype(np.uint8)

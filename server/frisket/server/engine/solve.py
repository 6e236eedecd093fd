"""From a coarse alpha to a linear matte."""

from __future__ import annotations

import cv2
import numpy as np

from .band import band
from .guided import linear
from .types import Bytes, EdgeControls, EngineError, Float, Hints, LinearMatte, Quality

GRID_SIDE = 1024  # longer side of the grid the matte is solved on


def _grid(shape: tuple[int, int]) -> tuple[int, int]:
    scale = min(1.0, GRID_SIDE / max(shape))
    return max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))


def _resized(image: Bytes, size: tuple[int, int]) -> Bytes:
    if image.shape[:2] == size:
        return image
    return np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)


def _checked(rgb: Bytes, coarse: Bytes) -> None:
    if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.dtype != np.uint8 or not rgb.size:
        raise EngineError("The proxy must be (height, width, 3) uint8 and not empty.")
    if coarse.shape != rgb.shape[:2] or coarse.dtype != np.uint8:
        raise EngineError(
            f"The coarse alpha is {coarse.shape}, the proxy {rgb.shape[:2]}; they must agree."
        )


def solve(
    rgb: Bytes,
    coarse: Bytes,
    layer_size: tuple[int, int],
    quality: Quality = Quality.STANDARD,
    hints: Hints | None = None,
    edge: EdgeControls | None = None,
    cell_px: float | None = None,
) -> LinearMatte:
    """Solve the edge on the proxy.

    Args:
        rgb: (h, w, 3) the proxy, sRGB.
        coarse: (h, w) the model's answer, 0..255.
        layer_size: (width, height) of the layer in pixels.
        quality: how much work the edge gets.
        hints: what the user says, in pixels of the proxy.
        edge: what the user wants done to the edge.
        cell_px: the model's own pixel in pixels of the proxy; None guesses 1/320 of the side.

    Returns:
        The matte; its grid is the proxy's or smaller.

    Raises:
        EngineError: sizes that do not fit one another.
    """
    _checked(rgb, coarse)
    size = _grid(rgb.shape[:2])
    guide, alpha = _resized(rgb, size), _resized(coarse, size)
    cell = (cell_px or max(coarse.shape) / 320) * max(size) / max(coarse.shape)
    if quality is Quality.DRAFT:
        return _draft(alpha, layer_size)
    trimap = band(alpha, cell)
    a, b = linear(
        guide.astype(np.float32) / 255, alpha.astype(np.float32) / 255, max(2, round(cell)), 1e-4
    )
    return finish(a, b, trimap, guide, layer_size, "Guided filter on the band.")


def finish(
    a: Float, b: Float, trimap: Bytes, guide: Bytes, layer_size: tuple[int, int], method: str
) -> LinearMatte:
    """Outside the band the coefficients are exactly 0 and 0 or 1."""
    inside = trimap == 128
    a = np.where(inside[..., None], a, np.float32(0)).astype(np.float32)
    b = np.where(inside, b, (trimap == 255).astype(np.float32)).astype(np.float32)
    shown = (a * (guide.astype(np.float32) / 255)).sum(axis=2) + b
    alpha = np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    return LinearMatte(a, b, trimap, layer_size[0], layer_size[1], method, alpha)


def _draft(alpha: Bytes, layer_size: tuple[int, int]) -> LinearMatte:
    known = np.where((alpha == 0) | (alpha == 255), alpha, 128).astype(np.uint8)
    zero = np.zeros((*alpha.shape, 3), np.float32)
    b = alpha.astype(np.float32) / np.float32(255)
    return LinearMatte(
        zero, b, known, layer_size[0], layer_size[1], "The coarse alpha, enlarged.", alpha
    )

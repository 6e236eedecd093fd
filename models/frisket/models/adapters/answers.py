"""From a graph's numbers to an alpha: what every adapter does with them."""

from __future__ import annotations

import numpy as np

from ..core.types import Coarse, Float, Mask

NOTHING = "The model found no subject in this picture."


def activate(values: Float, how: str) -> Float:
    """Return sigmoid or softmax over the first axis, or the values as they are."""
    if how == "sigmoid":
        return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), np.float32)
    if how == "softmax":
        powers = np.exp(values - values.max(axis=0, keepdims=True))
        return np.asarray(powers / powers.sum(axis=0, keepdims=True), np.float32)
    return values


def stretch(values: Float) -> Float:
    """Stretch a map between its own minimum and maximum; a constant one stays as it is."""
    low, high = float(values.min()), float(values.max())
    return (values - np.float32(low)) / np.float32(high - low) if high > low else values


def quantise(values: Float) -> Mask:
    """Return 0..1 as 0..255, rounded, so that last-bit differences between devices vanish."""
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255.0), np.uint8)


def answer_nothing(
    size: tuple[int, int], cell: float, confidence: float, note: str = NOTHING
) -> Coarse:
    """Return the answer for a picture of ``size`` (height, width) without a subject."""
    return Coarse(
        np.zeros(size, np.uint8),
        empty=True,
        note=note,
        cell_px=cell,
        confidence=max(0.0, min(1.0, confidence)),
    )

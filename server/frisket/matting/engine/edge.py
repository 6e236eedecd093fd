"""Edge controls: what a retoucher does to an outline, done to the coefficients.

Contrast and the removal of holes and specks keep the full resolution. Shift, feather and
smoothing move the outline off the picture's own edge, so they act on the solved alpha at
the grid's resolution, and colour no longer matters there.
"""

from __future__ import annotations

import cv2
import numpy as np

from .types import Bytes, EdgeControls, Float


def apply_edge(
    a: Float, b: Float, alpha: Float, edge: EdgeControls, scale: float
) -> tuple[Float, Float, Float]:
    """Return coefficients and alpha after the controls.

    Args:
        a: (h, w, 3) slopes.
        b: (h, w) offsets.
        alpha: (h, w) what they give on the grid.
        edge: what is wanted.
        scale: cells of the grid per pixel of the layer.

    Returns:
        The same three, changed.
    """
    alpha = np.clip(alpha, 0, 1)
    for mask, value in (
        (_find_holes(alpha, edge.fill_holes), 1),
        (_find_specks(alpha, edge.drop_specks), 0),
    ):
        a, b = np.where(mask[..., None], np.float32(0), a), np.where(mask, np.float32(value), b)
        alpha = np.where(mask, np.float32(value), alpha).astype(np.float32)
    if edge.smooth or edge.shift_px or edge.feather_px:
        alpha = _move_outline(alpha, edge, scale)
        a, b = np.zeros_like(a), alpha
    if edge.contrast:
        a, b, alpha = _change_contrast(a, b, alpha, edge.contrast)
    return a.astype(np.float32), b.astype(np.float32), alpha.astype(np.float32)


def _label_pieces(mask: Bytes, limit: float) -> tuple[Bytes, Bytes]:
    """Return names of pieces, and which names are smaller than ``limit`` cells."""
    count, names = cv2.connectedComponents(mask.astype(np.uint8))
    small = np.bincount(names.ravel(), minlength=count) < limit
    small[0] = False
    return np.asarray(names), small


def _find_holes(alpha: Float, share: float) -> Bytes:
    subject = alpha >= 0.5
    if not share or not subject.any():
        return np.zeros(alpha.shape, bool)
    names, _ = _label_pieces(alpha < 0.99, np.inf)
    inside, _ = _label_pieces(~subject, np.inf)
    sizes = np.bincount(inside.ravel())
    border = np.unique(np.concatenate([inside[0], inside[-1], inside[:, 0], inside[:, -1]]))
    fill = sizes <= share * int(subject.sum())
    fill[border] = False
    fill[0] = False
    holes = fill[inside] & ~subject
    # The ramp around a hole belongs to it, unless it is also the outline's own.
    outer = np.unique(names[(inside > 0) & ~holes])
    ramps = np.unique(names[holes])
    return np.asarray(holes | np.isin(names, np.setdiff1d(ramps, [*outer, 0])))


def _find_specks(alpha: Float, share: float) -> Bytes:
    if not share:
        return np.zeros(alpha.shape, bool)
    names, small = _label_pieces(alpha > 0.01, share * float(alpha.sum()))
    return np.asarray(small[names])


def _blur(alpha: Float, sigma: float) -> Float:
    if sigma <= 0.05:
        return alpha
    return np.asarray(cv2.GaussianBlur(alpha, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))


def _move_outline(alpha: Float, edge: EdgeControls, scale: float) -> Float:
    if edge.smooth:
        soft = _blur(alpha, 6 * edge.smooth)
        alpha = np.clip((soft - 0.5) * (1 + 3 * edge.smooth) + 0.5, 0, 1)
    if edge.shift_px:
        alpha = _shift_outline(alpha, edge.shift_px * scale)
    return _blur(alpha.astype(np.float32), edge.feather_px * scale)


def _shift_outline(alpha: Float, cells: float) -> Float:
    """Expand alpha (or, for negative cells, contract it), by a fraction of cells too."""
    whole = int(abs(cells))
    act = cv2.dilate if cells > 0 else cv2.erode
    near = alpha
    for _ in range(whole):
        near = act(near, _BALL)
    far = act(near, _BALL)
    rest = np.float32(abs(cells) - whole)
    return np.asarray(near + rest * (far - near), np.float32)


_BALL = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))


def _change_contrast(
    a: Float, b: Float, alpha: Float, contrast: float
) -> tuple[Float, Float, Float]:
    if contrast > 0:
        gain = np.float32(1 / (1 - 0.9 * contrast))
        middle = np.float32(0.5) * (1 - gain)
        return a * gain, b * gain + middle, np.clip(alpha * gain + middle, 0, 1)
    keep, soft = np.float32(1 + contrast), _blur(alpha, 2.0)
    return a * keep, b * keep + (1 - keep) * soft, alpha * keep + (1 - keep) * soft

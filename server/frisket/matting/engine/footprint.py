"""Which cells of the solved grid the pixels of a rectangle are interpolated from."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def find_cells(spans: NDArray[np.intp], cells: int, pixels: int) -> NDArray[np.intp]:
    """Return the cells along one axis that spans of pixels are interpolated from.

    Args:
        spans: (n, 2): first and one past the last pixel of each.
        cells: along the axis.
        pixels: of the layer along the axis.

    Returns:
        (n, 2): first and one past the last cell of each.
    """
    first = np.floor((spans[:, 0] + 0.5) * cells / pixels - 0.5).astype(np.intp)
    last = np.floor((spans[:, 1] - 0.5) * cells / pixels - 0.5).astype(np.intp) + 2
    return np.stack([np.clip(first, 0, cells - 1), np.clip(last, 1, cells)], axis=1)


def hold_everywhere(
    flags: NDArray[np.bool_], rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Return per rectangle of cells whether a flag holds in all of it.

    Args:
        flags: (h, w), one per cell.
        rows: (n, 2): first and one past the last row of each row of rectangles.
        columns: (m, 2), likewise.

    Returns:
        (n, m).
    """
    total = np.asarray(cv2.integral((~flags).view(np.uint8)))
    r0, r1 = rows[:, 0][:, None], rows[:, 1][:, None]
    c0, c1 = columns[:, 0][None], columns[:, 1][None]
    bad = total[r1, c1] - total[r0, c1] - total[r1, c0] + total[r0, c0]
    return np.asarray(bad == 0)

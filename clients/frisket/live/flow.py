"""Carries a mask from the picture it was made for to the pictures after it, along the motion.

Dense inverse search (Kroeger et al., "Fast Optical Flow using Dense Inverse Search", ECCV 2016) on
a small grey copy: between two masks a subject moves by little.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from frisket.jobs.video.matting import Samples
from frisket.live.camera import Picture, load_cv2

_SIDE = 320  # longer side of the copy that is searched
_LEAST_SIDE = 12  # it searches patches of 8 pixels


class Carrier:
    """Carries masks; remembers the small copy of the picture that the last one was made for."""

    def __init__(self) -> None:
        self._cv2 = load_cv2("flow")
        self._search = self._cv2.DISOpticalFlow.create(self._cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._from: Picture | None = None
        self._grey: Picture | None = None

    def carry(self, alpha: Samples, before: Picture, rgb: Picture) -> Samples:
        """Return a mask along the motion from the picture that it was made for to a later one.

        Args:
            alpha: (height, width) uint8.
            before: (height, width, 3) uint8, the picture that it was made for.
            rgb: the same, the later picture.
        """
        if self._grey is None or self._from is not before:
            self._from, self._grey = before, self._reduce(before)
        if min(self._grey.shape) < _LEAST_SIDE:
            return alpha
        return self._move(alpha, self._search.calc(self._reduce(rgb), self._grey, None))

    def _reduce(self, rgb: Picture) -> Picture:
        scale = min(1.0, _SIDE / max(rgb.shape[:2]))
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        small = self._cv2.resize(rgb, size, interpolation=self._cv2.INTER_AREA)
        return np.asarray(self._cv2.cvtColor(small, self._cv2.COLOR_RGB2GRAY))

    def _move(self, alpha: Samples, flow: Any) -> Samples:
        """Return a mask whose pixels are fetched from where a flow of a smaller size leads."""
        cv2, (high, wide) = self._cv2, alpha.shape
        scale = (wide / flow.shape[1], high / flow.shape[0])
        # One plane at a time: interleaved ones take twice as long.
        x, y = (
            cv2.resize(flow[..., axis] * np.float32(scale[axis]), (wide, high)) for axis in (0, 1)
        )
        x += np.arange(wide, dtype=np.float32)
        y += np.arange(high, dtype=np.float32)[:, None]
        moved = cv2.remap(alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved)

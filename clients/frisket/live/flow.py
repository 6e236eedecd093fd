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
    """Remembers the last mask and its picture."""

    def __init__(self) -> None:
        self._cv2 = load_cv2("flow")
        self._search = self._cv2.DISOpticalFlow.create(self._cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._grey: Picture | None = None
        self._alpha: Samples | None = None

    def remember(self, rgb: Picture, alpha: Samples) -> None:
        """Take a mask (height, width) uint8 with the picture that it was made for."""
        self._grey, self._alpha = self._reduce(rgb), alpha

    def carry(self, rgb: Picture, follow: bool = True) -> Samples | None:
        """Return the mask for a later picture; None where there is none of its size.

        Args:
            rgb: the picture.
            follow: along the motion; else the mask as it was.
        """
        if self._alpha is None or self._grey is None or self._alpha.shape != rgb.shape[:2]:
            return None
        if not follow or min(self._grey.shape) < _LEAST_SIDE:
            return self._alpha
        flow = self._search.calc(self._reduce(rgb), self._grey, None)
        return self._move(self._alpha, flow)

    def _reduce(self, rgb: Picture) -> Picture:
        scale = min(1.0, _SIDE / max(rgb.shape[:2]))
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        small = self._cv2.resize(rgb, size, interpolation=self._cv2.INTER_AREA)
        return np.asarray(self._cv2.cvtColor(small, self._cv2.COLOR_RGB2GRAY))

    def _move(self, alpha: Samples, flow: Any) -> Samples:
        cv2, (high, wide) = self._cv2, alpha.shape
        scale = (wide / flow.shape[1], high / flow.shape[0])
        large = cv2.resize(flow, (wide, high), interpolation=cv2.INTER_LINEAR)
        x = large[..., 0] * np.float32(scale[0]) + np.arange(wide, dtype=np.float32)
        y = large[..., 1] * np.float32(scale[1]) + np.arange(high, dtype=np.float32)[:, None]
        moved = cv2.remap(alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(moved)

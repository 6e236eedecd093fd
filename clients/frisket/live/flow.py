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
_BESIDE = 25  # pixels of that copy, across, within which a background moves as the subject does
_ENOUGH = np.float32(0.25)  # of subject within that, from which on it decides alone
_LITTLE = np.float32(1e-3)  # of subject, which has no motion of its own
_LEAST_SIDE = 16  # it searches patches of 8 on half the pixels; OpenCV breaks memory with less


class Carrier:
    """Carries masks; remembers the last one, and the picture that it was made for, in small."""

    def __init__(self) -> None:
        self._cv2 = load_cv2("flow")
        self._search = self._cv2.DISOpticalFlow.create(self._cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._search.setFinestScale(1)
        self._from: Picture | None = None
        self._grey: Picture | None = None
        self._subject: Any = None  # (h, w) float32 0..1, the mask as small as the grey picture

    def carry(self, alpha: Samples, before: Picture, rgb: Picture) -> Samples:
        """Return a mask along the motion from the picture that it was made for to a later one.

        Args:
            alpha: (height, width) uint8.
            before: (height, width, 3) uint8, the picture that it was made for.
            rgb: the same, the later picture.
        """
        if self._grey is None or self._from is not before:
            self._from, self._grey = before, self._reduce(before)
            size = self._grey.shape[::-1]
            small = self._cv2.resize(alpha, size, interpolation=self._cv2.INTER_AREA)
            self._subject = small * np.float32(1 / 255)
        if min(self._grey.shape) < _LEAST_SIDE:
            return alpha
        flow = self._search.calc(self._reduce(rgb), self._grey, None)
        return self._move(alpha, self._lead(flow))

    def _lead(self, flow: Any) -> Any:
        """Return a flow (h, w, 2) that beside the subject is the subject's own.

        At an edge a search finds the motion of either side, and it is the subject's that the edge
        follows.
        """
        cv2 = self._cv2
        cover = self._fetch(self._subject, *(flow[..., axis].copy() for axis in (0, 1)))[..., None]
        near = cv2.blur(cover, (_BESIDE, _BESIDE))[..., None]
        own = cv2.blur(flow * cover, (_BESIDE, _BESIDE)) / np.maximum(near, _LITTLE)
        return flow + (own - flow) * np.minimum(near / _ENOUGH, 1) * (1 - cover)

    def _reduce(self, rgb: Picture) -> Picture:
        scale = min(1.0, _SIDE / max(rgb.shape[:2]))
        size = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
        small = self._cv2.resize(rgb, size, interpolation=self._cv2.INTER_AREA)
        return np.asarray(self._cv2.cvtColor(small, self._cv2.COLOR_RGB2GRAY))

    def _move(self, alpha: Samples, flow: Any) -> Samples:
        """Return a mask whose pixels are fetched from where a flow of a smaller size leads."""
        high, wide = alpha.shape
        scale = (wide / flow.shape[1], high / flow.shape[0])
        # One plane at a time: interleaved ones take twice as long.
        x, y = (
            self._cv2.resize(flow[..., axis] * np.float32(scale[axis]), (wide, high))
            for axis in (0, 1)
        )
        return np.asarray(self._fetch(alpha, x, y))

    def _fetch(self, plane: Any, x: Any, y: Any) -> Any:
        """Return what lies in a plane (h, w) by x and y pixels beside each of its pixels.

        x and y are used up: fresh planes as large as a picture would cost more than their sums.
        """
        cv2, (high, wide) = self._cv2, plane.shape
        x += np.arange(wide, dtype=np.float32)
        y += np.arange(high, dtype=np.float32)[:, None]
        return cv2.remap(plane, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)

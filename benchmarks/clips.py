"""Clips with an exact alpha: drawn subjects that move, turn and blur over moving photographs.

Every frame is the mean of the instants of a shutter: a subject that moves fast is blurred, and so
is its alpha, over a background that moves by itself. Grain of a sensor is added at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import truth
from numpy.typing import NDArray

Image = NDArray[Any]
_INSTANTS = 4  # of an open shutter


@dataclass(frozen=True)
class Clip:
    """How a subject moves.

    Attributes:
        name: of the clip.
        kind: one of ``truth.KINDS``.
        seed: of everything random.
        speed: pixels a frame that the subject moves at most.
        turn: degrees that it turns to either side.
        drift: pixels a frame that the background moves.
        grain: standard deviation of the sensor's noise, in levels.
    """

    name: str
    kind: str
    seed: int
    speed: float = 0.0
    turn: float = 0.0
    drift: float = 0.0
    grain: float = 2.0


CLIPS = (
    Clip("still", "fur", 3),
    Clip("talking", "fur", 6, speed=1.5, turn=3.0),
    Clip("walking", "fur", 3, speed=6.0, turn=4.0, drift=1.0),
    Clip("panning", "hair", 5, speed=2.0, turn=2.0, drift=4.0),
    Clip("running", "fur", 11, speed=14.0, turn=10.0, drift=2.0, grain=3.0),
)


def make_frames(
    clip: Clip, photograph: Image, size: tuple[int, int], count: int
) -> Iterator[tuple[Image, Image]]:
    """Yield the frames of a clip (h, w, 3) uint8 and their alpha (h, w) uint8.

    Args:
        clip: how it moves.
        photograph: (h, w, 3) uint8 for the background; it is scaled to cover.
        size: (width, height) of a frame.
        count: of frames.
    """
    rng = np.random.default_rng(clip.seed)
    wide, high = size
    canvas = np.zeros((high, wide, 3), np.uint8)
    subject, alpha = truth.picture(clip.kind, canvas, clip.seed)
    layer = np.dstack([subject, alpha]).astype(np.float32)
    back = cv2.resize(photograph, (2 * wide, 2 * high), interpolation=cv2.INTER_AREA)
    for number in range(count):
        instants = [number + step / (2 * _INSTANTS) for step in range(_INSTANTS)]
        parts = [_show_instant(clip, layer, back, size, time) for time in instants]
        rgb, shown = (np.mean(plane, axis=0) for plane in zip(*parts, strict=True))
        rgb = rgb + rng.normal(0, clip.grain, rgb.shape)
        yield np.rint(np.clip(rgb, 0, 255)).astype(np.uint8), np.rint(shown).astype(np.uint8)


def _show_instant(
    clip: Clip, layer: Image, back: Image, size: tuple[int, int], time: float
) -> tuple[Image, Image]:
    wide, high = size
    swing = np.sin(2 * np.pi * time / 48)
    reach = clip.speed * 48 / (2 * np.pi)
    matrix = cv2.getRotationMatrix2D((wide / 2, high / 2), clip.turn * swing, 1.0)
    matrix[:, 2] += (reach * swing, 0.3 * reach * np.sin(2 * np.pi * time / 31))
    moved = cv2.warpAffine(layer, matrix, size, flags=cv2.INTER_LINEAR)
    x = wide / 2 + clip.drift * 24 * np.sin(2 * np.pi * time / 150)
    behind = cv2.warpAffine(
        back, np.array([[1, 0, -x], [0, 1, -high / 2]], np.float64), size, flags=cv2.INTER_LINEAR
    ).astype(np.float32)
    share = moved[..., 3:] / np.float32(255)
    # The layer was drawn over black, so its colours are premultiplied already.
    return moved[..., :3] + (1 - share) * behind, moved[..., 3]


def read_photographs(folder: Path) -> list[Image]:
    """Return the photographs of a folder, RGB, in the order of their names."""
    found = (cv2.imread(str(path)) for path in sorted(folder.glob("*.jpg")))
    return [cv2.cvtColor(one, cv2.COLOR_BGR2RGB) for one in found if one is not None]

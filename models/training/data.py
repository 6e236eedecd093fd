"""Pairs of photograph and mask, read once and kept in memory as 8-bit arrays.

A data folder holds one sub-folder per set; in it `NAME.jpg` and `NAME.png` are a
photograph and its mask (white: subject). An optional teacher folder of the same shape
holds `SET/NAME.png`: the teacher's soft maps, made by `teacher.py`.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

#: How often a set is drawn, per image. Hand-made masks of varied subjects count most.
SET_WEIGHT = {"ecssd": 2.5, "sod": 1.5, "ccp": 0.8, "butterfly": 0.5, "humanseg": 0.9}
#: How far a set's masks are believed against the teacher's soft map (0..1).
MASK_TRUST = {"ecssd": 0.75, "sod": 0.6, "ccp": 0.85, "butterfly": 0.85, "humanseg": 0.7}


@dataclass(frozen=True)
class Pair:
    """One photograph: image H×W×3 RGB, mask and teacher H×W, all 0..255 uint8."""

    group: str
    name: str
    image: Image
    mask: Image
    teacher: Image | None


def read_rgb(path: Path) -> Image:
    """Read a photograph as H×W×3 RGB, 0..255."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        raise ValueError(f"{path} is not a readable image")
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def read_gray(path: Path) -> Image:
    """Read a mask as H×W, 0..255."""
    gray = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if gray is None:
        raise ValueError(f"{path} is not a readable mask")
    return np.asarray(gray, dtype=np.uint8)


def list_pairs(root: Path) -> list[tuple[str, Path]]:
    """List `(set, photograph)` of every photograph below `root` that has a mask."""
    photos = sorted(root.glob("*/*.jpg"))
    return [(p.parent.name, p) for p in photos if p.with_suffix(".png").exists()]


def is_held_out(group: str, name: str, share: float = 0.05) -> bool:
    """Say whether a photograph belongs to the validation split; depends on its name only."""
    return zlib.crc32(f"{group}/{name}".encode()) % 1000 < share * 1000


def load_pair(group: str, photo: Path, teacher_root: Path | None) -> Pair:
    """Read one pair, and its teacher map where there is one."""
    image, mask = read_rgb(photo), read_gray(photo.with_suffix(".png"))
    soft = None
    if teacher_root is not None and (teacher_root / group / f"{photo.stem}.png").exists():
        soft = _fit(read_gray(teacher_root / group / f"{photo.stem}.png"), image)
    return Pair(group, photo.stem, image, _fit(mask, image), soft)


def load_all(root: Path, teacher_root: Path | None, skip: frozenset[str]) -> list[Pair]:
    """Read every pair below `root` but those whose `set/name` is in `skip`."""
    found = list_pairs(root)
    if not found:
        raise FileNotFoundError(f"no pair of SET/NAME.jpg and SET/NAME.png below {root}")
    kept = [(g, p) for g, p in found if f"{g}/{p.stem}" not in skip]
    return [load_pair(g, p, teacher_root) for g, p in kept]


def split(pairs: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Divide pairs into training and validation, the same way on every machine."""
    train = [p for p in pairs if not is_held_out(p.group, p.name)]
    return train, [p for p in pairs if is_held_out(p.group, p.name)]


def draw_weights(pairs: list[Pair]) -> NDArray[np.float64]:
    """Return the chance of each pair to be drawn; they sum to 1."""
    weight = np.array([SET_WEIGHT.get(p.group, 1.0) for p in pairs])
    return weight / weight.sum()


def read_skip(path: Path | None) -> frozenset[str]:
    """Read a list of `set/name` lines to leave out of training; `#` starts a comment."""
    if path is None:
        return frozenset()
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return frozenset(line for line in lines if line)


def _fit(mask: Image, image: Image) -> Image:
    """Resize a mask to its photograph where the two differ."""
    h, w = image.shape[:2]
    if mask.shape == (h, w):
        return mask
    return np.asarray(cv2.resize(mask, (w, h), interpolation=cv2.INTER_AREA), dtype=np.uint8)

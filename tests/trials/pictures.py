"""Pictures of any size with a subject that the embedded model finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from frisket.loadtest.scene import make_scene
from frisket.protocol.grid import TileRect


def draw(megapixels: float, seed: int = 0) -> np.ndarray:
    """Return a picture (h, w, 3)."""
    scene = make_scene(megapixels, seed)
    rows = scene.read_tile(TileRect(0, 0, scene.width, scene.height))
    return np.frombuffer(rows, np.uint8).reshape(scene.height, scene.width, 3)


def show(folder: Path, megapixels: float, count: int) -> Sequence[np.ndarray]:
    """Return the first photographs of a folder, each of about a size."""
    found = []
    for file in sorted(folder.glob("*.jpg"))[:count]:
        with Image.open(file) as photo:
            scale = (megapixels * 1e6 / (photo.width * photo.height)) ** 0.5
            size = (round(photo.width * scale), round(photo.height * scale))
            found.append(np.asarray(photo.convert("RGB").resize(size)))
    return found

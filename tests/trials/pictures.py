"""Pictures of any size with a subject that the embedded model finds."""

from __future__ import annotations

import numpy as np

from frisket.loadtest.scene import make_scene
from frisket.protocol.grid import TileRect


def draw(megapixels: float, seed: int = 0) -> np.ndarray:
    """Return a picture (h, w, 3)."""
    scene = make_scene(megapixels, seed)
    rows = scene.read_tile(TileRect(0, 0, scene.width, scene.height))
    return np.frombuffer(rows, np.uint8).reshape(scene.height, scene.width, 3)

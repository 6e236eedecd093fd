"""Make the golden mattes that the tests compare with; look at them before committing.

    python scripts/make_goldens.py

Each is the whole way (model, solve, full-resolution alpha) on a photograph that comes
with scikit-image, reduced to 128 px: `tests/golden/MODEL-QUALITY-PICTURE.png`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from skimage import data

from frisket.matting import engine
from frisket.models import Coarse, Model, Registry, average_mirrored, mirror_picture

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "golden"
PICTURES = ("astronaut", "coffee", "chelsea")
MODELS = ("classic", "embedded")
QUALITIES = (engine.Quality.STANDARD, engine.Quality.HIGH)
WIDTH_PX = 128

Plane = npt.NDArray[np.uint8]


def mattes() -> Iterator[tuple[str, Plane]]:
    """Yield the name and the reduced alpha of every golden."""
    for name in MODELS:
        model = Registry().open(name, "cpu", 2)
        for picture in PICTURES:
            rgb = np.ascontiguousarray(getattr(data, picture)()[..., :3])
            for quality in QUALITIES:
                alpha = matte(rgb, looked(model, rgb, quality), quality)
                yield f"{name}-{quality.value}-{picture}", alpha


def looked(model: Model, rgb: Plane, quality: engine.Quality) -> Coarse:
    """Return the model's answer as the server asks for it: `high` looks in a mirror too."""
    coarse = model.matte([rgb])[0]
    if quality is engine.Quality.STANDARD:
        return coarse
    return average_mirrored(coarse, model.matte([mirror_picture(rgb)])[0])


def matte(rgb: Plane, coarse: Coarse, quality: engine.Quality) -> Plane:
    """Return the alpha of a photograph (h, w, 3), `WIDTH_PX` wide."""
    height, width = rgb.shape[:2]
    solved = engine.solve(rgb, coarse.alpha, (width, height), quality, cell_px=coarse.cell_px)
    alpha = engine.refine(solved, 0, 0, rgb, 8)
    size = (WIDTH_PX, round(height * WIDTH_PX / width))
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Write every golden."""
    FOLDER.mkdir(exist_ok=True)
    for name, alpha in mattes():
        cv2.imwrite(str(FOLDER / f"{name}.png"), alpha)


if __name__ == "__main__":
    main()

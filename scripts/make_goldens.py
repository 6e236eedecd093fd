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

from frisket.matting import MattingOptions, matte_picture
from frisket.matting.engine import Quality
from frisket.models import Model, Registry

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "golden"
PICTURES = ("astronaut", "coffee", "chelsea")
MODELS = ("classic", "embedded")
QUALITIES = (Quality.STANDARD, Quality.HIGH)
WIDTH_PX = 128

Plane = npt.NDArray[np.uint8]


def mattes() -> Iterator[tuple[str, Plane]]:
    """Yield the name and the reduced alpha of every golden."""
    for name in MODELS:
        model = Registry().open(name, "cpu", 2)
        for picture in PICTURES:
            rgb = np.ascontiguousarray(getattr(data, picture)()[..., :3])
            for quality in QUALITIES:
                alpha = matte(model, rgb, quality)
                yield f"{name}-{quality.value}-{picture}", alpha


def matte(model: Model, rgb: Plane, quality: Quality) -> Plane:
    """Return the alpha of a photograph (h, w, 3), `WIDTH_PX` wide."""
    height, width = rgb.shape[:2]
    alpha = matte_picture(model, rgb, MattingOptions(quality)).alpha
    size = (WIDTH_PX, round(height * WIDTH_PX / width))
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Write every golden."""
    FOLDER.mkdir(exist_ok=True)
    for name, alpha in mattes():
        cv2.imwrite(str(FOLDER / f"{name}.png"), alpha)


if __name__ == "__main__":
    main()

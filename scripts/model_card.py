"""Draw where the embedded model fails: the pictures of its card.

    python scripts/model_card.py                    # docs/images/embedded-failures.jpg

Rows are photographs that come with scikit-image (public domain or CC0); columns the
photograph, the model's own alpha, the matte after `standard` refinement, and the cutout.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from skimage import data

from frisket.matting import matte_picture
from frisket.models import Model, Registry

OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "embedded-failures.jpg"
PICTURES = ("coffee", "rocket", "chelsea", "immunohistochemistry")
HEIGHT_PX, GAP_PX = 200, 6

Plane = npt.NDArray[np.uint8]


def row(model: Model, rgb: Plane) -> Plane:
    """One photograph (h, w, 3) with what became of it, `HEIGHT_PX` high."""
    matted = matte_picture(model, rgb)
    matte, coarse = matted.alpha, matted.solution.coarse.alpha
    size = (rgb.shape[1], rgb.shape[0])
    share = matte[..., None].astype(np.float32) / 255
    cutout = (rgb * share + 255 * (1 - share)).astype(np.uint8)
    panels = (rgb, cv2.resize(coarse, size), matte, cutout)
    width = round(HEIGHT_PX * size[0] / size[1])
    shown = (cv2.resize(p, (width, HEIGHT_PX), interpolation=cv2.INTER_AREA) for p in panels)
    rgbs = [p if p.ndim == 3 else np.repeat(p[..., None], 3, axis=2) for p in shown]
    gap = np.full((HEIGHT_PX, GAP_PX, 3), 255, np.uint8)
    return np.hstack([part for p in rgbs for part in (p, gap)])


def stacked(rows: list[Plane]) -> Plane:
    """The rows below each other on white."""
    width = max(r.shape[1] for r in rows)
    padded = [
        np.pad(r, ((0, GAP_PX), (0, width - r.shape[1]), (0, 0)), constant_values=255) for r in rows
    ]
    return np.vstack(padded)


def main() -> None:
    """Write the sheet."""
    model = Registry().open("embedded", "cpu", 2)
    photographs = [np.ascontiguousarray(getattr(data, name)()[..., :3]) for name in PICTURES]
    Image.fromarray(stacked([row(model, p) for p in photographs])).save(OUT, quality=88)
    print(OUT)


if __name__ == "__main__":
    main()

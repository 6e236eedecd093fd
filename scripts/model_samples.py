"""Draw what every model on this machine makes of a photograph, for docs/models.md.

    python scripts/model_samples.py [NAME …]

Two photographs that come with scikit-image and may be shown anywhere: the astronaut (NASA,
public domain) and Chelsea the cat (CC0). Each sample shows the photograph, the matte and the
cutout of `frisket cut --quality high`, and lands in docs/images/models/.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from frisket import CutOptions, cut
from frisket.models import ModelInfo, Registry

OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "models"
HEIGHT_PX = 200
CAT = {"deeplab": ("cat",)}
"""Models that are shown on the cat, with the classes they are told."""


def main() -> int:
    """Draw the named models, or every one that is present; return the exit status."""
    present = {info.name: info for info in Registry().list() if info.present}
    wanted = sys.argv[1:] or [name for name, info in present.items() if info.role == "matte"]
    missing = [name for name in wanted if name not in present]
    if missing:
        print(f"not on this machine: {', '.join(missing)}", file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    for name in wanted:
        target = OUT / f"{name}.jpg"
        sample(present[name]).save(target, quality=80, optimize=True)
        print(target)
    return 0


def sample(info: ModelInfo) -> Image.Image:
    """Return photograph, matte and cutout side by side."""
    from skimage import data

    photograph = Image.fromarray(data.chelsea() if info.name in CAT else data.astronaut())
    with tempfile.TemporaryDirectory() as folder:
        source, matte = Path(folder) / "in.png", Path(folder) / "out.png"
        photograph.save(source)
        options = CutOptions(
            kind="matte", model=info.name, quality="high", classes=CAT.get(info.name, ())
        )
        cut(source, matte, options)
        alpha = Image.open(matte).convert("L")
    paper = Image.new("RGB", photograph.size, (60, 140, 90))
    return row([photograph, alpha.convert("RGB"), Image.composite(photograph, paper, alpha)])


def row(panels: list[Image.Image]) -> Image.Image:
    """Return pictures of equal height beside one another."""
    width = round(panels[0].width * HEIGHT_PX / panels[0].height)
    small = [panel.resize((width, HEIGHT_PX), Image.Resampling.LANCZOS) for panel in panels]
    gap = np.full((HEIGHT_PX, 6, 3), 255, np.uint8)
    parts = [np.asarray(panel) for panel in small]
    return Image.fromarray(np.hstack([parts[0], gap, parts[1], gap, parts[2]]))


if __name__ == "__main__":
    sys.exit(main())

"""Time and memory of finishing: a TIFF and its matte become a JPEG on white, with shadow and crop.

    python benchmarks/finish.py [--megapixels 100] [--ratio 1.5] [--runs 3] [--step NAME …]

The picture and a matte with a soft edge are made, as tiled TIFFs, in a temporary folder. Each run
is a process of its own; wall-clock seconds depend on what else the machine does, so the seconds of
its processors stand beside them. `--step` does one thing more than lay the subject on white, and
may be repeated; "all" is every one. Rows are held at a time, so 100 MP of a ratio of 13.5, which
are as wide as 900 MP, show most of their memory in a ninth of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from common import measure, write_photograph

_TILE = 512
_WORK = (
    "import json, sys; from frisket.finish import finish; "
    "finish(*sys.argv[1:4], **json.loads(sys.argv[4]))"
)
_GRADIENT = "linear-gradient(#dde, #665544)"
_BOARD = "board.tif"  # a smaller picture beside the subject's
STEPS: dict[str, dict[str, str]] = {
    "shop": {"background": "white", "shadow": "drop", "crop": "5%"},
    "canvas": {"canvas": "marketplace", "shadow": "contact"},
    "white": {"background": "white"},
    "gradient": {"background": _GRADIENT},
    "board": {"background": _BOARD},
    "blurred": {"background": "original:blur=5%"},
    "blurred a little": {"background": "original:blur=20px"},
    "desaturated": {"background": "original:saturation=0"},
    "soft": {"background": "white", "softness": "soft"},
    "crisp": {"background": "white", "softness": "crisp"},
    "feather": {"background": "white", "feather": "24"},
    "inset": {"background": "white", "shift": "-8"},
    "outset": {"background": "white", "shift": "8"},
    "exposure": {"background": "white", "correct": "exposure:stops=0.5"},
    "balance": {"background": "white", "correct": "white"},
    "equalise": {"background": "white", "correct": "equalise"},
    "denoise": {"background": "white", "correct": "denoise"},
    "bilateral": {"background": "white", "correct": "denoise:method=bilateral"},
    "spill": {"background": "white", "correct": "spill"},
    "defringe": {"background": "white", "defringe": "70%"},
    "harmonise": {"background": _GRADIENT, "harmonise": "60%"},
    "seam": {"background": _GRADIENT, "blend_seam": "50%"},
    "drop": {"background": "white", "shadow": "drop:blur=30px,spread=10px"},
    "cast": {"background": "white", "shadow": "cast"},
    "contact": {"background": "white", "shadow": "contact"},
    "reflection": {"background": "white", "shadow": "reflection"},
}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--megapixels", type=float, default=100.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--step", action="append", choices=[*STEPS, "all"], help="default: shop, which is several"
    )
    parser.add_argument("--suffix", default=".jpg", help="of the file: .psb keeps live layers")
    parser.add_argument("--ratio", type=float, default=1.5, help="of the picture, width by height")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = write_photograph(folder / "picture.tif", options.megapixels, ratio=options.ratio)
        matte = write_matte(folder / "matte.tif", picture)
        write_photograph(folder / _BOARD, 6.0)
        print(f"{options.megapixels:.0f} MP, load {os.getloadavg()[0]:.1f}")
        asked = options.step or ["shop"]
        for name in STEPS if "all" in asked else asked:
            for _ in range(options.runs):
                run_once(name, picture, matte, folder / f"out{options.suffix}")
    return 0


def run_once(name: str, picture: Path, matte: Path, output: Path) -> None:
    """Finish in a process of its own and print what it took."""
    board = str(output.parent / _BOARD)
    given = json.dumps({key: value.replace(_BOARD, board) for key, value in STEPS[name].items()})
    done = measure([sys.executable, "-c", _WORK, picture, output, matte, given])
    size = output.stat().st_size
    print(
        f"{name}: {done.seconds:.2f} s, {done.cpu_seconds:.2f} s of processors, "
        f"{done.peak_bytes / 1e6:.0f} MB, {size / 1e6:.1f} MB written",
        flush=True,
    )


def write_matte(path: Path, picture: Path) -> Path:
    """Write the matte of an upright ellipse that fills most of the picture."""
    with tifffile.TiffFile(picture) as file:
        height, width = file.pages[0].shape[:2]

    def tiles() -> object:
        for top in range(0, height, _TILE):
            for left in range(0, width, _TILE):
                y, x = np.ogrid[top : min(top + _TILE, height), left : min(left + _TILE, width)]
                far = ((x / width - 0.5) / 0.36) ** 2 + ((y / height - 0.5) / 0.42) ** 2
                yield np.clip((1.02 - far) * 6000, 0, 255).astype(np.uint8)

    tifffile.imwrite(
        path, tiles(), shape=(height, width), dtype=np.uint8, photometric="minisblack",
        tile=(_TILE, _TILE), compression="zlib",
    )  # fmt: skip
    return path


if __name__ == "__main__":
    sys.exit(main())

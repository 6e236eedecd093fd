"""Time and memory of finishing: a TIFF and its matte become a JPEG on white, with shadow and crop.

    python benchmarks/finish.py [--megapixels 100] [--runs 3] [--suffix .jpg]

The picture and a matte with a soft edge are made, as tiled TIFFs, in a temporary folder. Each run
is a process of its own; wall-clock seconds depend on what else the machine does, so the seconds of
its processors stand beside them.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np
import tifffile
from common import measure, write_photograph

_TILE = 512
_WORK = (
    "import sys; from frisket.finish import finish; "
    "finish(*sys.argv[1:4], background='white', shadow='drop', crop='5%')"
)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--megapixels", type=float, default=100.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--suffix", default=".jpg", help="of the file: .psb keeps live layers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = write_photograph(folder / "picture.tif", options.megapixels)
        matte = write_matte(folder / "matte.tif", picture)
        print(f"{options.megapixels:.0f} MP, load {os.getloadavg()[0]:.1f}")
        for _ in range(options.runs):
            run_once(picture, matte, folder / f"out{options.suffix}")
    return 0


def run_once(picture: Path, matte: Path, output: Path) -> None:
    """Finish in a process of its own and print what it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = measure([sys.executable, "-c", _WORK, picture, output, matte])
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    size = output.stat().st_size
    print(
        f"{done.seconds:.2f} s, {worked:.2f} s of processors, {done.peak_bytes / 1e6:.0f} MB, "
        f"{size / 1e6:.1f} MB written"
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

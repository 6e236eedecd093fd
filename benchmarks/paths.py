"""Outlines: distances, knots against a Schneider fit, what independent readers draw, times.

    python benchmarks/paths.py [--size 1600] [--psb-scale 1.0] [--no-psb]

Products and a blob are drawn with soft edges. The Schneider fit is that of the `beziers` package,
on the same contour and at the same tolerance. Readers: ImageMagick's 8BIM as SVG through
rsvg-convert, poppler, exiftool; those that the machine lacks are left out. A path into a PSB of
3 GB is held against `cp`, in turns; the page cache decides much of both.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tifffile
from beziers.path import BezierPath as TheirPath
from beziers.point import Point
from documents import raw_channel, write_psb
from PIL import Image

from frisket.documents import ArrayAlpha, LayerResult, Rect, ResultOptions, open_document
from frisket.documents.base.carrier import CLIPPING, FIRST_PATH
from frisket.documents.core.outline import OutlineOptions
from frisket.documents.core.resources import ImageResource
from frisket.paths.cubic import Points
from frisket.paths.records import encode_clipping, encode_path
from frisket.paths.trace import find_rings, trace
from frisket.paths.values import BezierPath
from frisket.paths.writer import WRITER

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from outlines import (  # type: ignore[import-not-found]  # noqa: E402
    PRODUCTS,
    compare_areas,
    draw_product,
    measure_distance,
)

Matte = npt.NDArray[np.uint8]
_TOLERANCE = 0.5
_RUNS = 3


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--size", type=int, default=1600, help="of the drawn mattes, in pixels")
    parser.add_argument("--psb-scale", type=float, default=1.0, help="1 is a PSB of 3 GB")
    parser.add_argument("--no-psb", action="store_true")
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n")
    compare_fits(options.size)
    with tempfile.TemporaryDirectory() as folder:
        compare_readers(Path(folder), options.size)
        if not options.no_psb:
            compare_copies(Path(folder), options.psb_scale)
    return 0


def compare_fits(size: int) -> None:
    """Print distances and knots of both fits for every product, at two sizes."""
    print("| matte | knots | Schneider | ratio | distance | Schneider's | trace s |")
    print("|---|---|---|---|---|---|---|")
    for kind in PRODUCTS:
        for side in (size // 4, size):
            print(compare_one(f"{kind} {side}", draw_product(kind, side)), flush=True)


def compare_one(name: str, matte: Matte) -> str:
    """Return a row of the table."""
    alpha = ArrayAlpha(matte)
    started = time.process_time()
    path = trace(alpha, OutlineOptions(tolerance=_TOLERANCE)).path
    seconds = time.process_time() - started
    rings = find_rings(alpha, OutlineOptions())
    far = max(measure_distance(*pair) for pair in zip(rings, path.subpaths, strict=True))
    theirs = [fit_schneider(ring) for ring in rings]
    knots = sum(count for count, _ in theirs)
    off = max(distance for _, distance in theirs)
    return (
        f"| {name} | {path.knot_count} | {knots} | {path.knot_count / knots:.2f} | {far:.2f} px | "
        f"{off:.2f} px | {seconds:.2f} |"
    )


def fit_schneider(ring: Points) -> tuple[int, float]:
    """Return the knots of a Schneider fit of a closed contour, and its greatest distance."""
    import shapely

    points = [Point(one.real, one.imag) for one in ring]
    # Its error is the square of a distance; the corner tolerance is a distance.
    fitted = TheirPath.fromPoints(
        points, error=_TOLERANCE**2, cornerTolerance=_TOLERANCE, maxSegments=1 << 16
    )
    curves = fitted.asSegments()
    drawn = [one.pointAtTime(t) for one in curves for t in np.linspace(0, 1, 32)]
    line = shapely.linestrings([(one.x, one.y) for one in drawn])
    off = shapely.distance(shapely.points(ring.real, ring.imag), line).max()
    return len(curves), float(off)


def compare_readers(folder: Path, size: int) -> None:
    """Print what independent readers draw of the files, as the area in common with the matte."""
    matte = draw_product("mug", size)
    source = folder / "in.tif"
    tifffile.imwrite(source, np.stack([matte] * 3, axis=-1), photometric="rgb")
    with open_document(source) as document:
        path = trace(ArrayAlpha(matte), OutlineOptions()).path
        print(f"\n| reader | IoU with the matte at 50 % ({path.knot_count} knots) |\n|---|---|")
        for name, drawn in _draw(folder, document.path, matte):
            print(f"| {name} | {compare_areas(drawn, matte):.4f} |", flush=True)


def _draw(folder: Path, source: str, matte: Matte) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    for suffix in (".tif", ".jpg", ".psd"):
        original = _convert(folder, Path(source), suffix)
        output = folder / f"out{suffix}"
        _write(original, output, matte)
        if shutil.which("exiftool"):
            said = _run("exiftool", "-s3", "-ClippingPathName", str(output)).decode().strip()
            print(f"| exiftool, {suffix}: the name | {said} |")
        if shutil.which("identify") and shutil.which("rsvg-convert"):
            svg = _run("identify", "-format", "%[8BIM:1999,2998:#1]", str(output))
            drawn = _run("rsvg-convert", given=svg.strip())
            alpha = np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))[..., 3]
            yield f"ImageMagick and rsvg-convert, {suffix}", alpha >= 128
    if shutil.which("pdftoppm"):
        _write(Path(source), folder / "out.pdf", matte)
        drawn = _run("pdftoppm", "-gray", "-r", "72", str(folder / "out.pdf"))
        yield "poppler, .pdf", np.asarray(Image.open(io.BytesIO(drawn))) < 128


def _convert(folder: Path, source: Path, suffix: str) -> Path:
    """Return the picture in another format, as an independent program writes it."""
    if suffix == ".tif":
        return source
    target = folder / f"in{suffix}"
    picture = Image.open(source)
    if suffix == ".psd":
        from psd_tools import PSDImage

        PSDImage.frompil(picture).save(target)
    else:
        picture.save(target)
    return target


def _write(source: Path, output: Path, matte: Matte) -> None:
    with open_document(source) as document:
        [layer] = document.find_layers()
        WRITER.write(document, output, [LayerResult(layer, ArrayAlpha(matte))], ResultOptions())


def _run(*command: str, given: bytes = b"") -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


class Disc:
    """A large round matte that takes no memory."""

    depth = 8

    def __init__(self, side: int) -> None:
        self.width = self.height = side

    def solid(self, rect: Rect) -> int | None:
        """Return 0 or 255 where a rectangle lies wholly outside or inside."""
        half, edge = self.width / 2, 0.4 * self.width
        x = np.array([rect.x - half, rect.right - half])
        y = np.array([rect.y - half, rect.bottom - half])
        if np.hypot(np.abs(x).max(), np.abs(y).max()) < edge - 2:
            return 255
        across, down = (0.0 if one[0] <= 0 <= one[1] else np.abs(one).min() for one in (x, y))
        return 0 if np.hypot(across, down) > edge + 2 else None

    def read(self, rect: Rect) -> Matte:
        """Return the rectangle."""
        half = self.width / 2 - 0.5
        y, x = np.ogrid[rect.y - half : rect.bottom - half, rect.x - half : rect.right - half]
        far = np.hypot(x, y)[: rect.height, : rect.width]
        return np.clip(127.5 + 255 * (0.4 * self.width - far), 0, 255).astype(np.uint8)


def compare_copies(folder: Path, scale: float) -> None:
    """Print how long a path into a large PSB takes beside a copy of it, and the tracing alone."""
    source, side = folder / "large.psb", int(18000 * scale)
    write_psb(source, side, 3, 3, raw_channel(side))
    output = folder / "out.psb"
    os.sync()
    started = time.perf_counter()
    path = trace(Disc(side), OutlineOptions()).path
    traced = time.perf_counter() - started
    took = [
        (_time(lambda: _copy(source, output)), _time(lambda: _splice(source, output, path)))
        for _ in range(_RUNS)
    ]
    copy, splice = (min(times) for times in zip(*took, strict=True))
    size = source.stat().st_size / 1e9
    print(
        f"\na path into a PSB of {size:.1f} GB: {splice:.1f} s, cp {copy:.1f} s, "
        f"ratio {splice / copy:.2f} (each the best of {_RUNS}, synced); "
        f"tracing its {side} px wide matte before: {traced:.1f} s"
    )


def _copy(source: Path, output: Path) -> None:
    output.unlink(missing_ok=True)
    _run("cp", str(source), str(output))
    _run("sync", str(output))


def _splice(source: Path, output: Path, path: BezierPath) -> None:
    output.unlink(missing_ok=True)
    with open_document(source) as document:
        carrier = document.carry_resources(document.layers[0])
        assert carrier is not None
        data = encode_path(path, document.width, document.height)
        clipping = ImageResource(CLIPPING, b"", encode_clipping(b"Frisket"))
        carrier.write(output, [ImageResource(FIRST_PATH, b"Frisket", data), clipping])


def _time(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())

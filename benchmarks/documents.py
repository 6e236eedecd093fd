"""Reading and splicing documents of gigabytes: time and peak memory, each in its own process.

    python benchmarks/documents.py [--scale 1.0] [--out benchmarks/results/documents.json]

Generates a PSB of 3 GB, a TIFF of 2.7 GB and a ZIP-compressed layer of 900 megapixels in a
temporary folder, which is removed at the end. ``--scale`` shrinks the sides for a quick look.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from frisket.documents import Rect, open_document
from frisket.documents.encode.tiled import TiledPlan, TiledWriter, encode_tile
from frisket.documents.io.output import Output

TILE = 512


def layer_record(side: int, lengths: list[int], name: bytes) -> bytes:
    """A PSB layer record with one channel for each length."""
    record = struct.pack(">4iH", 0, 0, side, side, len(lengths))
    record += b"".join(struct.pack(">hQ", number, size) for number, size in enumerate(lengths))
    extra = struct.pack(">II", 0, 0) + bytes((len(name),)) + name
    extra += bytes(-(1 + len(name)) % 4)
    return record + b"8BIMnorm" + bytes((255, 0, 0, 0)) + struct.pack(">I", len(extra)) + extra


def write_psb(
    path: Path, side: int, layers: int, channels: int, body: Callable[[Any], int]
) -> None:
    """A PSB whose channels are all written by ``body``, which returns their length."""
    mode = 3 if channels == 3 else 1
    with path.open("wb") as file:
        file.write(b"8BPS" + struct.pack(">H6xHIIHH", 2, channels, side, side, 8, mode))
        file.write(bytes(8))
        section = file.tell()
        file.write(bytes(16))
        start = file.tell()
        size = len(layer_record(side, [0] * channels, b"Layer"))
        file.write(struct.pack(">h", layers) + bytes(size * layers))
        lengths = [[body(file) for _ in range(channels)] for _ in range(layers)]
        file.write(bytes(-(file.tell() - start) % 4))
        end = file.tell()
        file.write(bytes(4) + struct.pack(">H", 1))
        row = b"\x81\0" * (side // 128) + (bytes((257 - side % 128, 0)) if side % 128 else b"")
        file.write(struct.pack(">I", len(row)) * (side * channels))
        file.write(row * (side * channels))
        file.seek(section)
        file.write(struct.pack(">QQ", end + 4 - section - 8, end - start))
        file.seek(start + 2)
        for one in lengths:
            file.write(layer_record(side, one, b"Layer"))


def raw_channel(side: int) -> Callable[[Any], int]:
    """Writes a channel of noise, uncompressed."""
    rng = np.random.default_rng(1)
    band = rng.integers(0, 256, (256, side), np.uint8).tobytes()

    def write(file: Any) -> int:
        file.write(b"\0\0")
        rows = 0
        while rows < side:
            count = min(256, side - rows)
            file.write(band[: count * side])
            rows += count
        return 2 + side * side

    return write


def make_zip_writer(side: int) -> Callable[[Any], int]:
    """Writes a channel of ramps, deflated."""
    ramp = (np.arange(side) // 37).astype(np.uint8)

    def write(file: Any) -> int:
        begin = file.tell()
        file.write(b"\0\2")
        deflater = zlib.compressobj(1)
        for row in range(side):
            file.write(deflater.compress((ramp + np.uint8(row // 91 % 256)).tobytes()))
        file.write(deflater.flush())
        return int(file.tell() - begin)

    return write


def write_tiff(path: Path, side: int) -> None:
    """Deflated tiles with predictor 2, of pixels like those of a photograph."""
    plan = TiledPlan(side, side, 3, np.dtype(np.uint8), 2, predictor=2, level=6)
    rng = np.random.default_rng(2)
    y, x = np.mgrid[:TILE, :TILE]
    tiles = []
    for number in range(16):
        waves = np.sin(x / (20 + number)) + np.cos(y / (31 - number)) + 2
        pixels = np.stack([waves * 60, waves * 50 + 9, waves * 40 + 20], -1)
        noise = rng.integers(0, 4, pixels.shape)
        tiles.append(encode_tile(plan, (pixels + noise).astype(np.uint8)))
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o644)
    out = Output(str(path), descriptor)
    writer = TiledWriter(out, plan)
    for number, _ in enumerate(plan.tiles()):
        writer.add(tiles[number * 7 % 16])
    writer.finish()
    os.close(descriptor)


class Disc:
    """An alpha computed on demand: nothing of it is held."""

    depth = 8

    def __init__(self, side: int) -> None:
        self.width = self.height = side

    def _far(self, rect: Rect) -> tuple[float, float]:
        middle, xs, ys = self.width / 2, (rect.x, rect.right), (rect.y, rect.bottom)
        near_x = max(xs[0] - middle, 0, middle - xs[1])
        near_y = max(ys[0] - middle, 0, middle - ys[1])
        far_x = max(abs(x - middle) for x in xs)
        far_y = max(abs(y - middle) for y in ys)
        return float(np.hypot(near_x, near_y)), float(np.hypot(far_x, far_y))

    def solid(self, rect: Rect) -> int | None:
        """Constant tiles, told without a look."""
        near, far = self._far(rect)
        radius = self.width * 0.35
        return 255 if far < radius - 4 else 0 if near > radius + 4 else None

    def read(self, rect: Rect) -> np.ndarray[Any, np.dtype[Any]]:
        """The disc with its soft edge."""
        y, x = np.ogrid[rect.y : rect.bottom, rect.x : rect.right]
        far = np.hypot(y - self.height / 2, x - self.width / 2)
        return (np.clip((self.width * 0.35 - far) / 4 + 0.5, 0, 1) * 255).astype(np.uint8)


def peak_of() -> int:
    """Peak resident memory of this process, in bytes."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure_index(path: str) -> dict[str, Any]:
    """Open and list the layers."""
    open_document(path).layers  # noqa: B018 (the first call imports)
    begin = time.perf_counter()
    with open_document(path) as document:
        count = len(document.layers)
    return {"milliseconds": (time.perf_counter() - begin) * 1e3, "layers": count}


def copy_of(path: str) -> str:
    """Return where a copy of a document goes; its suffix stays."""
    return str(Path(path).with_stem(Path(path).stem + "-out"))


def measure_mask(path: str) -> dict[str, Any]:
    """Splice a mask into the lowest layer."""
    from frisket.documents import LayerResult

    begin = time.perf_counter()
    with open_document(path) as document:
        layer = document.layers[-1]
        document.splice("mask", copy_of(path), [LayerResult(layer, Disc(layer.width))])
    return {"seconds": time.perf_counter() - begin}


def measure_copy(path: str) -> dict[str, Any]:
    """``cp``, and the same followed by the sync that a safe write needs."""
    begin = time.perf_counter()
    subprocess.run(["cp", path, copy_of(path)], check=True)
    copied = time.perf_counter() - begin
    descriptor = os.open(copy_of(path), os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    return {"seconds": copied, "seconds_synced": time.perf_counter() - begin}


def measure_decode(path: str) -> dict[str, Any]:
    """What the decoder alone reaches: segments by ``pread``, one thread."""
    import tifffile

    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        descriptor = file.filehandle.fileno()
        pairs = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        page.decode(os.pread(descriptor, pairs[0][1], pairs[0][0]), 0)
        begin = time.perf_counter()
        for index, (offset, count) in enumerate(pairs):
            page.decode(os.pread(descriptor, count, offset), index)
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "mb_per_second": page.nbytes / 1e6 / seconds}


def measure_sweep(path: str) -> dict[str, Any]:
    """Tile by tile, in one thread, through the raster."""
    with open_document(path) as document:
        raster = document.raster(document.layers[0])
        raster.read(Rect(0, 0, 16, 16))
        begin = time.perf_counter()
        for y in range(0, raster.height, TILE):
            for x in range(0, raster.width, TILE):
                width, height = min(TILE, raster.width - x), min(TILE, raster.height - y)
                raster.read(Rect(x, y, width, height))
        seconds = time.perf_counter() - begin
        size = raster.width * raster.height * 3
        return {"seconds": seconds, "mb_per_second": size / 1e6 / seconds}


def measure_bands(path: str) -> dict[str, Any]:
    """The same sweep by bands, which uses every core."""
    with open_document(path) as document:
        raster = document.raster(document.layers[0])
        begin = time.perf_counter()
        size = sum(band.nbytes for _, band in raster.bands())
        seconds = time.perf_counter() - begin
        return {"seconds": seconds, "mb_per_second": size / 1e6 / seconds}


def measure_zip(path: str) -> dict[str, Any]:
    """The proxy, then every tile row by row: how often is a byte inflated?"""
    with open_document(path) as document:
        raster: Any = document.raster(document.layers[0])
        begin = time.perf_counter()
        raster.proxy()
        proxied = time.perf_counter() - begin
        for y in range(0, raster.height, TILE):
            for x in range(0, raster.width, TILE):
                width, height = min(TILE, raster.width - x), min(TILE, raster.height - y)
                raster.read(Rect(x, y, width, height))
        inflated = sum(plane.channel.inflated for plane in raster.planes)
        size = raster.width * raster.height * len(raster.planes)
        return {
            "proxy_seconds": proxied,
            "seconds": time.perf_counter() - begin,
            "inflated_times": inflated / size,
        }


MEASURES = {
    name.removeprefix("measure_"): function
    for name, function in list(globals().items())
    if name.startswith("measure_")
}


def run(name: str, path: Path) -> dict[str, Any]:
    """One measurement in a process of its own, so that peaks are its own."""
    command = [sys.executable, __file__, "--measure", name, str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    Path(copy_of(str(path))).unlink(missing_ok=True)
    found: dict[str, Any] = json.loads(result.stdout)
    print(f"{name:8} {found}", flush=True)
    return found


def measure_all(folder: Path, scale: float) -> dict[str, Any]:
    """All figures."""
    found: dict[str, Any] = {}
    psb, side = folder / "large.psb", int(18000 * scale)
    write_psb(psb, side, 3, 3, raw_channel(side))
    found["psb_bytes"] = psb.stat().st_size
    for name in ("index", *("copy", "mask") * 4):
        found.setdefault(name, []).append(run(name, psb))
    psb.unlink()
    tiff = folder / "large.tif"
    write_tiff(tiff, int(30000 * scale))
    found["tiff_bytes"] = tiff.stat().st_size
    for name in ("decode", "sweep", "decode", "sweep", "bands"):
        found.setdefault(name, []).append(run(name, tiff))
    tiff.unlink()
    packed, side = folder / "zip.psb", int(30000 * scale)
    write_psb(packed, side, 1, 1, make_zip_writer(side))
    found["zip"] = [run("zip", packed)]
    return found


def ratios(found: dict[str, Any]) -> dict[str, float]:
    """The figures that have a bound."""

    def best(name: str, key: str, choose: Callable[[Any], float] = min) -> float:
        return choose(one[key] for one in found[name])

    def middle(name: str, key: str) -> float:
        value: float = statistics.median(one[key] for one in found[name])
        return value

    return {
        "mask_over_cp": middle("mask", "seconds") / middle("copy", "seconds"),
        "mask_over_cp_synced": middle("mask", "seconds") / middle("copy", "seconds_synced"),
        "mask_peak_mb": best("mask", "peak_bytes", max) / 1e6,
        "index_ms": best("index", "milliseconds"),
        "sweep_over_decode": best("decode", "seconds") / best("sweep", "seconds"),
        "sweep_peak_mb": best("sweep", "peak_bytes", max) / 1e6,
        "zip_inflated_times": best("zip", "inflated_times"),
        "zip_peak_mb": best("zip", "peak_bytes", max) / 1e6,
    }


def main() -> None:
    """Run everything, or one measurement for the parent."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--measure", nargs=2, metavar=("NAME", "PATH"))
    options = parser.parse_args()
    if options.measure:
        result = MEASURES[options.measure[0]](options.measure[1])
        print(json.dumps({**result, "peak_bytes": peak_of()}))
        return
    folder = Path(tempfile.mkdtemp(prefix="frisket-documents-"))
    try:
        found = measure_all(folder, options.scale)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report = {
        "command": " ".join(["python", "benchmarks/documents.py", *sys.argv[1:]]),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "scale": options.scale,
        "ratios": ratios(found),
        "measured": found,
    }
    print(json.dumps(report["ratios"], indent=1))
    if options.out:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()

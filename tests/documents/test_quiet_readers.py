"""Every reader with damaged files: one sentence or a picture, and never a word on the terminal.

Libraries write to the terminal from code of their own, so each runs in a program of its own.
"""

from __future__ import annotations

import io
import random
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import Samples

DAMAGED = 40
# As the command line does, warnings of Python are off.
READ = """
import sys
from frisket.documents import DocumentError, open_document
for path in sys.argv[1:]:
    try:
        with open_document(path) as document:
            for layer in document.layers[:3]:
                document.tell_beside(layer)
                document.describe_pixels(layer)
                if 0 < layer.width * layer.height < 1 << 22:
                    document.raster(layer).proxy(32)
    except DocumentError as error:
        assert "\\n" not in str(error), str(error)
"""


def picture(channels: int = 3, kind: str = "u1") -> Samples:
    y, x = np.mgrid[0:60, 0:80]
    planes = np.stack([(x * (2 + i) + y * 3) % 251 for i in range(channels)], -1)
    return planes.astype(kind) * (257 if kind == "u2" else 1)


def by_pillow(kind: str, mode: str = "RGB", **options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        image = Image.fromarray(picture()).convert(mode)
        exif = Image.Exif()
        exif[0x013B], exif[0x0112] = "A. Painter", 3
        image.save(
            out, kind, **({"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}), **options
        )
        return out.getvalue()

    return make


def frames(kind: str) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        images = [Image.new("RGB", (60, 40), (shade, 9, 90)) for shade in (1, 99, 200)]
        images[0].save(out, kind, save_all=True, append_images=images[1:])
        return out.getvalue()

    return make


def heif(mode: str) -> Callable[[], bytes]:
    def make() -> bytes:
        pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra heif")
        values = picture(3, "u2" if "16" in mode else "u1")
        out = io.BytesIO()
        pillow_heif.from_bytes(mode, (80, 60), values.tobytes()).save(out, format="HEIF")
        return out.getvalue()

    return make


def tiff(**options: object) -> Callable[[], bytes]:
    def make() -> bytes:
        out = io.BytesIO()
        tifffile.imwrite(out, picture(), photometric="rgb", **options)
        return out.getvalue()

    return make


def netpbm() -> bytes:
    return b"P6\n80 60\n65535\n" + picture(3, "u2").astype(">u2").tobytes()


def float_map() -> bytes:
    return b"PF\n80 60\n-1.0\n" + (picture() / np.float32(255)).astype("<f4").tobytes()


SEEDS: dict[str, Callable[[], bytes]] = {
    "png": by_pillow("PNG"), "palette.png": by_pillow("PNG", "P"),
    "deep.png": lambda: bytes(imagecodecs.png_encode(picture(3, "u2"))),
    "jpg": by_pillow("JPEG"), "progressive.jpg": by_pillow("JPEG", progressive=True),
    "cmyk.jpg": by_pillow("JPEG", "CMYK"), "mpo.jpg": frames("MPO"),
    "webp": by_pillow("WEBP"), "animated.webp": frames("WEBP"), "gif": frames("GIF"),
    "bmp": by_pillow("BMP"), "tga": by_pillow("TGA"), "ico": by_pillow("ICO"),
    "jp2": by_pillow("JPEG2000"),
    "deep.jp2": lambda: bytes(imagecodecs.jpeg2k_encode(picture(3, "u2"), level=0)),
    "avif": by_pillow("AVIF"),
    "deep.avif": lambda: bytes(
        imagecodecs.avif_encode(picture(3, "u2") >> 6, level=90, bitspersample=10)
    ),
    "heic": heif("RGB"), "deep.heic": heif("RGB;16"),
    "jxl": lambda: bytes(imagecodecs.jpegxl_encode(picture(), lossless=True)),
    "ppm": netpbm, "pfm": float_map,
    "lzw.tif": tiff(compression="lzw"), "jpeg.tif": tiff(compression="jpeg"),
    "zstd.tif": tiff(compression="zstd"), "lerc.tif": tiff(compression="lerc"),
    "webp.tif": tiff(compression="webp"), "jp2.tif": tiff(compression="jpeg2000"),
}  # fmt: skip


def damage(data: bytes, rng: random.Random, number: int) -> bytes:
    """Cut the file short, or change some bytes of its beginning or anywhere."""
    if number % 3 == 0:
        return data[: rng.randrange(8, len(data))]
    bad = bytearray(data)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(2, len(bad) if number % 3 == 1 else min(len(bad), 400))
        bad[at] = rng.randrange(256)
    if number % 7 == 0:
        at = rng.randrange(2, len(bad) - 4)
        bad[at : at + 4] = struct.pack(">I", rng.choice((0, 2**31, 2**32 - 1)))
    return bytes(bad)


@pytest.mark.parametrize("name", SEEDS)
def test_damage_is_one_sentence_and_silent(name: str, tmp_path: Path) -> None:
    data, rng, files = SEEDS[name](), random.Random(name), []
    for number in range(DAMAGED):
        files.append(tmp_path / f"{number}.{name}")
        files[-1].write_bytes(damage(data, rng, number) if number else data)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ, *map(str, files)],
        capture_output=True, text=True, timeout=120, check=False, errors="replace",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

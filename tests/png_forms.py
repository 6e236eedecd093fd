"""Every legal PNG, written from scratch: colour type and depth, tRNS, eXIf, interlace."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from samples import Samples

WIDTH, HEIGHT = 23, 17
LEGAL = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
           (0, 1, 1, 2))  # fmt: skip


@dataclass(frozen=True)
class Png:
    """One of them; ``orientation`` is that of an eXIf chunk, 0 for none."""

    kind: int
    depth: int
    trns: bool
    orientation: int
    interlaced: bool
    late: bool = False

    def __str__(self) -> str:
        return (
            f"type{self.kind}-{self.depth}{'-trns' * self.trns}-exif{self.orientation}"
            f"{'-adam7' * self.interlaced}{'-late' * self.late}"
        )


def every_png() -> Iterator[Png]:
    for kind, depths in LEGAL.items():
        for depth, trns, orientation, interlaced in product(
            depths, (False, True), (0, 6, 3), (False, True)
        ):
            if not (trns and kind in (4, 6)):
                yield Png(kind, depth, trns, orientation, interlaced)
                if orientation == 6:
                    yield Png(kind, depth, trns, orientation, interlaced, late=True)


def numbers(png: Png) -> Samples:
    """Return the stored samples (h, w, n)."""
    count, top = SAMPLES[png.kind], (1 << png.depth) - 1
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([(x * (3 + i) + y * 5 + i) * (7 if top > 255 else 1) % (top + 1)
                     for i in range(count)], -1)  # fmt: skip


def palette(png: Png) -> Samples:
    entries = 1 << png.depth
    i = np.arange(entries)
    return np.stack([i * 37 % 256, 255 - i * 11 % 256, i * 5 % 256], -1).astype("u1")


def expect(png: Png) -> tuple[Samples, Samples | None]:
    """Return colours (h, w, 1 or 3) and opacity, 0..1, upright."""
    stored, top = numbers(png), (1 << png.depth) - 1
    alpha = None
    if png.kind == 3:
        colours = palette(png)[stored[..., 0]] / 255
        if png.trns:
            alpha = _clear(png)[stored[..., 0]] / 255
    elif png.kind in (4, 6):
        colours, alpha = stored[..., :-1] / top, stored[..., -1] / top
    else:
        colours = stored / top
        if png.trns:
            alpha = 1.0 - (stored == stored[3, 4]).all(-1)
    turn = {6: lambda a: np.rot90(a, -1), 3: lambda a: np.rot90(a, 2)}.get(
        png.orientation, lambda a: a
    )
    return turn(colours), None if alpha is None else turn(alpha)


def _clear(png: Png) -> Samples:
    return np.linspace(0, 255, 1 << png.depth).astype("u1")


def build(png: Png) -> bytes:
    stored = numbers(png)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, png.depth, png.kind, 0, 0, int(png.interlaced))
    chunks = [(b"IHDR", head)]
    if png.kind == 3:
        chunks.append((b"PLTE", palette(png).tobytes()))
    if png.trns:
        clear = _clear(png).tobytes() if png.kind == 3 else stored[3, 4].astype(">u2").tobytes()
        chunks.append((b"tRNS", clear))
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, png.orientation, 0)
    exif = (b"eXIf", b"MM\0*\0\0\0\x08" + struct.pack(">H", 1) + entry + bytes(4))
    data = (b"IDAT", zlib.compress(_rows(png, stored)))
    if png.orientation:
        chunks += [data, exif] if png.late else [exif, data]
    else:
        chunks.append(data)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*one) for one in [*chunks, (b"IEND", b"")])


def _chunk(name: bytes, data: bytes) -> bytes:
    check = zlib.crc32(name + data)
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)


def _rows(png: Png, stored: Samples) -> bytes:
    passes = _PASSES if png.interlaced else ((0, 0, 1, 1),)
    parts = (stored[y::down, x::across] for x, y, across, down in passes)
    return b"".join(_pack(png, row) for part in parts if part.size for row in part)


def _pack(png: Png, row: Samples) -> bytes:
    bits = (row.reshape(-1, 1) >> np.arange(png.depth - 1, -1, -1)) & 1
    return b"\0" + np.packbits(bits.astype("u1").ravel()).tobytes()

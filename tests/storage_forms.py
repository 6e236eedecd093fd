"""One picture in every form that a TIFF stores, written from scratch, and what its numbers mean.

What is right is computed here in doubles from the numbers that were stored, never by frisket.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import imagecodecs
import numpy as np
from samples import Samples

WIDTH, HEIGHT = 57, 43  # neither a whole number of bytes for 1, 2 and 4 bits, nor of tiles
TILE, STRIP = 32, 9

PHOTOMETRIC = {"white": 0, "grey": 1, "rgb": 2, "palette": 3, "cmyk": 5, "lab": 8, "icclab": 9}
COLOURS = {"white": 1, "grey": 1, "rgb": 3, "palette": 1, "cmyk": 4, "lab": 3, "icclab": 3}
INTEGERS = ("u1", "u2", "u4", "u8", "u12", "u16", "u32")
SIGNED = ("i8", "i16", "i32")
FLOATS = ("f16", "f32", "f64")
ALPHAS = ("none", "associated", "unassociated")
CODECS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "none": (1, bytes),
    "lzw": (5, lambda data: bytes(imagecodecs.lzw_encode(data))),
    "deflate": (8, lambda data: bytes(imagecodecs.deflate_encode(data))),
    "packbits": (32773, lambda data: bytes(imagecodecs.packbits_encode(data))),
    "lzma": (34925, lambda data: bytes(imagecodecs.lzma_encode(data))),
    "zstd": (50000, lambda data: bytes(imagecodecs.zstd_encode(data))),
}


@dataclass(frozen=True)
class Form:
    """How the picture is stored; ``sample`` is u, i or f and its bits."""

    photometric: str = "rgb"
    sample: str = "u8"
    alpha: str = "none"
    planar: bool = False
    tiled: bool = False
    order: str = "<"
    codec: str = "none"

    @property
    def bits(self) -> int:
        return int(self.sample[1:])

    @property
    def kind(self) -> str:
        return self.sample[0]

    @property
    def top(self) -> int:
        """The stored number of full intensity, as if it were unsigned."""
        return 1 if self.kind == "f" else (1 << self.bits) - 1

    def __str__(self) -> str:
        plan = ("planar" if self.planar else "chunky", "tiles" if self.tiled else "strips")
        order = "II" if self.order == "<" else "MM"
        return "-".join((self.photometric, self.sample, self.alpha, *plan, order, self.codec))


def every_form() -> Iterator[Form]:
    """Yield all that TIFF allows of these."""
    for photometric, sample, alpha in product(PHOTOMETRIC, (*INTEGERS, *SIGNED, *FLOATS), ALPHAS):
        form = Form(photometric, sample, alpha)
        if not is_legal(form):
            continue
        layouts = product((False, True), (False, True), "<>", CODECS)
        for planar, tiled, order, codec in layouts:
            yield replace(form, planar=planar, tiled=tiled, order=order, codec=codec)


def is_legal(form: Form) -> bool:
    if form.photometric in ("lab", "icclab"):
        return form.sample in ("u8", "u16")
    if form.photometric == "palette":
        return form.sample in ("u1", "u2", "u4", "u8", "u16") and form.alpha != "associated"
    return True


def paint() -> tuple[Samples, Samples]:
    """Return light (h, w, 3) and opacity (h, w), doubles 0..1: soft, wholly clear and full."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    light = np.stack([x / (WIDTH - 1), y / (HEIGHT - 1), 0.5 + 0.5 * np.sin((x + y) / 9)], -1)
    away = np.hypot(x - WIDTH * 0.5, y - HEIGHT * 0.5)
    return light, np.clip((21 - away) / 9, 0, 1)


def encode_samples(form: Form) -> tuple[Samples, Samples | None]:
    """Return colours as unsigned stored numbers (doubles, 0..top), and opacity if there is any."""
    light, opacity = paint()
    if form.photometric == "palette":
        values = np.rint(light[..., :1] * (min(form.top, 255)))
    else:
        values = _as_components(form.photometric, light) * form.top
    if form.kind != "f":
        values = np.rint(values)
    if form.alpha == "none":
        return values, None
    alpha = opacity * form.top if form.kind == "f" else np.rint(opacity * form.top)
    if form.alpha == "associated":
        values = _multiply(form, values, alpha[..., None])
    return values, alpha


def _as_components(photometric: str, light: Samples) -> Samples:
    """Return what a photometric stores of light, 0..1; a and b of Lab are offset by a half."""
    if photometric in ("grey", "white"):
        return light[..., :1] if photometric == "grey" else 1 - light[..., :1]
    if photometric == "cmyk":
        return np.concatenate([1 - light, light[..., 2:] * 0.4], -1)
    if photometric in ("lab", "icclab"):
        return np.concatenate([light[..., :1], 0.35 + 0.3 * light[..., 1:]], -1)
    return light


def _multiply(form: Form, values: Samples, alpha: Samples) -> Samples:
    centre = _centre(form)
    product = (values - centre) * alpha / form.top
    return (product if form.kind == "f" else np.rint(product)) + centre


def _centre(form: Form) -> Samples:
    """Return what the numbers of CIELab are signed about; they are multiplied as signed ones."""
    half = float(form.top // 2 + 1)
    return np.array([0, half, half]) if form.photometric == "lab" else np.zeros(1)


def colour_map(form: Form) -> Samples:
    """Return (entries, 3) uint16: three ramps that differ."""
    entries = 1 << form.bits
    ramp = np.minimum(np.arange(entries) / min(entries - 1, 255), 1)
    return np.rint(np.stack([ramp, 1 - ramp, ramp**2], -1) * 65535).astype("u2")


def expect_straight(form: Form) -> tuple[Samples, Samples | None]:
    """Return what the stored numbers mean: colours 0..1, straight and upright, and opacity."""
    values, alpha = encode_samples(form)
    if form.kind == "f":  # as rounded by the type
        values = values.astype(f"f{form.bits // 8}").astype(float)
        alpha = None if alpha is None else alpha.astype(f"f{form.bits // 8}").astype(float)
    opacity = None if alpha is None else alpha / form.top
    if form.photometric == "palette":
        table = np.floor((colour_map(form).astype(int) + 128) / 257) / 255
        return table[values[..., 0].astype(int)], opacity
    if form.alpha == "associated":
        assert opacity is not None
        safe = np.where(opacity > 0, opacity, 1)[..., None]
        values = np.clip((values - _centre(form)) / safe + _centre(form), 0, form.top)
    shares = values / form.top
    return (1 - shares if form.photometric == "white" else shares), opacity


def expect_srgb(form: Form) -> Samples:
    """Return the picture as it is to be seen: sRGB (h, w, 3), 0..1."""
    shares, _ = expect_straight(form)
    if form.photometric in ("lab", "icclab", "cmyk"):
        return show(shares, form.photometric, form.top.bit_length())
    rgb = np.repeat(shares, 3, -1) if shares.shape[-1] == 1 else shares
    return brighten(np.clip(rgb, 0, 1)) if form.kind == "f" else rgb


def show(shares: Samples, mode: str, bits: int) -> Samples:
    """Return CMYK or Lab, 0..1, as sRGB."""
    if mode.lower() == "cmyk":
        return (1 - shares[..., :3]) * (1 - shares[..., 3:])
    return _lab_to_srgb(shares, (1 << bits) - 1)


def brighten(light: Samples) -> Samples:
    """Return light as sRGB's brightness."""
    bright = 1.055 * np.maximum(light, 0.0031308) ** (1 / 2.4) - 0.055
    return np.where(light <= 0.0031308, light * 12.92, bright)


def _lab_to_srgb(shares: Samples, top: int) -> Samples:
    """Lab of D50 by the formulas of CIE 15 and IEC 61966-2-1, a and b offset by 128 of 256."""
    unit = top / 255
    light = shares[..., 0] * 100
    a, b = ((shares[..., i] * top - 128 * unit) / unit for i in (1, 2))
    fy = (light + 16) / 116
    f = np.stack([fy + a / 500, fy, fy - b / 200], -1)
    xyz = np.where(f > 6 / 29, f**3, (f - 16 / 116) * 3 * (6 / 29) ** 2) * [0.9642, 1.0, 0.8249]
    matrix = [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
    return brighten(np.clip(xyz @ np.array(matrix).T, 0, 1))


def write(form: Form, path: Path) -> None:
    """Write the picture as a TIFF of this form."""
    values, alpha = encode_samples(form)
    if form.photometric == "lab":  # a and b about 0, in two's complement
        values[..., 1:3] = (values[..., 1:3] - (form.top // 2 + 1)) % (form.top + 1)
    stored = values if alpha is None else np.concatenate([values, alpha[..., None]], -1)
    tags = _list_tags(form, stored.shape[-1])
    body, offsets, counts = b"", [], []
    planes = [stored[..., i : i + 1] for i in range(stored.shape[-1])] if form.planar else [stored]
    for plane in planes:
        for part in _cut_segments(form, plane):
            data = CODECS[form.codec][1](_pack(form, part))
            offsets.append(8 + len(body))
            counts.append(len(data))
            body += data + bytes(len(data) % 2)
    where = (324, 325) if form.tiled else (273, 279)
    tags += [(where[0], "I", offsets), (where[1], "I", counts)]
    path.write_bytes(_assemble(form.order, sorted(tags), body))


def _list_tags(form: Form, samples: int) -> list[tuple[int, str, list[int]]]:
    kind = {"u": 1, "i": 2, "f": 3}[form.kind]
    tags: list[tuple[int, str, list[int]]] = [
        (256, "I", [WIDTH]), (257, "I", [HEIGHT]), (258, "H", [form.bits] * samples),
        (259, "H", [CODECS[form.codec][0]]), (262, "H", [PHOTOMETRIC[form.photometric]]),
        (277, "H", [samples]), (284, "H", [2 if form.planar else 1]),
        (339, "H", [kind] * samples),
    ]  # fmt: skip
    tags += [(322, "I", [TILE]), (323, "I", [TILE])] if form.tiled else [(278, "I", [STRIP])]
    if form.photometric == "cmyk":
        tags.append((332, "H", [1]))
    if form.photometric == "palette":
        tags.append((320, "H", colour_map(form).T.ravel().tolist()))
    if form.alpha != "none":
        tags.append((338, "H", [1 if form.alpha == "associated" else 2]))
    return tags


def _cut_segments(form: Form, plane: Samples) -> Iterator[Samples]:
    if not form.tiled:
        yield from (plane[y : y + STRIP] for y in range(0, HEIGHT, STRIP))
        return
    for y, x in product(range(0, HEIGHT, TILE), range(0, WIDTH, TILE)):
        part = plane[y : y + TILE, x : x + TILE]
        yield np.pad(part, ((0, TILE - part.shape[0]), (0, TILE - part.shape[1]), (0, 0)))


def _pack(form: Form, part: Samples) -> bytes:
    rows = part.reshape(part.shape[0], -1)
    if form.kind == "f":
        return rows.astype(f"{form.order}f{form.bits // 8}").tobytes()
    whole = rows.astype(np.int64)
    if form.kind == "i":
        whole = whole - (form.top // 2 + 1)
    if form.bits >= 8 and form.bits != 12:
        return whole.astype(f"{form.order}{form.kind}{form.bits // 8}").tobytes()
    return b"".join(_pack_row(row, form.bits) for row in whole)


def _pack_row(row: Samples, bits: int) -> bytes:
    """Return numbers one after the other, the highest bit first, filled up to a byte."""
    places = (row[:, None] >> np.arange(bits - 1, -1, -1)) & 1
    return np.packbits(places.astype(np.uint8).ravel()).tobytes()


def _assemble(order: str, tags: list[tuple[int, str, list[int]]], body: bytes) -> bytes:
    codes = {"H": 3, "I": 4}
    at = 8 + len(body)
    entries, rest, behind = b"", b"", at + 2 + 12 * len(tags) + 4
    for tag, kind, values in tags:
        data = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(data) > 4:
            place = struct.pack(f"{order}I", behind + len(rest))
            rest += data + bytes(len(data) % 2)
            data = place
        entries += struct.pack(f"{order}HHI", tag, codes[kind], len(values)) + data.ljust(4, b"\0")
    head = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, at)
    return head + body + struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + rest

"""The header of a JPEG XL codestream written anew, so that its pixels mean other colours."""

from __future__ import annotations

import imagecodecs
from samples import Samples

D65, CUSTOM, P3, BT2100, SRGB = 1, 2, 11, 9, 13
LINEAR, PQ = 8, 16
RGB = 0


class Writer:
    """Numbers one after another, the lowest bit first."""

    def __init__(self) -> None:
        self.value = self.count = 0

    def put(self, value: int, bits: int) -> None:
        self.value |= value << self.count
        self.count += bits

    def enum(self, value: int) -> None:
        if value < 2:
            self.put(value, 2)
        elif value < 18:
            self.put(2 | (value - 2) << 2, 6)
        else:
            self.put(3 | (value - 18) << 2, 8)

    def data(self) -> bytes:
        return self.value.to_bytes(-(-self.count // 8), "little")


def build(width: int, height: int, primaries: int, transfer: int, narrow: int, gamma: int = 0,
          places: tuple[int, ...] = ()) -> bytes:  # fmt: skip
    """A header for 16 bits and three channels; ``places`` are millionths of x and y."""
    out = Writer()
    out.put(0, 1)
    for index, side in enumerate((height, width)):
        out.put((side - 1) << 2, 11)
        if index == 0:
            out.put(0, 3)  # no ratio
    out.put(0, 2)  # not all as it mostly is, no rare fields
    out.put(0, 1)
    out.put(3 | 15 << 2, 8)  # 16 bits
    out.put(narrow, 1)
    out.put(0, 2)  # no extra channels
    out.put(0, 1)  # not XYB
    out.put(0, 2)  # colours told, no profile
    out.enum(RGB)
    out.enum(D65)
    out.enum(primaries)
    for place in places:
        wide, rest = divmod(2 * place, 1 << 19)
        out.put(min(wide, 2) | (rest + (max(wide, 2) - 2 << 19)) << 2, 21 + (wide > 1))
    out.put(bool(gamma), 1)
    if gamma:
        out.put(gamma, 24)
    else:
        out.enum(transfer)
    out.enum(1)  # rendering intent
    out.put(0, 2)  # no extensions
    out.put(1, 1)  # the usual transform
    return b"\xff\x0a" + out.data()


def encode(values: Samples, primaries: int, transfer: int, **more: object) -> bytes:
    """A lossless file of uint16 (h, w, 3) whose header tells of these colours."""
    data = bytes(imagecodecs.jpegxl_encode(values, lossless=True))
    data = data[data.index(b"jxlc") + 4 :]
    height, width = values.shape[:2]
    for narrow in (0, 1):
        old = build(width, height, 1, LINEAR, narrow)
        if data.startswith(old):
            return build(width, height, primaries, transfer, narrow, **more) + data[len(old) :]
    raise ValueError("imagecodecs writes another header")

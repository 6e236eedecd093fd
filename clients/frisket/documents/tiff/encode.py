"""Encoding strips and tiles the way a page already stores them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..core.pixels import Pixels, to_byte_order

NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS = 1, 5, 8, 32946, 32773
KEPT = (NONE, LZW, DEFLATE, OLD_DEFLATE, PACKBITS)
_FLOAT_PREDICTOR = 3


@dataclass(frozen=True)
class Coding:
    """How segments are stored.

    Attributes:
        compression: One of ``KEPT``.
        predictor: 1, 2 or 3.
        order: Byte order in ``struct`` notation.
        level: Deflate level.
        reversed_bits: Fill order 2: the bits of every byte stand the other way round.
    """

    compression: int
    predictor: int
    order: str
    level: int = 1
    reversed_bits: bool = False

    def encode(self, pixels: Pixels) -> bytes:
        """Return a segment of (rows, columns, samples) as it goes into the file."""
        data = self._predict(np.ascontiguousarray(pixels))
        encoded = _choose_encoder(self)(data)
        if not self.reversed_bits:
            return encoded
        import imagecodecs

        return bytes(imagecodecs.bitorder_encode(encoded))

    def _predict(self, pixels: Pixels) -> Pixels:
        import imagecodecs

        kind = to_byte_order(pixels.dtype, self.order)
        if self.predictor == _FLOAT_PREDICTOR:
            # This predictor splits numbers into planes of bytes and has an order of its own.
            return np.asarray(imagecodecs.floatpred_encode(pixels, axis=-2))
        if self.predictor == 2:
            pixels = imagecodecs.delta_encode(pixels, axis=-2)
        return np.ascontiguousarray(pixels.astype(kind, copy=False))


def _choose_encoder(coding: Coding) -> Callable[[Pixels], bytes]:
    import imagecodecs

    if coding.compression == LZW:
        return lambda data: bytes(imagecodecs.lzw_encode(data.tobytes()))
    if coding.compression in (DEFLATE, OLD_DEFLATE):
        return lambda data: bytes(imagecodecs.deflate_encode(data.tobytes(), level=coding.level))
    if coding.compression == PACKBITS:
        return lambda data: b"".join(
            bytes(imagecodecs.packbits_encode(row.tobytes())) for row in data
        )
    return lambda data: data.tobytes()

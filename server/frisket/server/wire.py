"""Checks and converts pixels that travel: the only place where bytes become arrays."""

from __future__ import annotations

import enum
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from frisket.protocol.formats import PixelFormat
from frisket.protocol.limits import MAX_PIXEL_BYTES
from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb

Array = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
Request = pb.MatteRequest
Response = pb.MatteResponse
TilePixels = pb.TilePixels
UpdateMessage = pb.UpdateRequest
OptionsMessage = pb.MatteOptions
SequenceRequest = sequence_pb.SequenceMatteRequest
SequenceResponse = sequence_pb.SequenceMatteResponse
FrameMessage = sequence_pb.FrameRequest
FramePart = sequence_pb.FramePart

_DTYPES: dict[int, npt.DTypeLike] = {8: np.dtype(np.uint8), 16: np.dtype("<u2")}
"""Of a format's samples, by their depth, as they travel."""


class Plane(enum.IntEnum):
    """What travels in rows and has the proxy's size. Values are those of `frisket.v1.Plane`."""

    PROXY = pb.PLANE_PROXY
    TRIMAP = pb.PLANE_TRIMAP
    PRIOR = pb.PLANE_PRIOR
    COARSE = pb.PLANE_COARSE


class Packing(enum.IntEnum):
    """How pixels are packed. Values are those of `frisket.v1.Packing`."""

    RAW = pb.PACKING_RAW
    ZLIB = pb.PACKING_ZLIB


class CorruptPixels(Exception):
    """Pixels whose checksum or size is wrong; the tile may be asked for again."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def unpack(pixels: pb.Pixels, width: int, height: int, form: PixelFormat) -> Array:
    """Check and unpack pixels of a known size.

    Returns:
        An array (height, width) or (height, width, channels), read-only.

    Raises:
        CorruptPixels: the checksum or the size is wrong.
        ServiceError: BAD_MESSAGE: a packing that is unknown here.
    """
    if pixels.packing not in (pb.PACKING_UNSPECIFIED, *Packing):
        message = "These pixels are packed in a way unknown here: use RAW or ZLIB."
        raise ServiceError(Reason.BAD_MESSAGE, message)
    expected = width * height * form.pixel_bytes
    if zlib.crc32(pixels.data) != pixels.crc32:
        raise CorruptPixels(Reason.CORRUPT_PIXELS, "The pixels' checksum is wrong.")
    data = _inflate(pixels.data, expected) if pixels.packing == pb.PACKING_ZLIB else pixels.data
    if len(data) != expected:
        raise CorruptPixels(Reason.BAD_SIZE, f"{len(data)} bytes came where {expected} belong.")
    shape = (height, width) if form.channels == 1 else (height, width, form.channels)
    flat: npt.NDArray[Any] = np.frombuffer(data, _DTYPES[form.depth])
    return flat.reshape(shape)


def _inflate(data: bytes, expected: int) -> bytes:
    """Inflate at most one byte more than expected, however large the bomb."""
    try:
        return zlib.decompressobj().decompress(data, expected + 1)
    except zlib.error as error:
        message = f"The pixels cannot be inflated: {error}."
        raise CorruptPixels(Reason.CORRUPT_PIXELS, message) from error


def pack(array: Array, packing: Packing) -> pb.Pixels:
    """Return an array's rows as they travel, 16-bit samples little-endian."""
    if array.dtype == np.uint16:
        array = array.astype(_DTYPES[16], copy=False)
    data = np.ascontiguousarray(array).tobytes()
    if packing == Packing.ZLIB:
        data = zlib.compress(data, 1)
    return pb.Pixels(data=data, packing=f"PACKING_{packing.name}", crc32=zlib.crc32(data))


class PlaneReader:
    """Collects planes of the proxy's size that arrive in rows, from top to bottom.

    Args:
        size: (width, height) of every plane in pixels.
        planes: those that are expected.
        proxy_format: of the proxy; the others are GRAY8.
    """

    def __init__(
        self, size: tuple[int, int], planes: Iterable[Plane], proxy_format: PixelFormat
    ) -> None:
        self._width, self._height = size
        self._forms: dict[int, PixelFormat] = {
            plane: proxy_format if plane is Plane.PROXY else PixelFormat.GRAY8 for plane in planes
        }
        self._rows = dict.fromkeys(self._forms, 0)
        self._planes = {plane: self._make_blank(form) for plane, form in self._forms.items()}

    def add(self, message: pb.PlaneRows) -> None:
        """Take the next rows of a plane.

        Raises:
            ServiceError: BAD_PROXY: not announced, out of order, or damaged.
        """
        plane, first, count = message.plane, message.first_row, message.row_count
        if plane not in self._forms:
            raise _bad_proxy("Rows of a plane came that was not announced.")
        if first != self._rows[plane] or not 1 <= count <= self._height - first:
            raise _bad_proxy("Rows of a plane came out of order.")
        if self._width * count * self._forms[plane].pixel_bytes > MAX_PIXEL_BYTES:
            raise _bad_proxy(f"Rows of more than {MAX_PIXEL_BYTES >> 20} MiB came in one message.")
        try:
            part = unpack(message.pixels, self._width, count, self._forms[plane])
        except CorruptPixels as error:
            raise _bad_proxy(f"Rows of the proxy arrived damaged: {error}") from error
        self._planes[plane][first : first + count] = part
        self._rows[plane] += count

    @property
    def complete(self) -> bool:
        """Whether every row of every plane is here."""
        return all(rows == self._height for rows in self._rows.values())

    def planes(self) -> Mapping[int, npt.NDArray[np.uint8]]:
        """Return the planes (height, width) or (height, width, channels)."""
        return self._planes

    def _make_blank(self, form: PixelFormat) -> npt.NDArray[np.uint8]:
        shape = (self._height, self._width)
        return np.zeros(shape if form.channels == 1 else (*shape, form.channels), np.uint8)


def _bad_proxy(message: str) -> ServiceError:
    return ServiceError(Reason.BAD_PROXY, message)

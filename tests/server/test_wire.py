"""Nothing that a peer sends becomes an array before its size and checksum are right."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.formats import PixelFormat
from frisket.server import wire
from frisket.server.errors import ServiceError
from frisket.v1 import matting_pb2 as pb


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(wire.Packing), st.booleans())
def test_what_is_packed_unpacks(width: int, height: int, packing: wire.Packing, deep: bool) -> None:
    kind, form = ("<u2", PixelFormat.RGB16) if deep else ("u1", PixelFormat.RGB8)
    array = np.random.default_rng(width).integers(0, 255, (height, width, 3)).astype(kind)
    packed = wire.pack(array, packing)
    np.testing.assert_array_equal(wire.unpack(packed, width, height, form), array)


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2]))
def test_damaged_pixels_are_told_from_good_ones(data: bytes, crc: int, packing: int) -> None:
    pixels = pb.Pixels(data=data, crc32=crc, packing=packing)
    if (len(data), crc) != (100, zlib.crc32(data)):
        with pytest.raises(wire.CorruptPixels):
            wire.unpack(pixels, 10, 10, PixelFormat.GRAY8)


@pytest.mark.parametrize("packing", [3, 77, -1])
def test_an_unknown_packing_is_not_taken_for_raw(packing: int) -> None:
    pixels = pb.Pixels(data=bytes(100), crc32=zlib.crc32(bytes(100)), packing=packing)
    with pytest.raises(ServiceError) as caught:
        wire.unpack(pixels, 10, 10, PixelFormat.GRAY8)
    assert caught.value.reason == "BAD_MESSAGE"


def test_rows_beyond_two_mebibytes_are_refused() -> None:
    for rows, fits in ((1024, True), (1025, False)):
        reader = wire.PlaneReader((2048, 2048), [wire.Plane.PRIOR], PixelFormat.RGB8)
        data = bytes(2048 * rows)
        pixels = pb.Pixels(data=data, crc32=zlib.crc32(data))
        message = pb.PlaneRows(plane=pb.PLANE_PRIOR, row_count=rows, pixels=pixels)
        if fits:
            reader.add(message)
        else:
            with pytest.raises(ServiceError, match="2 MiB"):
                reader.add(message)


def test_a_bomb_is_not_inflated() -> None:
    bomb = zlib.compress(bytes(100_000_000))
    pixels = pb.Pixels(data=bomb, crc32=zlib.crc32(bomb), packing=pb.PACKING_ZLIB)
    with pytest.raises(wire.CorruptPixels) as caught:
        wire.unpack(pixels, 10, 10, PixelFormat.GRAY8)
    assert caught.value.reason == "BAD_SIZE"


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=6))
def test_rows_come_in_order_or_not_at_all(parts: list[tuple[int, int]]) -> None:
    reader = wire.PlaneReader((8, 10), [wire.Plane.PRIOR], PixelFormat.RGB8)
    expected = 0
    for first, count in parts:
        data = bytes(8 * count)
        pixels = pb.Pixels(data=data, crc32=zlib.crc32(data), packing=pb.PACKING_RAW)
        rows = pb.PlaneRows(plane=pb.PLANE_PRIOR, first_row=first, row_count=count, pixels=pixels)
        if first == expected and 1 <= count <= 10 - first:
            reader.add(rows)
            expected += count
        else:
            with pytest.raises(ServiceError):
                reader.add(rows)
    assert reader.complete == (expected == 10)

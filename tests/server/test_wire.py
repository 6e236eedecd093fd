"""Nothing that a peer sends becomes an array before its size and checksum are right."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.formats import PixelFormat
from frisket.protocol.limits import MAX_TILES
from frisket.server import wire
from frisket.server.config import Access, Config, ConfigError, check, is_loopback
from frisket.server.errors import ServiceError
from frisket.server.report import list_runs
from frisket.server.requests import read_opening
from frisket.v1 import matting_pb2 as pb


@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(wire.Packing), st.booleans())
def test_what_is_packed_unpacks(width: int, height: int, packing: wire.Packing, deep: bool) -> None:
    kind, form = ("<u2", PixelFormat.RGB16) if deep else ("u1", PixelFormat.RGB8)
    array = np.random.default_rng(width).integers(0, 255, (height, width, 3)).astype(kind)
    packed = wire.pack(array, packing)
    np.testing.assert_array_equal(wire.unpack(packed, width, height, form), array)


@given(st.binary(max_size=200), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 3]))
def test_damaged_pixels_are_told_from_good_ones(data: bytes, crc: int, packing: int) -> None:
    pixels = pb.Pixels(data=data, crc32=crc, packing=packing)
    if (len(data), crc) != (100, zlib.crc32(data)):
        with pytest.raises(wire.CorruptPixels):
            wire.unpack(pixels, 10, 10, PixelFormat.GRAY8)


def test_a_bomb_is_not_inflated() -> None:
    bomb = zlib.compress(bytes(100_000_000))
    pixels = pb.Pixels(data=bomb, crc32=zlib.crc32(bomb), packing=pb.PACKING_ZLIB)
    with pytest.raises(wire.CorruptPixels) as caught:
        wire.unpack(pixels, 10, 10, PixelFormat.GRAY8)
    assert caught.value.reason == "BAD_SIZE"


numbers = st.one_of(st.integers(0, 3000), st.sampled_from([2**31, 2**32 - 1, 300_001]))


@given(numbers, numbers, numbers, numbers, numbers, numbers, numbers)
def test_any_opening_is_read_or_refused(
    width: int, height: int, tile: int, across: int, down: int, first: int, count: int
) -> None:
    message = pb.OpenRequest(
        protocol_version=1,
        width=width,
        height=height,
        tile_size=tile,
        tile_format=pb.PIXEL_FORMAT_RGB8,
        proxy_width=across,
        proxy_height=down,
        proxy_format=pb.PIXEL_FORMAT_RGB8,
        held=[pb.TileRun(first=first, count=count)],
    )
    try:
        opening = read_opening(pb.MatteRequest(open=message))
    except ServiceError as error:
        assert error.message.endswith(".")
        return
    assert opening.grid.count <= MAX_TILES
    assert opening.held.sum() == count


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


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_runs_say_which_tiles(flags: list[bool]) -> None:
    array = np.array(flags)
    back = np.zeros(len(flags), bool)
    for run in list_runs(array):
        back[run.first : run.first + run.count] = True
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.1"])
def test_loopback_needs_nothing(host: str) -> None:
    assert is_loopback(host)
    check(Config(address=f"{host}:0"))


@pytest.mark.parametrize("address", ["0.0.0.0:1", ":1", "10.0.0.1:1", "nonsense", "127.0.0.1:x"])
def test_what_is_open_to_the_world_is_refused(address: str) -> None:
    with pytest.raises(ConfigError):
        check(Config(address=address, access=Access(token="t")))

"""Streams deflated in parts are whole ones to any reader."""

from __future__ import annotations

import sys
import zlib
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from frisket.documents.encode.deflate import deflate
from frisket.documents.encode.png import PngPlan, write_png
from frisket.documents.io.output import atomic_output


def as_values(data: bytes) -> np.ndarray:
    return np.frombuffer(data, np.uint8)


@given(parts=st.lists(st.binary(max_size=400), max_size=6), level=st.sampled_from([1, 4, 9]))
def test_the_parts_inflate_to_what_went_in(parts: list[bytes], level: int) -> None:
    packed = b"".join(deflate(as_values, parts, level))
    assert zlib.decompress(packed) == b"".join(parts)
    assert imagecodecs.zlibng_decode(packed) == b"".join(parts)


def test_pictures_pack_as_well_without_the_fast_library(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [bytes(range(256)) * 500, bytes(70_000)]
    fast = b"".join(deflate(as_values, parts, 1))
    monkeypatch.setitem(sys.modules, "isal", None)
    plain = b"".join(deflate(as_values, parts, 1))
    assert zlib.decompress(plain) == zlib.decompress(fast) == b"".join(parts)


@pytest.mark.parametrize("samples", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_png_of_many_bands_is_read_by_others(tmp_path: Path, samples: int, kind: type) -> None:
    # Three bands: noise, which does not pack, between two that do.
    top = np.iinfo(kind).max
    pixels = np.full((3072, 1024 * 2 // samples, samples), top // 3, kind)
    noise = np.random.default_rng(1).integers(0, top, (64, *pixels.shape[1:]), kind)
    pixels[1500:1564] = noise
    height, width, _ = pixels.shape
    file = tmp_path / "out.png"
    plan = PngPlan(width, height, samples, pixels.itemsize * 8)
    with atomic_output(file) as out:
        write_png(out, plan, lambda first, last: pixels[first:last])
    read = imagecodecs.png_decode(file.read_bytes()).reshape(pixels.shape)
    assert np.array_equal(read, pixels)
    if kind is np.uint8:
        with Image.open(file) as image:
            assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)

"""A layer no larger than its proxy travels once, and its bytes are those of one that goes twice."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import ImageCms
from serving import Server, noisy_disc

from frisket.client.drive import Driver
from frisket.client.options import LayerSpec, Options
from frisket.client.session import Session
from frisket.documents import ArrayRaster, Rect
from frisket.documents.colour import Colour
from frisket.hosts.job import Job
from frisket.hosts.memory import MemoryPainter, MemoryReader
from frisket.jobs.layer_source import LayerSource
from frisket.jobs.store import AlphaStore
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import Grid, TileRect

WIDTH, HEIGHT, TILE = 300, 200, 64
RGB = noisy_disc(WIDTH, HEIGHT)
GREY = RGB[..., :1]
SHEER = np.dstack([RGB, np.linspace(0, 255, RGB[..., 0].size).reshape(HEIGHT, WIDTH)])
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

RASTERS = {
    "rgb": ArrayRaster(RGB, "RGB", Colour("RGB"), False),
    "profile": ArrayRaster(RGB, "RGB", Colour("RGB", SRGB), False),
    "transparency": ArrayRaster(SHEER.astype(np.uint8), "RGB", Colour("RGB"), True),
    "grey": ArrayRaster(GREY, "GRAY", Colour("GRAY", colours=1), False),
    "palette": ArrayRaster(
        GREY // 2, "INDEXED", Colour("INDEXED", palette=RGB[::-1, 0][:128], colours=1), False
    ),
    "cmyk": ArrayRaster(
        np.dstack([RGB, GREY // 4]), "CMYK", Colour("CMYK", inverted=True, colours=4), False
    ),
    "lab": ArrayRaster(RGB, "LAB", Colour("LAB"), False),
}


def matte(server: Server, source: LayerSource, spec: LayerSpec, options: Options) -> list[object]:
    """Return alpha and colours, and how many tiles and bytes were sent."""
    session = Session(spec, options, source.proxy.data, tile_size=TILE)
    with AlphaStore(session.grid, options.depth, source.channels) as store:
        Driver(session, server.connect, source, store.take).run()
        whole = Rect(0, 0, WIDTH, HEIGHT)
        colours = np.zeros((HEIGHT, WIDTH, source.channels), np.uint8)
        for tile in range(session.grid.count):
            store.paste_colours(tile, whole, colours)
        return [store.read(whole).copy(), colours, session.tiles_sent, session.uploaded_bytes]


@pytest.mark.parametrize("kind", RASTERS)
def test_the_pixels_of_a_small_layer_travel_once(server: Server, kind: str) -> None:
    source = LayerSource(RASTERS[kind])
    options = Options(model="fake", foreground=True)
    once = matte(server, source, source.spec(), options)
    twice = matte(server, source, replace(source.spec(), proxy_is_layer=False), options)
    assert once[2:] == [0, source.proxy.nbytes]
    assert twice[2] > 0
    np.testing.assert_array_equal(once[0], twice[0])
    np.testing.assert_array_equal(once[1], twice[1])


@pytest.mark.parametrize("kind", RASTERS)
def test_a_tile_of_a_small_layer_is_a_part_of_its_proxy(kind: str) -> None:
    source = LayerSource(RASTERS[kind])
    grid = Grid(WIDTH, HEIGHT, TILE)
    for rect in map(grid.rect, range(grid.count)):
        part = source.proxy[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
        assert source.read_tile(rect) == part[..., : source.channels].tobytes()


@pytest.mark.parametrize("depth", [16, 32])
def test_a_layer_of_more_than_eight_bits_sends_its_tiles(depth: int) -> None:
    values = RGB.astype(np.float32) / 255 if depth == 32 else RGB.astype(np.uint16) * 257
    deep = ArrayRaster(values, "RGB", Colour("RGB"), False)
    assert not LayerSource(deep).spec().proxy_is_layer


def test_a_layer_larger_than_its_proxy_sends_its_tiles() -> None:
    wide = ArrayRaster(noisy_disc(2100, 40), "RGB", Colour("RGB"), False)
    assert not LayerSource(wide).spec().proxy_is_layer


class Counting(MemoryReader):
    """A host's reader that counts its tiles, and may say that they are not in the proxy."""

    once = True
    tiles = 0

    @property
    def spec(self) -> LayerSpec:
        return super().spec if self.once else replace(super().spec, proxy_is_layer=False)

    def read_tile(self, rect: TileRect) -> bytes:
        self.tiles += 1
        return super().read_tile(rect)


@pytest.mark.parametrize(("form", "pixels"), [(PixelFormat.RGB8, RGB), (PixelFormat.GRAY8, GREY)])
def test_a_host_sends_a_small_layer_once(
    server: Server, form: PixelFormat, pixels: np.ndarray
) -> None:
    painted = []
    for once in (True, False):
        reader = Counting(pixels.tobytes(), WIDTH, HEIGHT, form)
        reader.once = once
        painter = MemoryPainter(WIDTH, HEIGHT, 8, pixels.tobytes(), form.pixel_bytes)
        options = Options(model="fake", foreground=True)
        Job(reader, painter, server.connect, options, "test", tile_size=TILE).run()
        assert (reader.tiles == 0) == once
        painted.append((painter.alpha, painter.colours))
    assert painted[0] == painted[1]

"""The conformance suite on a host that lies in memory, and on hosts that are broken.

GIMP and Krita run it as cases: gimp_conformance.py, krita_conformance.py.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frisket.hosts.conformance import HostConformance, list_checks
from frisket.hosts.memory import MemoryPainter, MemoryReader, convert
from frisket.hosts.staging import Picture, Stage
from frisket.protocol.formats import TILE_FORMATS, PixelFormat
from frisket.protocol.grid import TileRect


class MemoryStage:
    def __init__(
        self,
        picture: Picture,
        reader: type[MemoryReader] = MemoryReader,
        painter: type[MemoryPainter] = MemoryPainter,
    ) -> None:
        self._picture = picture
        self.depth = picture.form.depth
        size = picture.width, picture.height
        self.reader = reader(picture.pixels, *size, picture.form)
        self.painter = painter(*size, self.depth, picture.pixels, picture.form.pixel_bytes)

    def finish(self) -> None:
        """All is there."""

    def alpha(self) -> bytes:
        return bytes(self.painter.alpha)

    def colours(self) -> bytes:
        return bytes(self.painter.colours)

    def pixels(self) -> bytes:
        return self.reader.read_tile(self._picture.whole)

    def reopen(self) -> MemoryStage:
        return self

    def close(self) -> None:
        """Nothing was borrowed."""


class TestMemory(HostConformance):
    formats = tuple(TILE_FORMATS)

    def open(self, picture: Picture, make: str = "mask") -> Stage:
        return MemoryStage(picture)


class ForgetsTheBorder(MemoryPainter):
    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        if rect.width >= 16:
            super().paint(rect, alpha, coarse)


class NeverClears(MemoryPainter):
    def fill(self, rect: TileRect, opaque: bool) -> None:
        if opaque:
            super().fill(rect, opaque)


class KeepsWhatIsThere(MemoryPainter):
    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        if coarse:
            super().paint(rect, alpha, coarse)


class IgnoresColours(MemoryPainter):
    def recolour(self, rect: TileRect, colours: bytes) -> None:
        pass


class Misreads(MemoryReader):
    def read_tile(self, rect: TileRect) -> bytes:
        rows = super().read_tile(rect)
        return rows[::-1]


class ReadsBeside(MemoryReader):
    def proxy(self) -> bytes:
        rows = super().proxy()
        return rows[3:] + rows[:3]


class Shallow(MemoryReader):
    def read_tile(self, rect: TileRect) -> bytes:
        rows, form = super().read_tile(rect), self.spec.tile_format
        shallow = PixelFormat.RGB8 if form.channels == 3 else PixelFormat.GRAY8
        return convert(convert(rows, form, shallow), shallow, form)


class ChangesTheLayer(MemoryReader):
    reads = 0

    def read_tile(self, rect: TileRect) -> bytes:
        self.reads += 1
        return bytes(len(super().read_tile(rect))) if self.reads > 3 else super().read_tile(rect)


@pytest.mark.parametrize(
    ("broken", "noticed"),
    [
        (ForgetsTheBorder, {"test_constant_tiles", "test_a_job_is_exact"}),
        (NeverClears, {"test_constant_tiles"}),
        (KeepsWhatIsThere, {"test_sharp_tiles_replace_coarse_ones", "test_a_lost_connection"}),
        (IgnoresColours, {"test_cleaned_colours"}),
        (Misreads, {"test_tiles_reach_the_borders", "test_tiles_of_every_format"}),
        (ReadsBeside, {"test_proxy_of_a_small_layer_is_the_layer", "test_proxy_of_a_large_layer"}),
        (Shallow, {"test_tiles_of_every_format"}),
        (ChangesTheLayer, {"test_a_layer_is_not_harmed", "test_cancelled_at_any_event"}),
    ],
)
def test_a_broken_host_is_noticed(broken: type, noticed: set[str]) -> None:
    class Broken(HostConformance):
        formats = tuple(TILE_FORMATS)

        def open(self, picture: Picture, make: str = "mask") -> Stage:
            kind = "reader" if issubclass(broken, MemoryReader) else "painter"
            return MemoryStage(picture, **{kind: broken})

    suite = Broken()
    assert noticed <= {name for name in list_checks() if fails(getattr(suite, name))}


def fails(check: Callable[[], None]) -> bool:
    try:
        check()
    except AssertionError:
        return True
    return False

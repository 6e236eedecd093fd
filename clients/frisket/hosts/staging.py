"""What the conformance checks are made of: pictures, stages, and a witness.

Standard library only; see `frisket.hosts.conformance`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Protocol

from frisket.hosts.job import Painter, Reader
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect

TILE = 16
"""Edge of the tiles that the checks use."""
# Whole tiles that are black, white or mixed, and smaller ones at the right and bottom border.
WIDTH, HEIGHT = 56, 40


@dataclass(frozen=True)
class Picture:
    """An opaque layer to be cut out.

    Attributes:
        pixels: rows in `form`.
    """

    width: int
    height: int
    form: PixelFormat
    pixels: bytes

    @property
    def whole(self) -> TileRect:
        """The rectangle of all of it."""
        return TileRect(0, 0, self.width, self.height)


def draw(width: int = WIDTH, height: int = HEIGHT, form: PixelFormat = PixelFormat.RGB8) -> Picture:
    """Return a picture: black tiles, then a column of white ones, then noise."""
    dice = random.Random(width * height)
    black, white = min(width, TILE), min(width, 2 * TILE)
    size = form.pixel_bytes
    rows = (
        bytes(black * size)
        + b"\xff" * ((white - black) * size)
        + dice.randbytes((width - white) * size)
        for _ in range(height)
    )
    return Picture(width, height, form, b"".join(rows))


def draw_noise(width: int, height: int, form: PixelFormat = PixelFormat.RGB8) -> Picture:
    """Return a picture that is noise all over."""
    count = width * height * form.pixel_bytes
    return Picture(width, height, form, random.Random(count).randbytes(count))


class Stage(Protocol):
    """A layer of the host under test, and what shows its alpha.

    Attributes:
        depth: bits of the alpha that the host keeps, 8 or 16.
    """

    depth: int

    @property
    def reader(self) -> Reader:
        """What reads the layer."""

    @property
    def painter(self) -> Painter:
        """What shows the alpha."""

    def finish(self) -> None:
        """Do what the host does when a job is complete."""

    def alpha(self) -> bytes:
        """Return what the host shows, rows of `depth` bits; transparent where nothing is."""

    def colours(self) -> bytes:
        """Return the result's colours, in the reader's tile format."""

    def pixels(self) -> bytes:
        """Return the layer's own colours as they are now, in the reader's tile format."""

    def reopen(self) -> Stage:
        """End this stage and return one for the same layer, to cut it out once more."""

    def close(self) -> None:
        """Give the layer back to the host."""


class Witness:
    """A painter that notes what another is asked for.

    Attributes:
        calls: names of the methods, in order.
        shares: what `progress` was told.
        coarse_after_sharp: rectangles painted coarsely after they had been sharp.
    """

    def __init__(self, painter: Painter) -> None:
        self._painter = painter
        self._sharp: set[TileRect] = set()
        self.calls: list[str] = []
        self.shares: list[float] = []
        self.coarse_after_sharp: list[TileRect] = []

    def fill(self, rect: TileRect, opaque: bool) -> None:
        """Note and pass on."""
        self.calls.append("fill")
        self._painter.fill(rect, opaque)

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        """Note and pass on."""
        self.calls.append("coarse" if coarse else "sharp")
        if coarse and rect in self._sharp:
            self.coarse_after_sharp.append(rect)
        if not coarse:
            self._sharp.add(rect)
        self._painter.paint(rect, alpha, coarse)

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        """Note and pass on."""
        self.calls.append("recolour")
        self._painter.recolour(rect, colours)

    def refresh(self) -> None:
        """Note and pass on."""
        self.calls.append("refresh")
        self._painter.refresh()

    def progress(self, share: float, text: str) -> None:
        """Note and pass on."""
        self.shares.append(share)
        self._painter.progress(share, text)


def drop_alpha(rows: bytes, form: PixelFormat) -> bytes:
    """Return the RGB rows of a proxy of an opaque layer."""
    if form is PixelFormat.RGB8:
        return rows
    assert set(rows[3::4]) == {255}, "an opaque layer is not opaque in its proxy"
    out = bytearray(len(rows) // 4 * 3)
    for channel in range(3):
        out[channel::3] = rows[channel::4]
    return bytes(out)


def check_same(found: bytes, wanted: bytes) -> None:
    """Check that two planes are the same, and say where they are not."""
    assert len(found) == len(wanted), (len(found), len(wanted))
    places = [i for i, (a, b) in enumerate(zip(found, wanted, strict=True)) if a != b]
    assert not places, (
        f"{len(places)} of {len(found)} bytes differ, from {places[0]} to {places[-1]}"
    )

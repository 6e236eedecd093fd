"""The pixel formats of the wire. Values are those of `frisket.v1.PixelFormat`."""

from __future__ import annotations

import enum


class PixelFormat(enum.IntEnum):
    """Samples of a pixel side by side, 16-bit ones little-endian, rows without padding."""

    GRAY8 = 1
    GRAY16 = 2
    RGB8 = 3
    RGB16 = 4
    RGBA8 = 5

    @property
    def wire_name(self) -> str:
        """The value's name in `matting.proto`, which messages take for it."""
        return f"PIXEL_FORMAT_{self.name}"

    @property
    def channels(self) -> int:
        """Samples of a pixel."""
        return _CHANNELS[self]

    @property
    def depth(self) -> int:
        """Bits of a sample, 8 or 16."""
        return 16 if self in (PixelFormat.GRAY16, PixelFormat.RGB16) else 8

    @property
    def pixel_bytes(self) -> int:
        """Bytes of a pixel."""
        return self.channels * self.depth // 8


_CHANNELS = {
    PixelFormat.GRAY8: 1,
    PixelFormat.GRAY16: 1,
    PixelFormat.RGB8: 3,
    PixelFormat.RGB16: 3,
    PixelFormat.RGBA8: 4,
}
TILE_FORMATS = frozenset(PixelFormat) - {PixelFormat.RGBA8}
"""What a tile's pixels may be; transparency travels with the proxy alone."""
PROXY_FORMATS = frozenset({PixelFormat.RGB8, PixelFormat.RGBA8})
"""What the proxy may be."""


def pixel_format(channels: int, depth: int) -> PixelFormat:
    """Return the format of `channels` samples of `depth` bits.

    Raises:
        KeyError: no such format travels.
    """
    return _BY_SHAPE[channels, depth]


_BY_SHAPE = {(form.channels, form.depth): form for form in PixelFormat}

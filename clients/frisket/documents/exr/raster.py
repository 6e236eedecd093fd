"""The pixels of one picture of an OpenEXR file, decoded by bands of rows."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from ..base.raster import BaseRaster, Block
from ..colour import Colour
from ..colour.coding import Coding, check_primaries
from ..core.errors import UnreadableDocument
from ..core.model import Rect
from ..core.pixels import Pixels
from ..io.limits import check_segment
from .parts import Picture, explain

_BAND_BYTES = 32 << 20
_HELD = 2  # bands, so that a tile across two decodes none twice
_CHUNK_ROWS = 32  # of most compressions; DWAB has 256
_LOOKED_AT = 5  # bands that tell how bright the light is


class ExrRaster(BaseRaster):
    """A picture as float32; colours are multiplied by the transparency, as the format has them.

    Args:
        path: The file, for messages.
        found: Its open input.
        lock: Held while the input is used.
        picture: Which channels of which part.
    """

    prefers_rows = True

    def __init__(self, path: str, found: Any, lock: threading.Lock, picture: Picture) -> None:
        self.path, self._input, self._lock = path, found, lock
        self._picture, self._spec = picture, found.spec(picture.part, 0)
        self.width, self.height = self._spec.width, self._spec.height
        self.channels, self.has_alpha = len(picture.taken), picture.alpha
        self.mode = "RGB" if self.channels > 2 else "GRAY"
        self.depth, self.dtype = 32, np.dtype(np.float32)
        self._first, self._end = min(picture.taken), max(picture.taken) + 1
        self._rows = self._choose_rows()
        self._bands: OrderedDict[int, Pixels] = OrderedDict()
        self._colour: Colour | None = None

    def _choose_rows(self) -> int:
        step = self._spec.tile_height or _CHUNK_ROWS
        row = self.width * (self._end - self._first) * self.dtype.itemsize
        check_segment(self.path, row * step)
        return max(1, _BAND_BYTES // (row * step)) * step

    @property
    def colour(self) -> Colour:
        """How the samples become sRGB; some are looked at first, for the range of their light."""
        if self._colour is None:
            colours = self.channels - self.has_alpha
            plain = Colour(self.mode, colours=colours, premultiplied=self.has_alpha,
                           coding=self._read_primaries())  # fmt: skip
            self._colour = plain.fit_light(self._sample())
        return self._colour

    def _read_primaries(self) -> Coding | None:
        told = self._spec.getattribute("chromaticities")
        known = check_primaries(tuple(told)) if isinstance(told, tuple) else None
        coding = Coding(known) if known and self.mode == "RGB" else None
        return None if coding is None or coding.is_srgb else coding

    def _sample(self) -> Pixels:
        last = max(0, self.height - _CHUNK_ROWS)
        places = sorted({last * i // (_LOOKED_AT - 1) for i in range(_LOOKED_AT)})
        height = min(_CHUNK_ROWS, self.height)
        return np.concatenate([self._read(Rect(0, y, self.width, height)) for y in places])

    def _read(self, rect: Rect) -> Pixels:
        out = np.empty((rect.height, rect.width, self.channels), self.dtype)
        for index in range(rect.y // self._rows, -(-rect.bottom // self._rows)):
            top = index * self._rows
            band = self._read_cached(index)
            first, last = max(rect.y, top), min(rect.bottom, top + len(band))
            out[first - rect.y : last - rect.y] = band[first - top : last - top,
                                                       rect.x : rect.right]  # fmt: skip
        return out

    def _read_cached(self, index: int) -> Pixels:
        with self._lock:
            if index not in self._bands:
                self._bands[index] = self._decode(index)
                while len(self._bands) > _HELD:
                    self._bands.popitem(last=False)
            self._bands.move_to_end(index)
            return self._bands[index]

    def _plan_blocks(self) -> Iterator[Callable[[], Block]]:
        for index in range(-(-self.height // self._rows)):
            yield partial(self._read_block, index)

    def _read_block(self, index: int) -> Block:
        with self._lock:
            return 0, index * self._rows, self._decode(index)

    def _decode(self, index: int) -> Pixels:
        """Return a band (rows, width, channels); the caller holds the lock."""
        spec, part = self._spec, self._picture.part
        y = spec.y + index * self._rows
        end = min(y + self._rows, spec.y + spec.height)
        channels = self._first, self._end
        sound = self._input.seek_subimage(part, 0)
        if sound and spec.tile_height:
            across = spec.x, spec.x + spec.width
            values = self._input.read_tiles(*across, y, end, spec.z, spec.z + 1, *channels, "float")
        else:
            values = self._input.read_scanlines(y, end, spec.z, *channels, "float")
        if not sound or values is None or values.shape[0] != end - y:
            reason = explain(self.path, self._input)
            raise UnreadableDocument(self.path, f"the image cannot be decoded ({reason})")
        picked = [at - self._first for at in self._picture.taken]
        return np.ascontiguousarray(values[..., picked].reshape(end - y, self.width, len(picked)))

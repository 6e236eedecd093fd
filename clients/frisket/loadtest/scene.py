"""Pictures that are made as they are read: a subject of any size takes no memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from frisket.client.options import LayerSpec
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect, proxy_size

Bytes = npt.NDArray[np.uint8]

_BLOCK = 256
_GROUND, _SUBJECT = (44, 70, 96), (214, 158, 84)
# Circles that together are the subject: centre and radius, in shares of the shorter side.
_CIRCLES = ((0.5, 0.45, 0.24), (0.42, 0.66, 0.16), (0.6, 0.64, 0.18), (0.66, 0.36, 0.09))
_RAMP = 0.004  # of its edge, in shares of the shorter side
_GRAIN = 14


@dataclass(frozen=True)
class Scene:
    """A subject before a ground, both grainy.

    Attributes:
        width, height: in pixels.
        seed: of the grain, and of where the subject is.
    """

    width: int
    height: int
    seed: int

    @property
    def megapixels(self) -> float:
        """Its size."""
        return self.width * self.height / 1e6

    def spec(self) -> LayerSpec:
        """Return its sizes and formats."""
        across, down = proxy_size(self.width, self.height)
        form = PixelFormat.RGB8
        return LayerSpec(self.width, self.height, form, across, down, form)

    def read_tile(self, rect: TileRect) -> bytes:
        """Return the rows of a rectangle, RGB8."""
        x = np.arange(rect.x, rect.x + rect.width, dtype=np.float32) + np.float32(0.5)
        y = np.arange(rect.y, rect.y + rect.height, dtype=np.float32) + np.float32(0.5)
        return self._draw(x, y, (rect.x, rect.y)).tobytes()

    def read_proxy(self) -> bytes:
        """Return the proxy's rows, RGB8, drawn a few rows at a time."""
        spec = self.spec()
        x = (np.arange(spec.proxy_width, dtype=np.float32) + 0.5) * (self.width / spec.proxy_width)
        step = self.height / spec.proxy_height
        y = (np.arange(spec.proxy_height, dtype=np.float32) + 0.5) * step
        bands = range(0, spec.proxy_height, _BLOCK)
        return b"".join(self._draw(x, y[row : row + _BLOCK], (0, row)).tobytes() for row in bands)

    def _draw(
        self, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32], at: tuple[int, int]
    ) -> Bytes:
        """Return (rows, columns, 3) at these places; `at` chooses the grain."""
        share = self._cover(x, y)
        grain = _grain(self.seed)
        rows = (at[1] + np.arange(y.size)) % _BLOCK
        columns = (at[0] + np.arange(x.size)) % _BLOCK
        noise = grain[rows[:, None], columns]
        planes = [
            noise + np.float32(ground) + np.float32(subject - ground) * share
            for ground, subject in zip(_GROUND, _SUBJECT, strict=True)
        ]
        return np.stack(planes, axis=2).clip(0, 255).astype(np.uint8)

    def _cover(
        self, x: npt.NDArray[np.float32], y: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Return how much of each place is subject, 0..1."""
        side = min(self.width, self.height)
        shift = (self.seed % 7 - 3) / 60
        inside = np.full((y.size, x.size), -np.inf, np.float32)
        for across, down, radius in _CIRCLES:
            dx = x - np.float32(self.width / 2 + (across - 0.5 + shift) * side)
            dy = y - np.float32(self.height / 2 + (down - 0.5) * side)
            away = np.sqrt(dx * dx + (dy * dy)[:, None])
            np.maximum(inside, np.float32(radius * side) - away, out=inside)
        return np.asarray((inside / np.float32(_RAMP * side) + np.float32(0.5)).clip(0, 1))


def _grain(seed: int) -> npt.NDArray[np.float32]:
    noise = np.random.default_rng(seed).integers(-_GRAIN, _GRAIN, (_BLOCK, _BLOCK))
    return noise.astype(np.float32)


def make_scene(megapixels: float, seed: int) -> Scene:
    """Return a scene of three to two."""
    height = max(16, round((megapixels * 1e6 / 1.5) ** 0.5))
    return Scene(round(height * 1.5), height, seed)

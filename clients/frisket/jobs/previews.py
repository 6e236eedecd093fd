"""A small picture of a layer and its matte: what a person looks at to judge a result."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from frisket.documents import Rect
from frisket.documents.write.reduced import reduce_bands
from frisket.jobs.store import AlphaStore

Bytes8 = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Preview:
    """A reduced layer: `colours` (height, width, 3) in sRGB and `alpha` (height, width), uint8."""

    colours: Bytes8
    alpha: Bytes8

    def encode(self, pixels: int) -> dict[str, bytes]:
        """Return "original" and "matte" as JPEG, at most `pixels` at the longer side."""
        original, matte = Image.fromarray(self.colours), Image.fromarray(self.alpha)
        for picture in (original, matte):
            picture.thumbnail((pixels, pixels), Image.Resampling.BOX)
        return {
            "original": _encode(original, 80),
            "matte": _encode(matte, 90),
        }


def make_preview(proxy: Bytes8, store: AlphaStore, pixels: int) -> Preview:
    """Return a layer and its matte, reduced to at most `pixels` at the longer side.

    Args:
        proxy: the layer's proxy, (height, width, 1 to 4 channels), 8-bit sRGB.
        store: its complete alpha.
        pixels: the longer side; never more than the proxy's.
    """
    grey = proxy.shape[2] < 3
    shown = np.repeat(proxy[..., :1], 3, axis=2) if grey else proxy[..., :3]
    picture = Image.fromarray(np.ascontiguousarray(shown))
    picture.thumbnail((pixels, pixels), Image.Resampling.BOX)
    return Preview(np.asarray(picture), _reduce(store, *picture.size))


def _reduce(store: AlphaStore, width: int, height: int) -> Bytes8:
    def read(rect: Rect) -> Bytes8:
        alpha = store.read(rect)
        return (alpha >> 8 if store.depth == 16 else alpha).astype(np.uint8)

    return reduce_bands(read, store.width, store.height, (width, height))


def _encode(picture: Image.Image, quality: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()

"""A contact strip: small pictures of frames at even distances, to look at a result at once."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from frisket.documents.core.pixels import convert_depth
from frisket.documents.io.output import atomic_output
from frisket.jobs.video.matting import Samples

_FRAMES, _ACROSS = 12, 4
_WIDTH = 320  # pixels of a small picture
_SQUARE = 8  # pixels of a square that stands for transparency
_LIGHT, _DARK = 204, 153


class Preview:
    """Small pictures that a run keeps with its segments, so that a further run has them too.

    Args:
        folder: where they are kept.
        first: place of the first frame that is wanted.
        last: place after the last one, as far as is known.
    """

    def __init__(self, folder: Path, first: int, last: int) -> None:
        self._folder = folder
        count = max(1, min(_FRAMES, last - first))
        step = max(1, (last - first) / count)
        self._places = {first + int((number + 0.5) * step) for number in range(count)}

    def wants(self, place: int) -> bool:
        """Tell whether a frame belongs on the strip."""
        return place in self._places

    def keep(self, place: int, pixels: Samples) -> None:
        """Keep a frame small: (height, width) or (height, width, 3 or 4), uint8 or uint16."""
        shown = Image.fromarray(_show(convert_depth(pixels, 8)))
        shown.thumbnail((_WIDTH, 2 * _WIDTH))
        shown.save(self._name(place))

    def write(self, path: Path) -> None:
        """Write the strip as a JPEG; nothing where no frame was kept.

        Raises:
            OutputError: it cannot be written.
        """
        names = [self._name(place) for place in sorted(self._places)]
        small = [Image.open(name) for name in names if name.exists()]
        if not small:
            return
        width, height = small[0].size
        across = min(_ACROSS, len(small))
        strip = Image.new("RGB", (across * width, -(-len(small) // across) * height))
        for number, one in enumerate(small):
            strip.paste(one, (number % across * width, number // across * height))
        data = io.BytesIO()
        strip.save(data, "JPEG", quality=88)
        with atomic_output(path, data.tell()) as out:
            out.write(data.getvalue())

    def _name(self, place: int) -> Path:
        return self._folder / f"preview-{place}.png"


def _show(pixels: Samples) -> Samples:
    """Return a frame (height, width, 3) uint8, its transparency on squares."""
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 3:
        return pixels
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]] * _WIDTH // pixels.shape[1] // _SQUARE
    ground = np.where((x + y) % 2, _DARK, _LIGHT)[..., None]
    alpha = pixels[..., 3:] / np.float32(255)
    return np.asarray(np.rint(pixels[..., :3] * alpha + ground * (1 - alpha)), np.uint8)

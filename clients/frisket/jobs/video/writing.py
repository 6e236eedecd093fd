"""What is written of a matted frame, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from frisket.documents import Rect
from frisket.documents.colour.alpha import ArrayAlpha
from frisket.documents.core.pixels import convert_depth
from frisket.documents.encode.png import PngPlan, write_png
from frisket.documents.io.output import atomic_output
from frisket.finish.chain import Finish, FinishTask
from frisket.jobs.pictures import PictureDocument
from frisket.jobs.video.matting import MattedFrame, Samples
from frisket.jobs.video.movie import CUTOUT, MATTE


@dataclass(frozen=True)
class Look:
    """What a frame becomes.

    Attributes:
        kind: "matte", "cutout" or "finished".
        depth: bits of its samples, 8 or 16.
        finish: what is done with it, for "finished".
    """

    kind: str
    depth: int
    finish: Finish | None = None

    def make(self, matted: MattedFrame) -> Samples:
        """Return (height, width) of a matte, (height, width, 4) of a cutout, else 3."""
        if self.kind == MATTE:
            return matted.alpha
        if self.kind == CUTOUT:
            colours = convert_depth(matted.colours, self.depth)
            return np.dstack([colours, convert_depth(matted.alpha, self.depth)])
        assert self.finish is not None
        document = PictureDocument(matted.frame.rgb)
        task = FinishTask(
            document, document.find_layer(None), ArrayAlpha(matted.alpha), Path("frame"),
            _Cleaned(matted.colours),
        )  # fmt: skip
        return convert_depth(self.finish.render(task), self.depth)


@dataclass(frozen=True, eq=False)
class _Cleaned:
    """Cleaned colours (height, width, 3) as a finish reads them."""

    values: Samples

    def read(self, rect: Rect, own: Samples | None = None) -> Samples:
        """Return a rectangle of them."""
        return self.values[rect.y : rect.bottom, rect.x : rect.right]


def write_picture(path: Path, pixels: Samples) -> None:
    """Write a PNG of (height, width) or (height, width, 3 or 4), uint8 or uint16.

    Raises:
        OutputError: it cannot be written; nothing is half-written.
    """
    samples = pixels if pixels.ndim == 3 else pixels[..., None]
    height, width, bands = samples.shape
    plan = PngPlan(width, height, bands, samples.dtype.itemsize * 8)
    read: Callable[[int, int], Samples] = lambda first, last: samples[first:last]  # noqa: E731
    with atomic_output(path, plan.raw_bytes) as out:
        write_png(out, plan, read)

"""What is written of a matted frame, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from frisket.documents import Rect, open_document
from frisket.documents.colour.alpha import ArrayAlpha
from frisket.documents.colour.formulas import srgb_to_linear
from frisket.documents.core.pixels import convert_depth
from frisket.documents.encode.png import PngPlan, write_png
from frisket.documents.io.output import atomic_output
from frisket.documents.write.cutout import write_cutout
from frisket.documents.write.matte import write_matte
from frisket.finish.chain import Finish, FinishTask
from frisket.finish.errors import BadFinish
from frisket.jobs.pictures import PictureDocument
from frisket.jobs.video.footage import Behind, Footage
from frisket.jobs.video.matting import MattedFrame, Samples
from frisket.jobs.video.movie import CUTOUT, MATTE

PICTURES = (".png", ".tif", ".tiff", ".exr")
"""What frames are written as, one by one."""


@dataclass(frozen=True)
class Look:
    """What a frame becomes.

    Attributes:
        kind: "matte", "cutout" or "finished".
        depth: bits of its samples, 8 or 16.
        finish: what is done with it; None for a matte, and a cutout that is left as it is.
        footage: frames that it is laid on, for "finished".
    """

    kind: str
    depth: int
    finish: Finish | None = None
    footage: Footage | None = None

    def make(self, matted: MattedFrame) -> Samples:
        """Return (height, width) of a matte, (height, width, 4) of a cutout, else 3."""
        if self.kind == MATTE:
            return matted.alpha
        if self.finish is None:
            colours = convert_depth(matted.colours, self.depth)
            return np.dstack([colours, convert_depth(matted.alpha, self.depth)])
        return convert_depth(self._render(self.finish, matted), self.depth)

    def _render(self, finish: Finish, matted: MattedFrame) -> Samples:
        """Return a finished frame, as deep as it is, as `make` does.

        Raises:
            FrisketError: it cannot be done, or a step of another package changes its size.
        """
        if self.footage is not None:
            finish = replace(finish, background=Behind(self.footage.find(matted.frame.place)))
        document = PictureDocument(matted.frame.rgb)
        task = FinishTask(
            document, document.find_layer(None), ArrayAlpha(matted.alpha), Path("frame"),
            _Cleaned(matted.colours),
        )  # fmt: skip
        pixels = finish.render(task)
        bands = 4 if self.kind == CUTOUT else 3
        if pixels.shape != (*matted.frame.rgb.shape[:2], bands):
            raise BadFinish(
                f"A step of this finish makes {pixels.shape[1]} x {pixels.shape[0]} px in "
                f"{pixels.shape[2]} channels of a frame, which every frame must keep"
            )
        return pixels

    @property
    def _keeps_light(self) -> bool:
        """Whether light that is brighter than white may stay: a finish computes within sRGB."""
        return self.kind == CUTOUT and self.finish is None

    def save(self, matted: MattedFrame, path: Path, original: Path | None) -> None:
        """Write a frame as a picture, by the suffix of its name; see `PICTURES`.

        Args:
            matted: the frame.
            path: of the picture.
            original: the picture that it was read from; None for a video's.

        Raises:
            OutputError: it cannot be written; nothing is half-written.
        """
        suffix = path.suffix.lower()
        if suffix == ".png":
            write_picture(path, self.make(matted))
        elif self.kind == MATTE:
            write_matte(path, ArrayAlpha(matted.alpha), self.depth)
        elif self._keeps_light and suffix == original_suffix(original) == ".exr":
            assert original is not None
            _cut_light(matted, path, original)
        else:
            pixels = self.make(matted)
            rgb, alpha = pixels[..., :3], pixels[..., 3:]
            opaque = np.full(rgb.shape[:2], np.iinfo(rgb.dtype).max, rgb.dtype)
            _cut(path, PictureDocument(rgb), alpha[..., 0] if alpha.size else opaque)


def original_suffix(original: Path | None) -> str:
    """Return the suffix of the picture that a frame was read from; empty for a video's."""
    return "" if original is None else original.suffix.lower()


def _cut_light(matted: MattedFrame, path: Path, original: Path) -> None:
    """Write a cutout with the light of the original, which may be brighter than the model saw."""
    with open_document(original) as document:
        layer = document.find_layer(None)
        if document.describe_pixels(layer).mode == "RGB":
            light = _Light(matted.colours, matted.frame.rgb)
            write_cutout(path, document, layer, ArrayAlpha(matted.alpha), light)
            return
    _cut(path, PictureDocument(matted.colours), matted.alpha)


def _cut(path: Path, document: PictureDocument, alpha: Samples) -> None:
    write_cutout(path, document, document.find_layer(None), ArrayAlpha(alpha))


@dataclass(frozen=True, eq=False)
class _Cleaned:
    """Cleaned colours (height, width, 3) as a finish reads them."""

    values: Samples

    def read(self, rect: Rect, own: Samples | None = None) -> Samples:
        """Return a rectangle of them."""
        return self.values[rect.y : rect.bottom, rect.x : rect.right]


@dataclass(frozen=True, eq=False)
class _Light:
    """Light of the scene: a document's own, and where its edge was cleaned, that of sRGB.

    Attributes:
        cleaned: (height, width, 3) sRGB.
        plain: the same before it was cleaned.
    """

    cleaned: Samples
    plain: Samples

    def read(self, rect: Rect, own: Samples | None = None) -> Samples:
        """Return a rectangle of it (height, width, 3) float32; `own` is the document's."""
        assert own is not None
        place = slice(rect.y, rect.bottom), slice(rect.x, rect.right)
        cleaned, plain = self.cleaned[place], self.plain[place]
        light = srgb_to_linear(convert_depth(cleaned, 32))
        changed = (cleaned != plain).any(axis=2, keepdims=True)
        return np.where(changed, light, own).astype(own.dtype)


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

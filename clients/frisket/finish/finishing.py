"""Finishing files whose matte exists: one function for scripts, and for `frisket finish`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from frisket.documents import AlphaSource, Document, Layer, Rect, UnsupportedDocument, open_document
from frisket.documents.base.raster import BaseRaster
from frisket.documents.core.pixels import Pixels, convert_depth

from .chain import Finish, FinishTask
from .keywords import EdgedKeywords
from .options import read_finish

if TYPE_CHECKING:
    from typing_extensions import Unpack

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FinishResult:
    """What was done.

    Attributes:
        outputs: the files that were written.
        seconds: how long it took.
        notes: what should be looked at, a sentence each.
    """

    outputs: tuple[Path, ...]
    seconds: float
    notes: tuple[str, ...]


class RasterAlpha:
    """A picture of a matte as an alpha: its own transparency where it has any, or its grey."""

    def __init__(self, raster: BaseRaster) -> None:
        self._raster = raster
        self.width, self.height = raster.width, raster.height
        self.depth = 8 if raster.depth <= 8 else 16

    def solid(self, rect: Rect) -> int | None:
        """Return None: nothing is known before it is read."""
        return None

    def read(self, rect: Rect) -> Pixels:
        """Return alpha (height, width), uint8 or uint16 by `depth`."""
        colour = self._raster.colour
        plain: Pixels = convert_depth(colour.to_plain(self._raster.read(rect)), self.depth)
        if self._raster.has_alpha:
            return plain[..., -1]
        if plain.shape[-1] == 1:
            return plain[..., 0]
        mean = plain[..., :3].mean(axis=-1, dtype=np.float64)
        return np.asarray(np.rint(mean), plain.dtype)


def finish(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    matte: str | os.PathLike[str] | None = None,
    *,
    layer: str | None = None,
    progress: Progress = lambda stage, done, total: None,
    **options: Unpack[EdgedKeywords],
) -> FinishResult:
    """Finish a picture whose matte exists: canvas, background, shadow, edges, files.

    Examples:
        >>> from frisket.finish import finish
        >>> done = finish("bottle.tif", "bottle.jpg", "bottle-matte.tif",
        ...               canvas="marketplace", shadow=["contact", "drop:opacity=20%"])
        >>> done.outputs
        (PosixPath('bottle.jpg'),)

    Args:
        source: a flat or layered document; never changed.
        output: what to write: .jpg, .png, .webp, .avif or .tif.
        matte: a picture of the same size: 0 is background; by default the source's own
            transparency is the matte.
        layer: of the source, by name, path, glob or #id; by default the topmost visible one.
        progress: called with a stage, what is done, and of how much.
        options: named as on the command line; see `frisket.finish.keywords.EdgedKeywords`.

    Raises:
        BadFinish: an option has no such value, or options do not go together.
        EmptyMatte: the matte shows nothing.
        DocumentError: a file cannot be read or written.
    """
    how = read_finish(options) or Finish()
    return finish_file(
        Path(source), Path(output), Path(matte) if matte else None, how, layer, progress
    )


def finish_file(
    source: Path,
    output: Path,
    matte: Path | None,
    how: Finish,
    layer: str | None = None,
    progress: Progress = lambda stage, done, total: None,
    warn: Callable[[str], None] = lambda sentence: None,
) -> FinishResult:
    """Finish one file; see `finish`.

    Args:
        source: the picture.
        output: what to write.
        matte: of the picture; None for its own transparency.
        how: the finish.
        layer: of the source.
        progress: called with a stage, what is done, and of how much.
        warn: called with each sentence that the user should read, as early as it is known.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        document = stack.enter_context(open_document(source))
        chosen = document.find_layer(layer)
        notes = how.check(document, chosen, output)
        alpha = _open_matte(document, chosen, matte, stack)
        for sentence in notes:
            warn(sentence)

        task = FinishTask(document, chosen, alpha, output, seen=count_pixels(chosen, progress))
        found = how.run(task)
        for sentence in found:
            warn(f"{source.name}: {sentence}")
        progress("writing", 1, 1)
    outputs = how.save.list_outputs(output)
    return FinishResult(outputs, time.perf_counter() - started, (*notes, *found))


def count_pixels(layer: Layer, progress: Progress) -> Callable[[int], None]:
    """Return what takes the pixels of each block that was read and shows their sum."""
    done = [0]

    def seen(pixels: int) -> None:
        done[0] += pixels
        progress("reading", done[0], layer.width * layer.height)

    return seen


def _open_matte(
    document: Document, layer: Layer, matte: Path | None, stack: ExitStack
) -> AlphaSource | None:
    """Return the matte of a layer; None where its own transparency is meant.

    Raises:
        UnsupportedDocument: there is neither, or the matte has another size.
    """
    raster = document.raster(layer)
    if matte is None:
        if not raster.has_alpha:
            raise UnsupportedDocument(
                document.path, "there is no transparency in it, and no matte was named",
                advice="add --matte FILE, or cut it: frisket cut with the same options",
            )  # fmt: skip
        return None
    found = stack.enter_context(open_document(matte))
    shown = found.raster(found.find_layer(None))
    if (shown.width, shown.height) != (raster.width, raster.height):
        raise UnsupportedDocument(
            matte, f"the matte has {shown.width} × {shown.height} pixels, and the picture "
            f"{raster.width} × {raster.height}", advice="they must be of the same size",
        )  # fmt: skip
    return RasterAlpha(shown)

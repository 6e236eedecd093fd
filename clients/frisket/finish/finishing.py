"""Finishing files whose matte exists: one function for scripts, and for `frisket finish`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.documents import Document, Layer, open_document

from .chain import Finish, FinishTask
from .delivery import WRITER
from .entry import Progress
from .keywords import EdgedKeywords
from .mattes import open_matte
from .options import read_finish
from .readers import FINISHED

if TYPE_CHECKING:
    from typing_extensions import Unpack


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
        matte: a picture of the same size: 0 is background; "mask" for the mask that the layer
            carries; by default the source's own transparency is the matte.
        layer: of the source, by name, path, #id, or a glob that only one answers to; by default
            the topmost visible one.
        progress: called with a stage, what is done, and of how much.
        options: named as on the command line; see `frisket.finish.keywords.EdgedKeywords`.

    Raises:
        BadFinish: an option has no such value, or options do not go together.
        EmptyMatte: the matte shows nothing.
        DocumentError: a file cannot be read or written, or several layers are meant.
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
    *,
    encoding: str = "",
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
        encoding: of layer names without a Unicode form.
    """
    started = time.perf_counter()
    with ExitStack() as stack:
        document = stack.enter_context(open_document(source, encoding))
        chosen = _find_layer(document, layer, output)
        notes = how.check(document, chosen, output, matte)
        alpha = open_matte(document, chosen, matte, stack)
        for sentence in notes:
            warn(sentence)

        seen = count_pixels(chosen, progress)
        task = FinishTask(document, chosen, alpha, output, seen=seen, progress=progress)
        found = how.run(task)
        for sentence in found:
            warn(f"{source.name}: {sentence}")
        progress("writing", 1, 1)
    outputs = how.save.list_outputs(output)
    return FinishResult(outputs, time.perf_counter() - started, (*notes, *found))


def _find_layer(document: Document, selector: str | None, output: Path) -> Layer:
    """Return the one layer that a selector means.

    Raises:
        LayerNotFound: there is none.
        OutputError: there are several, and the output holds one.
    """
    found = document.find_layers((selector,) if selector else ())
    WRITER.check_number(FINISHED, output, len(found))
    return found[0]


def count_pixels(layer: Layer, progress: Progress) -> Callable[[int], None]:
    """Return what takes the pixels of each block that was read and shows their sum."""
    done = [0]

    def seen(pixels: int) -> None:
        done[0] += pixels
        progress("reading", done[0], layer.width * layer.height)

    return seen

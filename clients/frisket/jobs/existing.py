"""Outlines of subjects whose matte exists: no model is asked, and no server."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from frisket.documents import AlphaSource, Document, Layer, LayerResult, Rect, open_document
from frisket.documents.core.pixels import Pixels, convert_depth
from frisket.finish.mattes import RasterAlpha, open_matte
from frisket.jobs.choices import check_choice, check_names
from frisket.jobs.deliver import DELIVERIES, TRACED
from frisket.jobs.keywords import CutKeywords, TracedKeywords, read_keywords
from frisket.jobs.spool import SpooledAlpha
from frisket.jobs.task import Task

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True)
class OutlineResult:
    """What was done.

    Attributes:
        outputs: the file that was written.
        seconds: how long it took.
        notes: what should be looked at, a sentence each.
    """

    outputs: tuple[Path, ...]
    seconds: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ProductAlpha:
    """Two alphas of one size, multiplied; as deep as the deeper one."""

    one: AlphaSource
    other: AlphaSource

    @property
    def width(self) -> int:
        """Columns."""
        return self.one.width

    @property
    def height(self) -> int:
        """Rows."""
        return self.one.height

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        return max(self.one.depth, self.other.depth)

    def solid(self, rect: Rect) -> int | None:
        """Return 0 where one of them is known to be nothing, else None."""
        return 0 if 0 in (self.one.solid(rect), self.other.solid(rect)) else None

    def read(self, rect: Rect) -> Pixels:
        """Return the product (height, width), uint8 or uint16 by `depth`."""
        one, other = (convert_depth(a.read(rect), self.depth) for a in (self.one, self.other))
        top = (1 << self.depth) - 1
        product = (one.astype(np.uint64) * other + top // 2) // top
        return np.asarray(product.astype(one.dtype))


def outline(
    source: str | os.PathLike[str],
    output: str | os.PathLike[str],
    matte: str | os.PathLike[str] | None = None,
    *,
    kind: str = "path",
    layer: str | None = None,
    **options: Unpack[TracedKeywords],
) -> OutlineResult:
    """Draw the outline of a subject whose matte exists.

    Examples:
        >>> from frisket import outline
        >>> outline("cup.tif", "cup-path.tif", "cup-matte.png", path_name="Cup").outputs
        (PosixPath('cup-path.tif'),)

    Args:
        source: a flat or layered document; never changed.
        output: a copy of it that carries the outline, or a drawing.
        matte: a picture of the same size, or "mask" for the layer's own; by default the
            source's transparency is the matte. Where there are both, they are multiplied.
        kind: of result, one of `TRACED`.
        layer: of the source, by name, path, #id, or a glob that only one answers to; by default
            the topmost visible one.
        options: named as on the command line.

    Raises:
        BadOption: an option has no such value.
        DocumentError: a file cannot be read or written, or shows no outline.
    """
    check_choice("kind", kind, TRACED)
    check_names(options, tuple(TracedKeywords.__annotations__), "outline()")
    given: dict[str, Any] = {**options, "kind": kind, "layers": layer or ()}
    read = read_keywords(given, CutKeywords, "outline()")
    return draw_outline(Task(Path(source), Path(output), read), Path(matte) if matte else None)


def draw_outline(
    task: Task, matte: Path | None, warn: Callable[[str], None] = lambda sentence: None
) -> OutlineResult:
    """Write the outline of a task; see `outline`.

    Args:
        task: what to do; its options say which layer, which kind, and how.
        matte: of the layer; see `frisket.finish.mattes.open_matte`.
        warn: called with each sentence that the user should read.

    Raises:
        DocumentError: a file cannot be read or written, or shows no outline.
    """
    started = time.perf_counter()
    options, output = task.options, task.output
    delivery, how = DELIVERIES[options.kind], options.result_options()
    with ExitStack() as stack:
        document = stack.enter_context(open_document(task.source, options.encoding))
        layers = document.find_layers(options.layers)
        delivery.check(document, output, layers, how)  # several are refused, as `cut` refuses them
        [layer] = layers
        found = read_alpha(document, layer, open_matte(document, layer, matte, stack))
        alpha = stack.enter_context(SpooledAlpha(found))
        said = tuple(delivery.write(document, output, [LayerResult(layer, alpha)], how))
    for sentence in said:
        warn(sentence)
    return OutlineResult((output,), time.perf_counter() - started, said)


def read_alpha(document: Document, layer: Layer, matte: AlphaSource | None) -> AlphaSource:
    """Return a matte times the layer's own transparency, whichever of them there are."""
    raster = document.raster(layer)
    if not raster.has_alpha:
        assert matte is not None
        return matte
    own = RasterAlpha(raster, is_shape=True)
    return own if matte is None else ProductAlpha(matte, own)

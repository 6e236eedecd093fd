"""The classes of a semantic model as one indexed PNG: which of them each pixel belongs to."""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..base.document import BaseDocument
from ..base.writer import ResultWriter
from ..core.errors import OutputError
from ..core.model import AlphaSource, Layer, Rect
from ..core.pixels import Pixels, convert_depth
from ..core.results import LayerResult, ResultOptions
from ..encode import png
from ..encode.beside import Beside, Chunk
from ..io.output import atomic_output, check_place

BACKGROUND = "background"
MOST_CLASSES = 255  # beside the background, in a palette
_PACKS = 8  # an image of few edges packs better than this
_SHADE_BITS = 8


class ClassMap:
    """Which class each pixel belongs to: the one whose alpha is greatest, or the background.

    It counts what is read of it, so it is to be read once. As an alpha its samples are numbers of
    classes, and it is never solid.

    Args:
        size: Width and height.
        names: Of all classes, in their order; their numbers begin at 1.
        alphas: Of those classes that were found.
    """

    depth = 8

    def __init__(
        self, size: tuple[int, int], names: Sequence[str], alphas: Mapping[str, AlphaSource]
    ) -> None:
        if len(names) > MOST_CLASSES:
            raise ValueError(f"a palette holds {MOST_CLASSES} classes and the background")
        self.width, self.height = size
        self.names, self._alphas = (BACKGROUND, *names), alphas
        self._counts = np.zeros(len(self.names), np.int64)
        self._lock = threading.Lock()

    def solid(self, rect: Rect) -> int | None:
        """Return None."""
        return None

    def read(self, rect: Rect) -> Pixels:
        """Return numbers of classes (height, width), uint8."""
        most = np.zeros((rect.height, rect.width), np.uint16)
        total = np.zeros(most.shape, np.uint32)
        found = np.zeros(most.shape, np.uint8)
        for number, name in enumerate(self.names):
            alpha = self._alphas.get(name)
            if alpha is None or alpha.solid(rect) == 0:
                continue
            share = convert_depth(alpha.read(rect), 16)
            found[share > most] = number
            np.maximum(most, share, out=most)
            total += share
        found[most + total < np.iinfo(np.uint16).max] = 0  # what is left is more than any
        self._count(found)
        return found

    def _count(self, found: Pixels) -> None:
        counts = np.bincount(found.ravel(), minlength=len(self.names))
        with self._lock:
            self._counts += counts

    @property
    def shares(self) -> dict[str, float]:
        """The share of each class, and of the background, of the pixels that were read."""
        total = max(1, int(self._counts.sum()))
        return {name: int(n) / total for name, n in zip(self.names, self._counts, strict=True)}


def pick_colours(number: int) -> Pixels:
    """Return (number, 3) uint8: colours that neighbours in number share little of, black first.

    The bits of a number are dealt to red, green and blue in turn, the highest first, as the
    data set Pascal VOC has it.
    """
    index = np.arange(number)
    colours = np.zeros((number, 3), np.uint8)
    for bit in range(_SHADE_BITS):
        for channel in range(3):
            part = (index >> (3 * bit + channel)) & 1
            colours[:, channel] |= (part << (_SHADE_BITS - 1 - bit)).astype(np.uint8)
    return colours


def write_classes(
    out: str | os.PathLike[str], found: ClassMap, beside: Beside | None = None
) -> None:
    """Write an indexed PNG with a palette, and a text ``Classes`` that names each number.

    Args:
        out: A ``.png``.
        found: What to write; read from top to bottom.
        beside: What the layer's document says beside its pixels.

    Raises:
        OutputError: The file cannot be written.
    """
    chunks = (beside or Beside()).list_chunks(coloured=False)
    colours = pick_colours(len(found.names))
    plan = png.PngPlan(
        found.width, found.height, 1, 8, chunks=(*chunks, _name_classes(found.names, colours)),
        palette=colours.tobytes(),
    )  # fmt: skip
    with atomic_output(out, plan.raw_bytes // _PACKS) as file:
        png.write_png(
            file, plan, lambda y0, y1: found.read(Rect(0, y0, found.width, y1 - y0))[..., None]
        )


def _name_classes(names: Sequence[str], colours: Pixels) -> Chunk:
    """Return a text of a line for each class: its number, its colour and its name."""
    lines = (
        f"{number} #{colour.tobytes().hex()} {name}"
        for number, (name, colour) in enumerate(zip(names, colours, strict=True))
    )
    plain = struct.pack("BB", 0, 0)  # not compressed
    return b"iTXt", b"Classes\0" + plain + b"\0\0" + "\n".join(lines).encode()


def check_classes(
    document: BaseDocument, output: Path, layers: Sequence[Layer], options: ResultOptions
) -> None:
    """Refuse a place that has no room.

    Raises:
        OutputError: It has none.
    """
    [layer] = layers
    plan = png.PngPlan(layer.width, layer.height, 1, 8)
    check_place(output, plan.raw_bytes // _PACKS)


def _write_result(
    document: BaseDocument, output: Path, results: Sequence[LayerResult], options: ResultOptions
) -> None:
    [result] = results
    if not isinstance(result.alpha, ClassMap):
        raise OutputError(output, "classes need a model that has some", advice="use --as matte")
    write_classes(output, result.alpha, document.tell_beside(result.layer))


def tell_lost(document: BaseDocument, output: Path, layers: Sequence[Layer]) -> list[str]:
    """Return what the document says beside its pixels and the result does not."""
    [layer] = layers
    return document.tell_beside(layer).tell_lost(output.suffix.lower(), coloured=False)


WRITER = ResultWriter(check_classes, _write_result, tell_lost=tell_lost)

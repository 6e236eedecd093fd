"""The kinds of result: one row says what each is, who can take it, and what it needs.

A row is checked before any work: whatever `check` accepts is written, unless the disk fills up
or a limit is met that only the finished alpha can tell. Nothing heavy is imported to read the
table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from frisket.finish.readers import FINISHED, SUFFIXES

if TYPE_CHECKING:
    from frisket.documents import Document, Layer, LayerResult, ResultOptions, ResultWriter


@dataclass(frozen=True)
class Delivery:
    """One kind of result.

    Attributes:
        kind: its name, as in ``--as``.
        help: what it is, for people.
        writer: the module whose ``WRITER`` writes it as a file of its own; empty where it is
            spliced into a copy of the document, which declares itself what it carries.
        suffixes: of files of its own; a document knows how its copy may be named.
        asked_depth: whether the alpha has the bits that were asked for, not its document's.
        colours: whether it shows colours, so that cleaned edge colours are of use.
        by_class: whether it shows the classes of a model, each matted by itself.
        traces: whether it is an outline, so that a threshold is where it runs.
        replaces: whether it may take the place of the layer's own transparency.
    """

    kind: str
    help: str
    writer: str = ""
    suffixes: tuple[str, ...] = ()
    asked_depth: bool = False
    colours: bool = False
    by_class: bool = False
    traces: bool = False
    replaces: bool = False

    def check(
        self, document: Document, output: Path, layers: Sequence[Layer], options: ResultOptions
    ) -> None:
        """Refuse before any work what `write` could not write.

        Raises:
            UnsupportedDocument: the document cannot carry this kind of result.
            OutputError: the output's name or place does not suit, or something is in the way.
        """
        for layer in layers:
            document.describe_pixels(layer)
        if not self.writer:
            document.check_splice(self.kind, output, layers, options)
            return
        writer = self._file_writer()
        writer.check_number(self.kind, output, len(layers))
        self._check_name(output)
        writer.check(document, output, layers, options)

    def tell_lost(self, document: Document, output: Path, layers: Sequence[Layer]) -> str:
        """Return one sentence on what the output is written without, or nothing."""
        if self.writer:
            lost = self._file_writer().tell_lost(document, output, layers)
        else:
            lost = document.tell_lost(self.kind, output, layers)
        return f"{output.name} is written without {', '.join(lost)}." if lost else ""

    def _check_name(self, output: Path) -> None:
        from frisket.documents import OutputError
        from frisket.documents.io.output import check_place

        suffix = output.suffix.lower()
        if suffix not in self.suffixes:
            raise OutputError(
                output,
                f"--as {self.kind} is not written as {suffix or 'a file without suffix'}",
                advice=f"use {', '.join(self.suffixes)}",
            )
        check_place(output)

    def _file_writer(self) -> ResultWriter[Any]:
        writer: ResultWriter[Any] = import_module(self.writer).WRITER
        return writer

    def alpha_depth(self, layer: Layer, options: ResultOptions) -> int:
        """Return the bits of alpha to compute: 8 or 16."""
        if self.asked_depth:
            return options.depth
        return 8 if layer.depth <= 8 else 16

    def wants_colours(self, layer: Layer) -> bool:
        """Tell whether cleaned edge colours are of use."""
        # A copied layer of a document has channels as they are stored: inverted, or of light.
        plain = layer.mode in ("RGB", "GRAY", "INDEXED") and layer.depth < 32
        known = layer.mode in ("RGB", "GRAY", "INDEXED", "CMYK", "LAB")
        return self.colours and (plain or (known and bool(self.writer)))

    def write(
        self,
        document: Document,
        output: Path,
        results: Sequence[LayerResult],
        options: ResultOptions,
    ) -> Sequence[str]:
        """Write what was checked, beside first and then in one step.

        Args:
            document: where the layers are from.
            output: what to write; may be the document's own path.
            results: the layers, their alphas, and cleaned colours where there are any.
            options: how.

        Returns:
            Sentences that the user should read.

        Raises:
            DocumentError: it cannot be written.
        """
        if self.writer:
            return self._file_writer().write(document, output, results, options) or ()
        document.splice(self.kind, output, results, options)
        return ()


_ROWS = (
    Delivery(
        "matte",
        "the alpha alone, greyscale",
        "frisket.documents.write.matte",
        (".tif", ".tiff", ".png", ".exr"),
        asked_depth=True,
    ),
    Delivery("alpha", "one more sample of a TIFF's page", replaces=True),
    Delivery("mask", "a layer mask of a PSD, PSB or layered TIFF"),
    Delivery(
        "cutout",
        "the layer with transparency",
        "frisket.documents.write.cutout",
        (".tif", ".tiff", ".png", ".webp", ".exr"),
        colours=True,
    ),
    Delivery(
        "comparison",
        "original, foreground and matte side by side, for a look",
        "frisket.documents.write.comparison",
        (".png", ".jpg", ".jpeg", ".webp"),
        colours=True,
    ),
    Delivery(
        FINISHED,
        "the subject on a background, with shadow and canvas",
        "frisket.finish.delivery",
        SUFFIXES,
        colours=True,
    ),
    Delivery("selection", "a saved selection of a PSD or PSB"),
    Delivery("layer", "a new layer of a PSD or PSB, above the hidden original", colours=True),
    Delivery("page", "one more page of a TIFF"),
    Delivery(
        "classes",
        "which class of a semantic model each pixel is, an indexed PNG",
        "frisket.documents.write.classes",
        (".png",),
        by_class=True,
    ),
    Delivery(
        "path",
        "the outline as a Bézier path: the clipping path of a PSD, PSB, TIFF or JPEG, or a drawing",
        "frisket.paths.writer",
        (".svg", ".eps", ".pdf", ".psd", ".psb", ".tif", ".tiff", ".jpg", ".jpeg"),
        asked_depth=True,
        traces=True,
    ),
    Delivery(
        "cutline",
        "a PDF for print and cut: the picture, and the line around it in a spot colour",
        "frisket.paths.cutline",
        (".pdf",),
        colours=True,
        traces=True,
    ),
)
DELIVERIES = {row.kind: row for row in _ROWS}
TRACED = tuple(row.kind for row in _ROWS if row.traces)
"""The kinds of result that are outlines."""
# What is made when nothing is said, where the copy of a document can carry it.
_DEFAULTS = ("mask", "alpha", "selection")


def default_kind(document: Document, layers: Sequence[Layer], output: Path) -> str:
    """Return what is made when nothing is said, from the two formats."""
    if output.suffix.lower() in document.suffixes:
        for kind in _DEFAULTS:
            if all(kind in document.carries(layer) for layer in layers):
                return kind
    return "cutout"

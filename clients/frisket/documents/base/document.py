"""What every kind of document shares: its layers, and how they are found."""

from __future__ import annotations

import contextlib
import os
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from ..core.errors import (
    DocumentError,
    LayerNotFound,
    OutputError,
    UnreadableDocument,
    UnsupportedDocument,
)
from ..core.model import AlphaSource, Layer, Rect
from ..core.results import LayerResult, ResultOptions
from ..io.output import Output, atomic_output, check_place
from .raster import BaseRaster, PixelForm
from .writer import ResultWriter

if TYPE_CHECKING:
    from ..core.pixels import Pixels
    from ..encode.beside import Beside
    from .carrier import ResourceCarrier

T = TypeVar("T", bound="BaseDocument")
PIXEL_KINDS = ("pixel", "smart", "page", "image")
# What a program draws from a description: pixels are stored, but they are no subject by default.
DRAWN_KINDS = ("text", "shape")
MERGED = "merged"  # what the merged image of a document with layers is called


class BaseDocument(ABC):
    """An open document: its structure, its layers, and a raster for each of them.

    Attributes:
        suffixes: What a copy with a result spliced in may be named; none where nothing can be.
        icc_profile: The document's own, or None.
    """

    suffixes: tuple[str, ...] = ()
    # Of the class: set on an instance, it would hide the property of one that reads it late.
    icc_profile: bytes | None = None

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self.format = ""
        self.width = self.height = 0
        self.depth = 8
        self.mode = "RGB"

    @cached_property
    def layers(self) -> Sequence[Layer]:
        """Every layer in tree order, topmost first, a group before what it holds."""
        return tuple(self._list_layers())

    @abstractmethod
    def _list_layers(self) -> Sequence[Layer]:
        """Build the list of layers."""

    def _describe_whole(self, has_alpha: bool) -> Layer:
        """Return the only layer of a document that is one image."""
        return Layer(
            id=1,
            path="Image",
            name="Image",
            kind="image",
            x=0,
            y=0,
            width=self.width,
            height=self.height,
            visible=True,
            blend_mode="normal",
            has_mask=False,
            depth=self.depth,
            mode=self.mode,
            has_alpha=has_alpha,
        )

    @abstractmethod
    def raster(self, layer: Layer) -> BaseRaster:
        """Return the pixels of ``layer``."""

    def show(self, layer: Layer, kind: str, options: ResultOptions) -> BaseRaster:
        """Return the pixels of ``layer`` that a result of a kind is found in.

        What the result will take the place of hides nothing.
        """
        return self.raster(layer)

    def read_mask(self, layer: Layer, rect: Rect) -> Pixels | None:
        """Return a rectangle of ``layer`` as its mask lets it through.

        Returns:
            float32 (height, width), 0 to 1; None where there is no mask, or it is switched off.
        """
        return None

    def describe_pixels(self, layer: Layer) -> PixelForm:
        """Return what the pixels of ``layer`` are stored as, without decoding them.

        Raises:
            DocumentError: The layer has no pixels, or they cannot be read.
        """
        return self.raster(layer).form

    def tell_beside(self, layer: Layer) -> Beside:
        """Return what the document says beside the pixels of ``layer``."""
        from ..encode.beside import Beside

        return Beside()

    def carries(self, layer: Layer) -> frozenset[str]:
        """Return the kinds of result that can be spliced into this document for ``layer``."""
        return frozenset()

    def open_mask(self, layer: Layer) -> AlphaSource | None:
        """Return the mask of pixels that ``layer`` carries, of its size; None where it has none."""
        return None

    def carry_resources(self, layer: Layer) -> ResourceCarrier | None:
        """Return what carries the image resources of the picture that ``layer`` is part of."""
        return None

    def _find_writer(self, kind: str) -> ResultWriter[Any]:
        """Return what splices a kind that some layer carries."""
        raise NotImplementedError(kind)

    def check_splice(
        self,
        kind: str,
        output: str | os.PathLike[str],
        layers: Sequence[Layer],
        options: ResultOptions | None = None,
    ) -> None:
        """Refuse before any work what ``splice`` could not write.

        Raises:
            UnsupportedDocument: The document cannot carry this kind of result.
            OutputError: The output's name or place does not suit, or something is in the way.
        """
        for layer in layers:
            if kind not in self.carries(layer):
                raise self._refuse(kind, layer, Path(output))
        writer = self._find_writer(kind)
        writer.check_number(kind, output, len(layers))
        suffix = Path(output).suffix.lower()
        if suffix not in self.suffixes:
            raise OutputError(
                output,
                f"a {self.format} is not written as {suffix or 'a file without suffix'}",
                advice=f"use {' or '.join(self.suffixes)}",
            )
        check_place(output, Path(self.path).stat().st_size)
        writer.check(self, Path(output), layers, options or ResultOptions())

    def splice(
        self,
        kind: str,
        output: str | os.PathLike[str],
        results: Sequence[LayerResult],
        options: ResultOptions | None = None,
    ) -> None:
        """Write a copy of the document that carries the results; all else stays as it is.

        Args:
            kind: One of ``carries`` of every layer.
            output: Where to; may be the document itself.
            results: The layers, their alphas, and cleaned colours where there are any.
            options: How.

        Raises:
            DocumentError: What ``check_splice`` raises, or the file cannot be written.
        """
        options = options or ResultOptions()
        self.check_splice(kind, output, [result.layer for result in results], options)
        self._find_writer(kind).write(self, Path(output), results, options)

    def tell_lost(self, kind: str, output: Path, layers: Sequence[Layer]) -> list[str]:
        """Return what a spliced copy goes without: what the document says, and no longer fits."""
        return self._find_writer(kind).tell_lost(self, output, layers)

    def open_copy(
        self, output: str | os.PathLike[str], needed: int
    ) -> contextlib.AbstractContextManager[Output]:
        """Open what a spliced copy is written to; it appears only if it can be opened again.

        Args:
            output: Where to.
            needed: As for ``atomic_output``.
        """
        return atomic_output(output, needed, self._prove_copy)

    def _prove_copy(self, copy: str) -> None:
        """Refuse a copy that does not open, or has lost layers, as damaged files make it.

        Raises:
            UnreadableDocument: It is so.
        """
        try:
            with type(self)(copy) as found:
                lost = len(self.layers) - len(found.layers)
                reason = f"{lost} layers would be lost" if lost > 0 else ""
        except DocumentError as error:
            reason = error.reason
        if reason:
            raise UnreadableDocument(
                self.path, f"a copy with the result in it would not open ({reason})",
                advice="the file is damaged; use --as matte or --as cutout",
            )  # fmt: skip

    def _refuse(self, kind: str, layer: Layer, output: Path) -> UnsupportedDocument:
        """Return the error that names what can be done instead."""
        named = f"layer {layer.path!r} of a " if len(self.layers) > 1 else "a "
        spliced = [one for one in sorted(self.carries(layer)) if self._takes(one, layer, output)]
        files = ("matte",) if layer.mode == "MULTICHANNEL" else ("matte", "cutout")
        *instead, last = [f"--as {name}" for name in (*spliced, *files)]
        return UnsupportedDocument(
            self.path,
            f"--as {kind} is not possible for {named}{self.format}",
            advice="use " + " or ".join(filter(None, (", ".join(instead), last))),
        )

    def _takes(self, kind: str, layer: Layer, output: Path) -> bool:
        """Tell whether a kind of result would be accepted in a copy that is named well."""
        writer, options = self._find_writer(kind), ResultOptions(existing="replace")
        for suffix in self.suffixes:
            with contextlib.suppress(DocumentError):
                writer.check(self, output.with_suffix(suffix), [layer], options)
                return True
        return False

    def close(self) -> None:  # noqa: B027 (a document may have nothing to close)
        """Let go of the file."""

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def find_layer(self, selector: str | None = None) -> Layer:
        """Return the layer that ``selector`` means.

        Without one, the topmost that is seen and has pixels: text and shapes, and layers without
        a pixel to be seen, are passed over. Where no layer at all has any, the merged image, and
        at last whatever text or shape there is.

        Raises:
            LayerNotFound: There is none; the message lists those that exist.
            UnsupportedDocument: The merged image was asked for and does not show the document.
        """
        if selector is None:
            return self._find_default()
        return self._require_match(selector)[0]

    def _find_default(self) -> Layer:
        shown = list(self._list_shown())
        for layer in shown:
            if _has_pixels(layer) and not self._is_blank(layer):
                return layer
        drawn = [layer for layer in shown if _is_drawn(layer)]
        hidden = any(_has_pixels(layer) and not self._is_blank(layer) for layer in self.layers)
        if not hidden and self._offers_merged(needed=not drawn):
            return self._find_merged()
        if not drawn:
            raise LayerNotFound(self.path, None, [layer.path for layer in self.layers])
        return drawn[0]

    def _is_blank(self, layer: Layer) -> bool:
        """Tell whether nothing of a layer with a rectangle can be seen."""
        return False

    def _offers_merged(self, needed: bool) -> bool:
        """Tell whether there is a merged image beside the layers.

        Where it is ``needed``, since there is nothing else, it may be composed for that; what
        stands in its way is then to be heard.
        """
        return False

    def is_composed(self, layer: Layer) -> bool:
        """Tell whether the pixels of ``layer`` are in no file, but are composed of others."""
        return False

    def _find_merged(self) -> Layer:
        """Return the merged image beside the layers.

        Raises:
            LayerNotFound: There is none.
            UnsupportedDocument: It does not show the document.
        """
        raise LayerNotFound(self.path, MERGED, [layer.path for layer in self.layers])

    def find_layers(self, selectors: Sequence[str] = (), all_layers: bool = False) -> list[Layer]:
        """Return the layers that any selector means, topmost first and each once.

        A selector is a name, a path ``Group/Name``, an id ``#12``, a glob of name or path, or
        ``merged``; a layer that is called so comes first.

        Raises:
            LayerNotFound: One of the selectors means nothing, or nothing has pixels.
        """
        if all_layers:
            stored = [one for one in self.layers if _has_pixels(one) or _is_drawn(one)]
            found = [layer for layer in stored if not self._is_blank(layer)]
            if not found:
                raise LayerNotFound(self.path, None, [layer.path for layer in self.layers])
            return found
        if not selectors:
            return [self.find_layer(None)]
        chosen = {layer.id: layer for one in selectors for layer in self._require_match(one)}
        ordered = [layer for layer in self.layers if layer.id in chosen]
        return ordered + [layer for layer in chosen.values() if layer not in ordered]

    def _require_match(self, selector: str) -> list[Layer]:
        found = self._match(_normalise(selector))
        if not found and selector == MERGED:
            found = [self._find_merged()]
        if not found:
            raise LayerNotFound(self.path, selector, [layer.path for layer in self.layers])
        return found

    def _match(self, selector: str) -> list[Layer]:
        """Match the exact path or name, then the id; a glob only where none of these is meant."""
        layers = self.layers
        found = [layer for layer in layers if _normalise(layer.path) == selector]
        found = found or [layer for layer in layers if _normalise(layer.name) == selector]
        if not found and selector.startswith("#") and selector[1:].isdecimal():
            found = [layer for layer in layers if str(layer.id) == selector[1:].lstrip("0")]
        return found or [layer for layer in layers if _matches_glob(layer, selector)]

    def _list_shown(self) -> Iterator[Layer]:
        """Yield layers that are visible together with every group around them."""
        hidden = -1
        for layer in self.layers:
            if 0 <= hidden < layer.level:
                continue
            hidden = -1 if layer.visible else layer.level
            if layer.visible:
                yield layer


def _has_pixels(layer: Layer) -> bool:
    return layer.kind in PIXEL_KINDS and layer.width > 0 and layer.height > 0


def _is_drawn(layer: Layer) -> bool:
    return layer.kind in DRAWN_KINDS and layer.width > 0 and layer.height > 0


def _normalise(name: str) -> str:
    """Return a name with its accents composed, as keyboards give them and some systems do not."""
    return unicodedata.normalize("NFC", name)


def _matches_glob(layer: Layer, pattern: str) -> bool:
    if not any(character in pattern for character in "*?["):
        return False
    names = (_normalise(layer.path), _normalise(layer.name))
    return (_has_pixels(layer) or _is_drawn(layer)) and any(
        fnmatchcase(name, pattern) for name in names
    )

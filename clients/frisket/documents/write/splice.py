"""Results spliced into the document they came from."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..base.document import BaseDocument
from ..core.errors import UnsupportedDocument
from ..core.model import AlphaSource, ColourSource, Layer


def splice_mask(
    document: BaseDocument,
    out: str | os.PathLike[str],
    masks: Mapping[Layer, AlphaSource],
    existing: str = "refuse",
    preview: str = "mark",
) -> None:
    """Write a copy of a layered document in which layers carry masks.

    Args:
        document: A PSD, a PSB or a TIFF with Photoshop layers.
        out: Where to; may be the document itself. A PSD becomes a PSB where this ends in ``.psb``.
        masks: An alpha of the layer's size for every layer.
        existing: ``refuse``, ``replace`` or ``multiply`` where a layer has a mask.
        preview: ``mark`` says in the file that its merged image is stale; ``render`` composes
            it again where the document is simple enough to do that exactly, else marks it;
            ``keep`` leaves it and what is said of it.

    Raises:
        UnsupportedDocument: The document cannot carry layer masks.
        OutputError: A mask exists and was not to be touched, or the file cannot be written.
    """
    from ..psd import PsdDocument
    from ..tiff import TiffDocument

    if isinstance(document, PsdDocument):
        from ..psd.convert import as_named
        from ..psd.splice_mask import splice_mask as splice

        with as_named(document, out) as named:
            splice(named, out, masks, existing, preview)
        return
    if isinstance(document, TiffDocument) and document.layered is not None:
        from ..tiff.splice_mask import splice_mask as splice_tiff

        splice_tiff(document, out, masks, existing)
        return
    raise _cannot(document, "a layer mask", "use --as alpha, --as matte or --as cutout")


def splice_alpha(
    document: BaseDocument, out: str | os.PathLike[str], layer: Layer, alpha: AlphaSource
) -> None:
    """Write a copy of a TIFF whose page carries ``alpha`` as an unassociated extra sample.

    Raises:
        UnsupportedDocument: Not a TIFF, or its samples cannot be extended.
        OutputError: The file cannot be written.
    """
    from ..tiff import TiffDocument

    if isinstance(document, TiffDocument):
        from ..tiff.splice_alpha import splice_alpha as splice

        splice(document, out, document.page_number(layer), alpha)
        return
    raise _cannot(document, "an alpha sample", "use --as mask, --as matte or --as cutout")


def splice_selection(
    document: BaseDocument,
    out: str | os.PathLike[str],
    layer: Layer,
    alpha: AlphaSource,
    name: str = "Frisket",
) -> None:
    """Write a copy of a PSD or PSB with a saved selection (an alpha channel).

    ``alpha`` is in the coordinates of ``layer``; what lies outside the canvas is cut off.
    A PSD becomes a PSB where ``out`` ends in ``.psb``.

    Raises:
        UnsupportedDocument: The document cannot hold one.
        OutputError: It is full, or the file cannot be written.
    """
    from ..colour.alpha import Placed
    from ..psd import PsdDocument

    if not isinstance(document, PsdDocument):
        raise _cannot(document, "a saved selection", "use --as alpha, --as matte or --as cutout")
    from ..psd.convert import as_named
    from ..psd.splice_selection import splice_selection as splice

    whole = (layer.x, layer.y) == (0, 0) and (alpha.width, alpha.height) == (
        document.width, document.height
    )  # fmt: skip
    placed = Placed(alpha, layer.x, layer.y, document.width, document.height)
    with as_named(document, out) as named:
        splice(named, out, alpha if whole else placed, name)


def splice_layer(
    document: BaseDocument,
    out: str | os.PathLike[str],
    cutouts: Mapping[Layer, AlphaSource],
    colours: Mapping[Layer, ColourSource] | None = None,
) -> None:
    """Write a copy of a PSD or PSB with a cutout layer above each original, which is hidden.

    Args:
        document: A PSD or PSB.
        out: Where to; may be the document itself. A PSD becomes a PSB where this ends in ``.psb``.
        cutouts: An alpha of the layer's size for every layer.
        colours: Replaced colours, in the document's own samples, for some of them.

    Raises:
        UnsupportedDocument: The document cannot hold layers.
        OutputError: The file cannot be written.
    """
    from ..psd import PsdDocument

    if not isinstance(document, PsdDocument):
        raise _cannot(document, "a new layer", "use --as alpha, --as matte or --as cutout")
    from ..psd.convert import as_named
    from ..psd.splice_layer import splice_layer as splice

    with as_named(document, out) as named:
        splice(named, out, cutouts, colours)


def splice_page(document: BaseDocument, out: str | os.PathLike[str], alpha: AlphaSource) -> None:
    """Write a copy of a TIFF with the alpha as one more page, greyscale, at the end.

    Raises:
        UnsupportedDocument: Not a TIFF.
        OutputError: The file cannot be written.
    """
    from ..tiff import TiffDocument

    if not isinstance(document, TiffDocument):
        raise _cannot(document, "pages", "use --as mask, --as matte or --as cutout")
    from ..tiff.splice_page import splice_page as splice

    splice(document, out, alpha)


def _cannot(document: BaseDocument, what: str, advice: str) -> UnsupportedDocument:
    return UnsupportedDocument(
        document.path, f"a {document.format} cannot carry {what}", advice=advice
    )

"""Results spliced into the document they came from."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..base import BaseDocument
from ..errors import UnsupportedDocument
from ..model import AlphaSource, Layer


def splice_mask(
    document: BaseDocument,
    out: str | os.PathLike[str],
    masks: Mapping[Layer, AlphaSource],
    existing: str = "refuse",
) -> None:
    """Write a copy of a layered document in which layers carry masks.

    Args:
        document: A PSD or PSB.
        out: Where to; may be the document itself.
        masks: An alpha of the layer's size for every layer.
        existing: ``refuse``, ``replace`` or ``multiply`` where a layer has a mask.

    Raises:
        UnsupportedDocument: The document cannot carry layer masks.
        OutputError: A mask exists and was not to be touched, or the file cannot be written.
    """
    from ..psd import PsdDocument

    if isinstance(document, PsdDocument):
        from ..psd.mask import splice_mask as splice

        splice(document, out, masks, existing)
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
        from ..tiff.alpha import splice_alpha as splice

        splice(document, out, layer.id - 1, alpha)
        return
    raise _cannot(document, "an alpha sample", "use --as mask, --as matte or --as cutout")


def _cannot(document: BaseDocument, what: str, advice: str) -> UnsupportedDocument:
    return UnsupportedDocument(
        document.path, f"a {document.format} cannot carry {what}", advice=advice
    )

"""Telling what a file is by its first bytes, and opening it."""

from __future__ import annotations

import os
from pathlib import Path

from .base.document import BaseDocument
from .core.errors import UnreadableDocument, UnsupportedDocument
from .flat.camera import RAW_SUFFIXES, open_raw

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_EXR = b"v/1\x01"
_KNOWN = {
    b"%PDF": "PDF",
    b"gimp": "XCF",
    b"PK\x03\x04": "ZIP-based (ORA, KRA)",
}


def open_document(path: str | os.PathLike[str], encoding: str = "") -> BaseDocument:
    """Open a document by what its content says it is, whatever its name.

    Args:
        path: The file.
        encoding: Of layer names that have no Unicode form; by default what the document hints at.

    Raises:
        UnreadableDocument: Missing, empty, not permitted, or damaged.
        UnsupportedDocument: Not one of PSD, PSB, TIFF, PNG, JPEG, WebP and the like.
    """
    name = os.fspath(path)
    head = _read_head(name)
    if head[:4] == b"8BPS":
        from .psd import PsdDocument

        return PsdDocument(name, encoding)
    if head[:4] in _TIFF and not _is_raw(name):
        from .tiff import TiffDocument

        return TiffDocument(name, encoding)
    if head[:4] == _EXR:
        from .exr import ExrDocument

        return ExrDocument(name)
    if head[:4] in _KNOWN:
        raise _refuse(name, _KNOWN[head[:4]])
    if _is_raw(name):
        return open_raw(name)
    from .flat.document import FlatDocument
    from .flat.jxl import JxlDocument, is_jxl

    if is_jxl(head):
        return JxlDocument(name)
    return FlatDocument(name)


def _read_head(path: str) -> bytes:
    try:
        with Path(path).open("rb") as file:
            head = file.read(32)
    except OSError as error:
        raise UnreadableDocument(path, (error.strerror or str(error)).lower()) from error
    if not head:
        raise UnreadableDocument(path, "the file is empty")
    return head


def _is_raw(path: str) -> bool:
    """Tell by the name: many camera raw files are TIFF inside."""
    return Path(path).suffix.lower() in RAW_SUFFIXES


def _refuse(path: str, kind: str) -> UnsupportedDocument:
    return UnsupportedDocument(
        path, f"{kind} files are not read", advice="export it as PSD, PSB, TIFF or PNG"
    )

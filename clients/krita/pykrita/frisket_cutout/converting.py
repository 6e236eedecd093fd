"""Krita's own colour management for what is sent and what comes back.

Krita's API converts no pixels, but an image converts its layers when it composes them. So a
small document that nobody sees holds one layer of the colours that come in and shows them
in the colours that are wanted. (To convert the layer itself would be simpler, and would
leave an undo step with all its pixels behind each time.)
"""

from __future__ import annotations

from typing import NamedTuple

from krita import Krita

from .mainthread import MainThread
from .qt import QtCore

# A piece takes Krita ten to twenty milliseconds.
_WIDTH, _ROWS = 1024, 192
_NAME = "frisket colours"


class Space(NamedTuple):
    """A colour space by Krita's names: model, depth, ICC profile."""

    model: str
    depth: str
    profile: str

    @classmethod
    def of(cls, node) -> Space:
        """Return a node's colour space."""
        return cls(node.colorModel(), node.colorDepth(), node.colorProfile())


SRGB = Space("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
DEEP_SRGB = Space("RGBA", "U16", "sRGB-elle-V2-srgbtrc.icc")
_SAME = (SRGB.profile, "sRGB built-in", "sRGB-elle-V4-srgbtrc.icc", "sRGB IEC61966-2.1")


class Converter:
    """Pixels of one colour space in another; for the worker thread.

    Args:
        main: the way to the main thread.
        source: what comes in.
        target: what is wanted.
    """

    def __init__(self, main: MainThread, source: Space, target: Space) -> None:
        self._main = main
        self._source, self._target = source, target
        alike = source[:2] == target[:2]
        self._nothing = alike and source.profile in _SAME and target.profile in _SAME
        self._document = self._layer = None
        self._sizes = (0, 0)

    def convert(self, data: bytes) -> bytes:
        """Return pixels (of any shape, row by row) in the wanted space.

        What is fully transparent comes back black.
        """
        if self._nothing:
            return data
        if self._document is None:
            self._main.call(self._open)
        size, wanted = self._sizes
        step = _WIDTH * _ROWS * size
        pieces = [
            self._convert_piece(data[start : start + step]) for start in range(0, len(data), step)
        ]
        return b"".join(pieces)[: len(data) // size * wanted]

    def close(self) -> None:
        """Give the hidden document back to Krita."""
        if self._document is not None:
            self._main.call(self._close)

    def _convert_piece(self, data: bytes) -> bytes:
        line = _WIDTH * self._sizes[0]
        rows = -(-len(data) // line)
        full = QtCore.QByteArray(data.ljust(rows * line, b"\0"))
        return self._main.call(lambda: self._compose(full, rows)).data()

    def _compose(self, data: QtCore.QByteArray, rows: int) -> QtCore.QByteArray:
        self._layer.setPixelData(data, 0, 0, _WIDTH, rows)
        self._document.refreshProjection()
        self._document.waitForDone()
        return self._document.pixelData(0, 0, _WIDTH, rows)

    def _open(self) -> None:
        document = Krita.instance().createDocument(_WIDTH, _ROWS, _NAME, *self._target, 72.0)
        document.setBatchmode(True)
        layer = document.topLevelNodes()[0]
        layer.setLocked(False)
        layer.setColorSpace(*self._source)
        self._sizes = (
            len(layer.pixelData(0, 0, 1, 1).data()),
            len(document.pixelData(0, 0, 1, 1).data()),
        )
        self._document, self._layer = document, layer

    def _close(self) -> None:
        self._layer = None
        self._document.setModified(False)
        self._document.close()
        self._document = None

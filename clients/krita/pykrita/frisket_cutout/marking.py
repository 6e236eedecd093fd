"""The brush that marks: its colour, its layer, and how it was before. For the main thread."""

from __future__ import annotations

from krita import Krita, ManagedColor

from frisket.hosts.band import HAIR
from frisket.hosts.language import _
from frisket.hosts.strokes import KEEP, REMOVE, SAFE_KEEP, SAFE_REMOVE

from . import strokelayer
from .qt import QtCore
from .targetlayer import find, is_open

PALETTES = (
    ("plain", _("Green and red")),
    ("safe", _("Blue and vermilion")),
)
_COLOURS = {
    "plain": {"keep": KEEP, "remove": REMOVE, "hair": HAIR},
    "safe": {"keep": SAFE_KEEP, "remove": SAFE_REMOVE, "hair": HAIR},
}
_TAKEN_IN_MS = 400


class Marker:
    """Sets the brush for strokes and remembers what it was."""

    def __init__(self) -> None:
        self.palette = "plain"
        self.kind = ""
        self._document = self._colour = self._view = self._active = None

    def take(self, document, kind: str) -> None:
        """Take the brush for strokes of a kind: keep, remove or hair."""
        view = Krita.instance().activeWindow().activeView()
        if self._document is not None and self._document != document:
            self.give_back()
        if self._document is None:
            active = document.activeNode()
            self._document, self._view = document, view
            self._colour = view.foregroundColor()
            self._active = active.uniqueId() if active is not None else None
        self.kind = kind
        if strokelayer.find_layer(document) is None:
            strokelayer.add_layer(document)
        else:
            strokelayer.activate_layer(document)
        view.setForeGroundColor(_make_colour(_COLOURS[self.palette][kind]))
        _take_brush()

    def choose_palette(self, palette: str) -> None:
        """Use other colours, at once if a brush is taken."""
        self.palette = palette
        if self.kind and is_open(self._document):
            self._view.setForeGroundColor(_make_colour(_COLOURS[palette][self.kind]))

    def give_back(self) -> None:
        """Give the brush its colour back, and make the layer active that was."""
        document, view, colour, active = self._document, self._view, self._colour, self._active
        self._document = self._view = self._colour = self._active = None
        self.kind = ""
        if document is None or not is_open(document):
            return
        view.setForeGroundColor(colour)

        def activate() -> None:
            node = find(document, active) if is_open(document) else None
            if node is not None and document == Krita.instance().activeDocument():
                document.setActiveNode(node)

        # The strokes go at the same time, and Krita ends when it is told of two at once.
        QtCore.QTimer.singleShot(_TAKEN_IN_MS, activate)


def _make_colour(rgb: tuple[int, int, int]) -> ManagedColor:
    red, green, blue = (value / 255 for value in rgb)
    colour = ManagedColor("RGBA", "U8", "")
    colour.setComponents([blue, green, red, 1.0])
    return colour


def _take_brush() -> None:
    krita = Krita.instance()
    krita.action("KritaShape/KisToolBrush").trigger()
    eraser = krita.action("erase_action")
    if eraser is not None and eraser.isChecked():
        eraser.trigger()

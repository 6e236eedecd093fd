"""A layer of a document that may be closed, deleted or resized at any moment."""

from __future__ import annotations

from krita import Krita

from frisket.hosts.request import Refused, check_layer, is_locked
from frisket.protocol.grid import TileRect

# The name of the annotation layer, which is never cut out itself.
STROKES = "Frisket strokes"


class GivenUp(Refused):
    """What was worked on is gone."""


class TargetLayer:
    """Where a result belongs. Every method is for the main thread."""

    def __init__(self, document, node) -> None:
        self._document = document
        self._id = node.uniqueId()
        self._size = (document.width(), document.height())

    def release(self) -> None:
        """Let go of the document."""
        self._document = None

    def belongs_to(self, document) -> bool:
        """Tell whether the layer is one of this document."""
        return document == self._document

    def find_document(self):
        """Return the document.

        Raises:
            GivenUp: it was closed, or its size changed.
        """
        if not any(each == self._document for each in Krita.instance().documents()):
            raise GivenUp("The document was closed, so the cutout was given up.")
        if (self._document.width(), self._document.height()) != self._size:
            raise GivenUp("The image was resized, so the cutout was given up. Start it again.")
        return self._document

    def find_node(self, node_id=None):
        """Return the layer, or another node of its document by its id.

        Raises:
            GivenUp: it was deleted.
        """
        node = find(self.find_document(), node_id or self._id)
        if node is None or node.parentNode() is None:
            raise GivenUp("The layer was deleted, so the cutout was given up.")
        return node


def find_current() -> tuple[object, object]:
    """Return the active document and the layer that is meant.

    Raises:
        Refused: there is none, or it has no place for a mask.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise Refused("No image is open. Open one and try again.")
    node = document.activeNode()
    if node is not None and node.type().endswith("mask"):
        node = node.parentNode()
    if node is not None and node.name() == STROKES:
        others = [each for each in document.topLevelNodes() if each.name() != STROKES]
        node = others[-1] if others else None
    if node is None or node.parentNode() is None:
        raise Refused("No layer is selected. Select one in the Layers docker and try again.")
    _check(node)
    return document, node


def _check(node) -> None:
    name = node.name()
    if node.type() in ("filterlayer", "filllayer"):
        raise Refused(f"The layer '{name}' has no subject. Select a layer with an image in it.")
    locked = is_locked(node, lambda each: each.locked(), lambda each: each.parentNode())
    check_layer(name, locked, find_region(node) is None, "Layers docker")


def find_region(node) -> TileRect | None:
    """Return where a layer has pixels, in pixels of the image."""
    bounds = node.bounds()
    if bounds.width() < 1 or bounds.height() < 1:
        return None
    return TileRect(bounds.x(), bounds.y(), bounds.width(), bounds.height())


def find(document, node_id):
    """Return a node by its id, or None.

    Krita 5.1's own search returns objects that its other calls refuse.
    """
    waiting = list(document.topLevelNodes())
    while waiting:
        node = waiting.pop()
        if node.uniqueId() == node_id:
            return node
        waiting += list_children(node)
    return None


def list_children(node) -> list:
    """Return a node's children; Krita 5.1 says None where there are none."""
    return list(node.childNodes() or ())


def find_mask(node):
    """Return the transparency mask that a layer has already, if any."""
    masks = [child for child in list_children(node) if child.type() == "transparencymask"]
    return masks[0] if masks else None

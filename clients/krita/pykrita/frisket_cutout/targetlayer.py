"""A layer of a document that may be closed, deleted or resized at any moment."""

from __future__ import annotations

from collections.abc import Iterator

from krita import Krita

from frisket.hosts.language import _
from frisket.hosts.request import Refused, check_layer, is_locked
from frisket.hosts.strokes import STROKES
from frisket.protocol.grid import TileRect


class GivenUp(Refused):
    """What was worked on is gone."""


class TargetLayer:
    """Where a result belongs. Every method is for the main thread.

    Args:
        document: the document.
        node: its layer.
        any_frame: an animated layer may show another frame meanwhile.
    """

    def __init__(self, document, node, any_frame: bool = False) -> None:
        self._document = document
        self._id = node.uniqueId()
        self._size = (document.width(), document.height())
        self._place = node.position()
        self._time = document.currentTime() if is_animated(node) and not any_frame else None

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
        if not is_open(self._document):
            raise GivenUp(_("The document was closed, so the cutout was given up."))
        if (self._document.width(), self._document.height()) != self._size:
            raise GivenUp(_("The image was resized, so the cutout was given up. Start it again."))
        return self._document

    def find_node(self, node_id=None):
        """Return the layer, or another node of its document by its id.

        Raises:
            GivenUp: it is gone, or the layer was moved or locked.
        """
        node = find(self.find_document(), node_id or self._id)
        if node is None or node.parentNode() is None:
            raise GivenUp(_("The layer was deleted or merged, so the cutout was given up."))
        if node_id is None:
            self._check(node)
        return node

    def _check(self, node) -> None:
        if node.position() != self._place:
            raise GivenUp(_("The layer was moved, so the cutout was given up. Start it again."))
        if node.locked():
            raise GivenUp(_("The layer was locked, so the cutout was given up. Unlock it first."))
        if self._time is not None and self.find_document().currentTime() != self._time:
            text = _("Another frame is on show, so the cutout was given up. Start it again there.")
            raise GivenUp(text)


def find_document():
    """Return the document in front.

    Raises:
        Refused: there is none.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise Refused(_("No image is open. Open one and try again."))
    return document


def find_targets() -> tuple[object, list]:
    """Return the active document and the layers that are meant, the lowest first.

    Raises:
        Refused: there is none.
    """
    document = find_document()
    chosen = _list_selected() or [document.activeNode()]
    layers: list = []
    for node in chosen:
        if node is not None and node.type().endswith("mask"):
            node = node.parentNode()
        if node is not None and node.parentNode() is not None and node.name() != STROKES:
            layers += [node] if node not in layers else []
    if not layers and any(node is not None and node.name() == STROKES for node in chosen):
        others = [each for each in document.topLevelNodes() if each.name() != STROKES]
        layers = others[-1:]
    if not layers:
        raise Refused(_("No layer is selected. Select one in the Layers docker and try again."))
    return document, layers


def _list_selected() -> list:
    """Return the nodes that are selected in the Layers docker; none without a window."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window is not None else None
    return list(view.selectedNodes()) if view is not None else []


def check_target(node, make: str, frames: str = "") -> None:
    """Check that a layer can be cut out.

    Args:
        node: the layer.
        make: a key of what is to be made.
        frames: what is meant of an animated layer: "this" frame, "every" one, or empty.

    Raises:
        Refused: it has no place for that.
    """
    name = node.name()
    if node.type() in ("filterlayer", "filllayer"):
        text = _("The layer '{name}' has no subject. Select a layer with an image in it.")
        raise Refused(text.format(name=name))
    if node.type() == "grouplayer" and node.passThroughMode():
        text = _(
            "The group '{name}' is in pass-through mode, where Krita shows no masks. "
            "Switch pass-through off in the Layers docker and try again."
        )
        raise Refused(text.format(name=name))
    if make != "selection" and not frames and is_animated(node):
        text = _(
            "The layer '{name}' is animated, and one mask would hide the same place in every "
            "frame. Make a selection, which is of this frame alone, or duplicate the frame as a "
            "layer without animation."
        )
        raise Refused(text.format(name=name))
    locked = is_locked(node, lambda each: each.locked(), lambda each: each.parentNode())
    check_layer(name, locked, find_region(node) is None, _("Layers docker"))


def is_animated(node) -> bool:
    """Tell whether a layer, or one in a group, has key frames."""
    return node.animated() or any(is_animated(child) for child in list_children(node))


def is_open(document) -> bool:
    """Tell whether Krita still has a document."""
    return any(each == document for each in Krita.instance().documents())


def find_region(node) -> TileRect | None:
    """Return where a layer has pixels, in pixels of the image."""
    bounds = node.bounds()
    if bounds.width() < 1 or bounds.height() < 1:
        return None
    return TileRect(bounds.x(), bounds.y(), bounds.width(), bounds.height())


def split_rows(rect: TileRect, pixels: int) -> Iterator[TileRect]:
    """Yield a rectangle in bands of whole rows, each of at most so many pixels."""
    rows = max(1, pixels // rect.width)
    for y in range(0, rect.height, rows):
        yield TileRect(rect.x, rect.y + y, rect.width, min(rows, rect.height - y))


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

"""The ways to keep an alpha in Krita. Everything here is for the main thread.

`createNode(..., "transparencymask")` is never used: its mask has no pixels, and Krita
ends when it is touched later.
"""

from __future__ import annotations

from krita import Krita, Selection

from frisket.hosts.handwork import Handwork
from frisket.protocol.grid import TileRect

from .mainthread import host_cost
from .qt import QtCore
from .targetlayer import TargetLayer, find, list_children
from .undoing import Swap

_NAME = "Frisket mask"


class NotYet(Exception):
    """Krita made no mask although it was asked to: it may a moment later."""


class Result:
    """Something that takes alpha; `node_id` is what Krita draws it by."""

    def __init__(self, target_layer: TargetLayer, region: TileRect, replaced=None) -> None:
        self._target_layer = target_layer
        self._region = region
        self._replaced = replaced
        self._id = None

    def make(self) -> None:
        """Make what takes the alpha.

        Raises:
            NotYet: Krita needs a moment; ask again.
        """
        self._id = self._make().uniqueId()

    def _make(self):
        raise NotImplementedError

    def _find_node(self):
        return self._target_layer.find_node(self._id)

    def holder(self):
        """Return what holds the alpha."""
        return self._find_node()

    def colours(self):
        """Return the layer whose colours may be cleaned, if any."""
        return None  # noqa: RET501

    def redraw(self) -> None:
        """Have the whole image redrawn; Krita has nothing smaller to offer.

        A change of visibility would do it behind the scenes, but Krita ends when such a
        node is removed (by an undo, say) before its Layers docker has drawn it again.
        """
        self._find_node()
        document = self._target_layer.find_document()
        with host_cost():
            document.refreshProjection()

    def finish(self) -> None:
        """Do what can be done only when all is there."""


class TransparencyMask(Result):
    """A transparency mask on the layer."""

    def _make(self):
        document = self._target_layer.find_document()
        mask = add_transparency_mask(document, self._target_layer.find_node(), self._region)
        old = find(document, self._replaced) if self._replaced is not None else None
        if old is not None:
            with host_cost():
                old.remove()
            Swap(document, self._replaced, mask.uniqueId())
        return mask


class NewLayer(Result):
    """A copy of the layer with a transparency mask; the original is hidden."""

    _copy_id = None

    def _make(self):
        document, node = self._target_layer.find_document(), self._target_layer.find_node()
        with host_cost():
            copy = node.duplicate()
        copy.setName(f"{node.name()} cutout")
        for child in list_children(copy):
            if child.type() == "transparencymask":
                child.remove()
        with host_cost():
            node.parentNode().addChildNode(copy, node)
        self._copy_id = copy.uniqueId()
        mask = add_transparency_mask(document, copy, self._region)
        node.setVisible(False)
        return mask

    def colours(self):
        """Return the layer whose colours may be cleaned."""
        copy = self._target_layer.find_node(self._copy_id)
        return copy if copy.type() == "paintlayer" else None


class SelectionMask(Result):
    """A selection mask on the layer; its selection is set when all is known."""

    def __init__(self, *rest) -> None:
        super().__init__(*rest)
        self._selection = Selection()
        self._made = None
        self._is_set = False

    def _make(self):
        return self._target_layer.find_node()

    def holder(self):
        """Return what holds the alpha: a selection, with what a person made of it since."""
        self._target_layer.find_node()
        if self._is_set:
            self._is_set = False
            shown = self._find_shown()
            self._selection = shown.duplicate() if shown is not None else self._selection
        return self._selection

    def _find_shown(self):
        return self._target_layer.find_node(self._made).selection()

    def redraw(self) -> None:
        """Nothing to see before the selection is complete."""

    def finish(self) -> None:
        """Select, unless nothing was written since."""
        if not self._is_set:
            self._set()
            self._is_set = True

    def _set(self) -> None:
        document, node = self._target_layer.find_document(), self._target_layer.find_node()
        if self._made is not None:
            self._target_layer.find_node(self._made).setSelection(self._selection)
            return
        mask = document.createSelectionMask("Frisket selection")
        mask.setSelection(self._selection)
        with host_cost():
            node.addChildNode(mask, None)
        self._made = mask.uniqueId()


class PlainSelection(SelectionMask):
    """The image's own selection."""

    def _find_shown(self):
        return self._target_layer.find_document().selection()

    def _set(self) -> None:
        self._target_layer.find_document().setSelection(self._selection)


RESULTS = {
    "mask": TransparencyMask,
    "layer": NewLayer,
    "selection-mask": SelectionMask,
    "selection": PlainSelection,
}


def write(holder, rect: TileRect, data: bytes, handwork: Handwork, last: bytes | None) -> bytes:
    """Write a rectangle, but not over what a person painted; return what was written.

    Args:
        holder: a node or a selection.
        rect: where.
        data: its native pixels.
        handwork: what is known of earlier writes.
        last: what it recalls of this rectangle.
    """
    box = (rect.x, rect.y, rect.width, rect.height)
    if last is not None:
        data = handwork.merge(rect, last, holder.pixelData(*box).data(), data)
    holder.setPixelData(QtCore.QByteArray(data), *box)
    return data


def add_transparency_mask(document, layer, region: TileRect):
    """Add an empty transparency mask to a layer, as one undo step, and return it.

    A mask made from a large selection takes Krita half a second at 24 MP; an empty one
    and tiles written into it take a fifth of that.
    """
    seed = Selection()
    seed.select(region.x, region.y, 1, 1, 255)
    if hasattr(document, "createTransparencyMask"):
        mask = document.createTransparencyMask(_NAME)
        mask.setSelection(seed)
        with host_cost():
            layer.addChildNode(mask, None)
        return mask
    return _add_by_action(document, layer, seed)


def _add_by_action(document, layer, seed):
    """Add a mask the way Krita 5.1's menu does: by the active layer and the selection."""
    with host_cost():
        return _trigger_action(document, layer, seed)


def _trigger_action(document, layer, seed):
    before = {child.uniqueId().toString() for child in list_children(layer)}
    kept, active = document.selection(), document.activeNode()
    document.setActiveNode(layer)
    document.waitForDone()
    document.setSelection(seed)
    Krita.instance().action("add_new_transparency_mask").trigger()
    document.waitForDone()
    document.setSelection(kept)
    fresh = [each for each in list_children(layer) if each.uniqueId().toString() not in before]
    if not fresh:
        raise NotYet
    fresh[0].setName(_NAME)
    if active is not None:
        document.setActiveNode(active)
    return fresh[0]

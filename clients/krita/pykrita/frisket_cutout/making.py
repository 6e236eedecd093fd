"""The ways to keep an alpha in Krita. Everything here is for the main thread.

`createNode(..., "transparencymask")` is never used: its mask has no pixels, and Krita
ends when it is touched later.

Krita knows no undo for pixels that a plug-in writes. Written where a brush has been, they shift
Krita's history by one, and a later redo reads memory that is gone. So nothing is ever written
into a node that a person may have painted on: a copy takes its place first, which is a step of
Krita's own undo.
"""

from __future__ import annotations

import time

from krita import Krita, Selection

from frisket.hosts.handwork import Handwork
from frisket.protocol.grid import TileRect

from .mainthread import host_cost
from .qt import QtCore
from .staying import stay_active
from .targetlayer import GivenUp, TargetLayer, find, list_children
from .undoing import MaskedCopy, Swap

_NAME = "Frisket mask"
# Krita makes a new node the active one, a moment later.
_CALM_S = 1.0
_SAID_IN_MS = 150


class NotYet(Exception):
    """Krita made no mask although it was asked to: it may a moment later."""


class Result:
    """Something that takes alpha.

    Args:
        target_layer: the layer.
        region: where it lies in the image.
        replaced: id of a mask that the new one takes the place of.
        selected: the image's selection as it was at the start.
        joined: a selection that the new one is added to.
    """

    def __init__(
        self, target_layer: TargetLayer, region: TileRect, replaced=None, selected=None, joined=None
    ) -> None:
        self._target_layer = target_layer
        self._region = region
        self._replaced = replaced
        self._selected, self._joined = selected, joined
        # The nodes that held the alpha, one after the other; undo may bring any of them back.
        self._ids: list = []
        self._before = None
        self._calm_at = 0.0
        # What Krita's undo says after steps of ours.
        self._steps: set[str] = set()

    def make(self) -> None:
        """Make what takes the alpha.

        Raises:
            NotYet: Krita needs a moment; ask again.
        """
        stay_active(self._target_layer.find_document(), self._ids)
        self._ids.append(self._make().uniqueId())
        self._note_step()

    def _make(self):
        raise NotImplementedError

    def find_shown(self):
        """Return the node that is there now.

        Raises:
            GivenUp: none of them is.
        """
        document = self._target_layer.find_document()
        found = (find(document, each) for each in reversed(self._ids))
        node = next((each for each in found if each is not None), None)
        if node is None:
            raise GivenUp("What was made is gone, so the cutout was ended.")
        return node

    def holder(self):
        """Return what holds the alpha.

        Raises:
            GivenUp: it is gone, or its layer is not as it was.
        """
        self._target_layer.find_node()
        return self.find_shown()

    def look_at(self):
        """Return what holds the alpha that is to be seen."""
        return self.holder()

    def put(self, rect: TileRect, data: bytes) -> None:
        """Write a rectangle where nobody has painted."""
        box = (rect.x, rect.y, rect.width, rect.height)
        self.holder().setPixelData(QtCore.QByteArray(data), *box)

    def is_active(self) -> bool:
        """Tell whether a person has made it the active node."""
        active = self._target_layer.find_document().activeNode()
        if active is None or time.monotonic() < self._calm_at:
            return False
        return any(active.uniqueId() == each for each in self._list_painted())

    def is_painted(self) -> bool:
        """Tell whether a person may have painted on it since the last step of ours."""
        return self.is_active() and read_step() not in self._steps

    def _list_painted(self) -> list:
        return self._ids

    def _note_step(self) -> None:
        self._calm_at = time.monotonic() + _CALM_S
        self._steps.add(read_step())
        # Krita says so a moment later.
        QtCore.QTimer.singleShot(_SAID_IN_MS, lambda: self._steps.add(read_step()))

    def colours(self):
        """Return the layer whose colours may be cleaned, if any."""
        return None  # noqa: RET501

    def begin_change(self) -> None:
        """Keep what is there, for `step_back`."""
        self._target_layer.find_node()
        self._before = self.find_shown().duplicate()

    def step_back(self) -> None:
        """Bring back what `begin_change` kept."""
        if self._before is not None:
            self._swap_in(self._before)
            self._before = None

    def renew(self) -> None:
        """Put a copy in its place, as one step to undo; Krita 5.1 cannot."""
        if can_swap(self._target_layer.find_document()):
            self._swap_in(self.find_shown().duplicate())

    def _swap_in(self, fresh) -> None:
        document, shown = self._target_layer.find_document(), self.find_shown()
        stay_active(document, self._ids, shown)
        with host_cost():
            shown.parentNode().addChildNode(fresh, shown)
            shown.remove()
        self._ids.append(fresh.uniqueId())
        self._note_step()
        Swap.follow(document, shown.uniqueId(), fresh.uniqueId())

    def take_back(self) -> None:
        """Take away what was made."""
        with host_cost():
            self.find_shown().remove()

    def redraw(self) -> None:
        """Have the whole image redrawn; Krita has nothing smaller to offer.

        A change of visibility would do it behind the scenes, but Krita ends when such a
        node is removed (by an undo, say) before its Layers docker has drawn it again.
        """
        document = self._target_layer.find_document()
        with host_cost():
            document.refreshProjection()

    def finish(self) -> None:
        """Do what can be done only when all is there."""

    def release(self) -> None:
        """Let go of what is Krita's."""
        self._before = self._selected = self._joined = None


class TransparencyMask(Result):
    """A transparency mask on the layer."""

    _old = None

    def _make(self):
        document, node = self._target_layer.find_document(), self._target_layer.find_node()
        for child in list_children(node):
            # Hidden masks that stay are to be intersected.
            if child.type() == "transparencymask" and child.uniqueId() != self._replaced:
                child.setVisible(True)
        mask = add_transparency_mask(document, node, self._region)
        old = find(document, self._replaced) if self._replaced is not None else None
        if old is not None:
            self._old = old
            with host_cost():
                old.remove()
            Swap.follow(document, self._replaced, mask.uniqueId())
        return mask

    def take_back(self) -> None:
        """Take the mask away, and bring back the one whose place it took."""
        if self._old is None:
            super().take_back()
        else:
            self._swap_in(self._old)

    def release(self) -> None:
        """Let go of what is Krita's."""
        super().release()
        self._old = None


class NewLayer(Result):
    """A copy of the layer with a transparency mask; the original is hidden."""

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
        mask = add_transparency_mask(document, copy, self._region)
        node.setVisible(False)
        MaskedCopy(document, copy.uniqueId(), mask.uniqueId(), node.uniqueId(), self._ids)
        return copy

    def holder(self):
        """Return the mask of the copy."""
        masks = [each for each in list_children(super().holder()) if each.name() == _NAME]
        if not masks:
            raise GivenUp("The new layer's mask is gone, so the cutout was ended.")
        return masks[0]

    def colours(self):
        """Return the layer whose colours may be cleaned."""
        copy = self.find_shown()
        return copy if copy.type() == "paintlayer" else None

    def _list_painted(self) -> list:
        return [*self._ids, self.holder().uniqueId()]

    def take_back(self) -> None:
        """Take the copy away and show the original again."""
        super().take_back()
        self._target_layer.find_node().setVisible(True)


class SelectionMask(Result):
    """A selection mask on the layer; its selection is set when all is known."""

    def __init__(self, *rest) -> None:
        super().__init__(*rest)
        self._selection = Selection()
        self._is_set = False

    def make(self) -> None:
        """Make nothing before all is known."""
        self._target_layer.find_node()

    def holder(self):
        """Return what holds the alpha: a selection, with what a person made of it since."""
        self._target_layer.find_node()
        if self._is_set:
            self._is_set = False
            shown = self._read_shown()
            self._selection = shown.duplicate() if shown is not None else self._selection
        return self._selection

    def look_at(self):
        """Return what holds the alpha that is to be seen."""
        return self._selection

    def _read_shown(self):
        return self.find_shown().selection()

    def is_active(self) -> bool:
        """Tell nothing: what is written is a copy of what a person sees."""
        return False

    def begin_change(self) -> None:
        """Keep nothing: what is there stays until all is known."""

    def renew(self) -> None:
        """Do nothing before all is known."""

    def redraw(self) -> None:
        """Show nothing before the selection is complete."""

    def finish(self) -> None:
        """Select, unless nothing was written since."""
        if not self._is_set:
            self._set()
            self._is_set = True

    def _set(self) -> None:
        document, node = self._target_layer.find_document(), self._target_layer.find_node()
        mask = document.createSelectionMask("Frisket selection")
        mask.setSelection(self._selection)
        if self._ids:
            self._swap_in(mask)
            return
        stay_active(document, self._ids)
        with host_cost():
            node.addChildNode(mask, None)
        self._ids.append(mask.uniqueId())

    def take_back(self) -> None:
        """Take the mask away, if there is one."""
        if self._ids:
            super().take_back()


class PlainSelection(SelectionMask):
    """The image's own selection."""

    _was_set = False

    def _read_shown(self):
        return self._target_layer.find_document().selection()

    def _set(self) -> None:
        if self._joined is not None:
            self._selection.add(self._joined)
        self._target_layer.find_document().setSelection(self._selection)
        self._was_set = True

    def take_back(self) -> None:
        """Bring back the selection that was there."""
        if self._was_set:
            self._target_layer.find_document().setSelection(self._selected)


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


def read_step() -> str:
    """Return what Krita would undo next; empty without a window."""
    undo = Krita.instance().action("edit_undo")
    return undo.text() if undo is not None else ""


def can_swap(document) -> bool:
    """Tell whether a node may take the place of another: Krita 5.1 ends when it does."""
    return hasattr(document, "createTransparencyMask")


def add_transparency_mask(document, layer, region: TileRect):
    """Add an empty transparency mask to a layer, as one undo step, and return it.

    A mask made from a large selection takes Krita half a second at 24 MP; an empty one
    and tiles written into it take a fifth of that.
    """
    seed = Selection()
    seed.select(region.x, region.y, 1, 1, 255)
    if can_swap(document):
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

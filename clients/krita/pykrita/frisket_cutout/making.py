"""The ways to keep an alpha in Krita. Everything here is for the main thread.

Krita knows no undo for pixels that a plug-in writes. Written where a brush has been, they shift
Krita's history by one, and a later redo reads memory that is gone. So nothing is ever written
into a node that a person may have painted on: a copy takes its place first, which is a step of
Krita's own undo.
"""

from __future__ import annotations

import time

from frisket.hosts.handwork import Handwork
from frisket.hosts.language import _
from frisket.protocol.grid import TileRect

from .adding import (
    NAME,
    add_transparency_mask,
    can_swap,
    make_transparency_mask,
    read_step,
    tell_step,
)
from .frames import copy_frame
from .mainthread import host_cost
from .qt import QtCore
from .staying import stay_active
from .targetlayer import GivenUp, TargetLayer, find, is_animated, list_children
from .undoing import MaskedCopy, Swap

# Krita makes a new node the active one, a moment later.
_CALM_S = 1.0


class Result:
    """Something that takes alpha.

    Args:
        target_layer: the layer.
        region: where it lies in the image.
        replaced: id of a mask that the new one takes the place of.
        selected: the image's selection as it was at the start.
        joined: a selection that the new one is added to.

    Attributes:
        comes_filled: Krita draws it with its first content when it is added.
    """

    comes_filled = False

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
        # A mask on its way into the image.
        self._apart = None
        self._calm_at = 0.0
        # What Krita's undo says after steps of ours.
        self._steps: set[str] = set()

    def prepare(self) -> bool:
        """Make a mask that is filled before Krita draws it; tell whether there is one.

        A mask that is filled in the image has Krita draw all of it twice. Krita 5.1 adds its own.
        """
        document = self._target_layer.find_document()
        self.comes_filled = can_swap(document)
        if self.comes_filled:
            self._apart = make_transparency_mask(document, self._region)
        return self.comes_filled

    def make(self) -> None:
        """Make what takes the alpha.

        Raises:
            NotYet: Krita needs a moment; ask again.
        """
        stay_active(self._target_layer.find_document(), self._ids)
        self._ids.append(self._make().uniqueId())
        self._apart = None
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
            raise GivenUp(_("What was made is gone, so the cutout was ended."))
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
        holder = self._apart if self._apart is not None else self.holder()
        holder.setPixelData(QtCore.QByteArray(data), *box)

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
        tell_step(self._target_layer.find_document(), self._steps.add)

    def colours(self):
        """Return the layer whose colours may be cleaned, if any."""
        return None  # noqa: RET501

    def begin_change(self) -> None:
        """Keep what is there, for `step_back`."""
        self._target_layer.find_node()
        if can_swap(self._target_layer.find_document()):
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
        self._before = self._apart = self._selected = self._joined = None


class TransparencyMask(Result):
    """A transparency mask on the layer."""

    _old = None

    def _make(self):
        document, node = self._target_layer.find_document(), self._target_layer.find_node()
        for child in list_children(node):
            # Hidden masks that stay are to be intersected.
            if child.type() == "transparencymask" and child.uniqueId() != self._replaced:
                child.setVisible(True)
        mask = add_transparency_mask(document, node, self._region, self._apart)
        old = find(document, self._replaced) if self._replaced is not None else None
        if old is not None:
            self._old = old
            with host_cost():
                old.remove()
            Swap.follow(document, self._replaced, mask.uniqueId())
        return mask

    def take_back(self) -> None:
        """Take the mask away, and bring back the one whose place it took."""
        if self._old is None or not can_swap(self._target_layer.find_document()):
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
            copy = copy_frame(document, node) if is_animated(node) else node.duplicate()
        copy.setName(_("{name} cutout").format(name=node.name()))
        for child in list_children(copy):
            if child.type() == "transparencymask":
                child.remove()
        with host_cost():
            node.parentNode().addChildNode(copy, node)
        mask = add_transparency_mask(document, copy, self._region, self._apart)
        node.setVisible(False)
        MaskedCopy(document, copy.uniqueId(), mask.uniqueId(), node.uniqueId(), self._ids)
        return copy

    def holder(self):
        """Return the mask of the copy."""
        masks = [each for each in list_children(super().holder()) if each.name() == NAME]
        if not masks:
            raise GivenUp(_("The new layer's mask is gone, so the cutout was ended."))
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

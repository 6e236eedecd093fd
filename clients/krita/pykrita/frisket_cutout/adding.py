"""How Krita is given a mask, and what it then calls the step. For the main thread.

`createNode(..., "transparencymask")` is never used: its mask has no pixels, and Krita
ends when it is touched later.
"""

from __future__ import annotations

from krita import Krita, Selection

from frisket.protocol.grid import TileRect

from .mainthread import host_cost
from .qt import QtCore
from .targetlayer import is_open, list_children

_LOOK_MS = 50

NAME = "Frisket mask"


class NotYet(Exception):
    """Krita made no mask although it was asked to: it may a moment later."""


def read_step() -> str:
    """Return what Krita would undo next; empty without a window."""
    undo = Krita.instance().action("edit_undo")
    return undo.text() if undo is not None else ""


def tell_step(document, hear) -> None:
    """Hand what Krita would undo next to `hear`, when it is at rest and says so.

    Right after a change Krita still says what it would have undone before.
    """

    def look() -> None:
        if not is_open(document):
            return
        if document.tryBarrierLock():
            document.unlock()
            # What a step has told the menu is heard before this.
            QtCore.QTimer.singleShot(0, lambda: hear(read_step()))
        else:
            QtCore.QTimer.singleShot(_LOOK_MS, look)

    QtCore.QTimer.singleShot(_LOOK_MS, look)


def can_swap(document) -> bool:
    """Tell whether a node may take the place of another: Krita 5.1 ends when it does."""
    return hasattr(document, "createTransparencyMask")


def make_transparency_mask(document, region: TileRect):
    """Return an empty transparency mask that is in no image yet; not in Krita 5.1.

    A mask made from a large selection takes Krita half a second at 24 MP; an empty one
    and tiles written into it take a fifth of that.
    """
    mask = document.createTransparencyMask(NAME)
    mask.setSelection(_select_corner(region))
    return mask


def add_transparency_mask(document, layer, region: TileRect, mask=None):
    """Add a transparency mask to a layer, as one undo step, and return it.

    Args:
        document: the document.
        layer: the layer.
        region: where it lies in the image.
        mask: what `make_transparency_mask` made; nothing in Krita 5.1.
    """
    if mask is None:
        return _add_by_action(document, layer, _select_corner(region))
    with host_cost():
        layer.addChildNode(mask, None)
    return mask


def _select_corner(region: TileRect) -> Selection:
    """Return a selection of one pixel: Krita makes nothing of an empty one."""
    corner = Selection()
    corner.select(region.x, region.y, 1, 1, 255)
    return corner


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
    fresh[0].setName(NAME)
    if active is not None:
        document.setActiveNode(active)
    return fresh[0]

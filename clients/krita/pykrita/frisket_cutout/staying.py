"""The active layer stays what it was. For the main thread.

Krita makes a node that is added the active one, a moment later: the next brush stroke would go
into a mask.
"""

from __future__ import annotations

from .qt import QtCore
from .targetlayer import find, is_open

# Krita does it once; a person who chooses a node later is left alone.
_LOOK_MS, _LOOKS, _LAST_LOOKS = 20, 25, 4


def stay_active(document, ours: list, leaves=None) -> None:
    """Keep the active layer while a node is added.

    Args:
        document: the document.
        ours: ids of nodes of our own; others are a person's choice, and so they stay.
        leaves: a node whose place the added one takes.
    """
    active = document.activeNode()
    if active is None:
        return
    wanted = active.uniqueId()
    # Krita makes the node active that takes the place of the active one.
    if leaves is None or not _holds(leaves, wanted):
        _look(document, wanted, ours, _LOOKS)


def _look(document, wanted, ours: list, looks: int) -> None:
    active = document.activeNode() if is_open(document) else None
    if active is not None and active.uniqueId() != wanted and _is_of(active, ours):
        node = find(document, wanted)
        if node is not None:
            document.setActiveNode(node)
            looks = min(looks, _LAST_LOOKS)
    if active is not None and looks:
        QtCore.QTimer.singleShot(_LOOK_MS, lambda: _look(document, wanted, ours, looks - 1))


def _is_of(node, ids: list) -> bool:
    """Tell whether a node, or the layer it is a mask of, is one of some."""
    parent = node.parentNode()
    pair = [node.uniqueId(), *([parent.uniqueId()] if parent is not None else [])]
    return any(each == known for each in pair for known in ids)


def _holds(node, node_id) -> bool:
    """Tell whether a node is meant, or one of its masks."""
    return node.uniqueId() == node_id or any(
        each.uniqueId() == node_id for each in node.childNodes() or ()
    )

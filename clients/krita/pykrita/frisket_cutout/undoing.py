"""One undo for a change that Krita's API makes two steps of.

When one of the two steps is undone or redone, the other follows at once. Everything here is for
the main thread.
"""

from __future__ import annotations

from krita import Krita

from .adding import read_step, tell_step
from .qt import QtCore
from .targetlayer import find, is_open

# A step of a busy Krita may take seconds.
_LOOK_MS, _LOOKS = 150, 40
# They live as long as their documents.
_FOLLOWERS: list[Follower] = []


class Follower(QtCore.QObject):
    """Two steps that are undone and redone together; make it after both.

    Args:
        document: the document.
        first: id of a node.
        second: id of another.
    """

    def __init__(self, document, first, second) -> None:
        super().__init__()
        self._document, self._pair = document, (first, second)
        self._looks = 0
        self._following = False
        self._last = None
        names = ("edit_undo", "edit_redo")
        # A Krita without a window has no such actions.
        self._actions = [each for name in names if (each := Krita.instance().action(name))]
        for action in self._actions:
            action.triggered.connect(self._watch)
        _FOLLOWERS.append(self)

    @classmethod
    def follow(cls, document, first, second) -> None:
        """Follow two nodes, unless somebody does already."""
        known = (each for each in _FOLLOWERS if each._is_of(document, {first, second}))
        if next(known, None) is None:
            cls(document, first, second)

    def _is_of(self, document, pair: set) -> bool:
        return self._document == document and all(each in self._pair for each in pair)

    def _is_half_way(self, first, second) -> bool:
        raise NotImplementedError

    def _settle(self, first, second) -> None:
        """Do what belongs to the two steps and is no step itself."""

    def _watch(self, *_event) -> None:
        if not is_open(self._document):
            self._leave()
        elif not self._following:
            self._last = self.sender()
            watching, self._looks = self._looks > 0, _LOOKS
            if not watching:
                QtCore.QTimer.singleShot(_LOOK_MS, self._look)

    def _look(self) -> None:
        """Have the other step follow when only one of the two is done.

        A Krita that is still busy with the first step does not hear of the second: it is
        told again until both are done.
        """
        self._looks -= 1
        if not is_open(self._document):
            return
        first, second = (find(self._document, each) for each in self._pair)
        if self._is_half_way(first, second):
            self._following = True
            self._last.trigger()
            self._following = False
        else:
            self._settle(first, second)
        if self._looks > 0:
            QtCore.QTimer.singleShot(_LOOK_MS, self._look)

    def _leave(self) -> None:
        for action in self._actions:
            action.triggered.disconnect(self._watch)
        _FOLLOWERS.remove(self)


class Swap(Follower):
    """Two nodes of which a document ever has one: the second took the place of the first."""

    def _is_half_way(self, first, second) -> bool:
        return first is not None and second is not None


class MaskedCopy(Follower):
    """A copy of a layer and the mask on it; the original is hidden while the copy is there.

    Args:
        document: the document.
        copy: id of the copy.
        mask: id of its mask.
        original: id of the layer; hiding it is no step of Krita's.
        copies: ids of all that takes the copy's place later; the list grows.
    """

    def __init__(self, document, copy, mask, original, copies: list) -> None:
        super().__init__(document, copy, mask)
        self._original, self._copies = original, copies
        self._label: str | None = None
        self._there = True
        tell_step(document, self._keep_label)

    def _keep_label(self, label: str) -> None:
        self._label = label

    def _is_half_way(self, copy, mask) -> bool:
        # A mask that a person deleted is no half step: then something else is to be undone.
        is_ours = self._label in (None, read_step())
        return copy is not None and mask is None and is_ours

    def _settle(self, copy, mask) -> None:
        there = any(find(self._document, each) is not None for each in self._copies)
        original = find(self._document, self._original)
        if there != self._there and original is not None:
            original.setVisible(not there)
            self._document.refreshProjection()
        self._there = there


class WholeCopy(MaskedCopy):
    """A copy of a layer that is added in one step; the original is hidden while it is there.

    Args:
        document: the document.
        copy: id of the copy.
        original: id of the layer.
    """

    def __init__(self, document, copy, original) -> None:
        super().__init__(document, copy, copy, original, [copy])

    def _is_half_way(self, copy, mask) -> bool:
        return False

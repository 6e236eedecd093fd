"""One undo for a mask that takes the place of another.

Krita's API makes two steps of it: a mask is added, the other removed. When one of them is
undone or redone, the other follows at once. Everything here is for the main thread.
"""

from __future__ import annotations

from krita import Krita

from .qt import QtCore
from .targetlayer import find

# A step of a busy Krita may take seconds.
_LOOK_MS, _LOOKS = 150, 40
# They live as long as their documents.
_SWAPS: list[Swap] = []


class Swap(QtCore.QObject):
    """Two masks of which a document ever has one.

    Args:
        document: the document.
        first: id of the mask that was there.
        second: id of the mask that took its place.
    """

    def __init__(self, document, first, second) -> None:
        super().__init__()
        self._document, self._pair = document, (first, second)
        self._looks = 0
        self._following = False
        self._last = None
        self._actions = [Krita.instance().action(name) for name in ("edit_undo", "edit_redo")]
        for action in self._actions:
            action.triggered.connect(self._watch)
        _SWAPS.append(self)

    def _watch(self, *_) -> None:
        if not self._is_alive():
            self._leave()
        if self._following or not self._is_alive():
            return
        self._last = self.sender()
        watching, self._looks = self._looks > 0, _LOOKS
        if not watching:
            QtCore.QTimer.singleShot(_LOOK_MS, self._look)

    def _look(self) -> None:
        """Have the other step follow when both masks are there.

        A Krita that is still busy with the first step does not hear of the second: it is
        told again until both are done.
        """
        self._looks -= 1
        if self._is_alive() and self._is_half_way():
            self._following = True
            self._last.trigger()
            self._following = False
        if self._looks > 0:
            QtCore.QTimer.singleShot(_LOOK_MS, self._look)

    def _is_half_way(self) -> bool:
        first, second = (find(self._document, each) is not None for each in self._pair)
        return first and second

    def _is_alive(self) -> bool:
        return any(each == self._document for each in Krita.instance().documents())

    def _leave(self) -> None:
        for action in self._actions:
            action.triggered.disconnect(self._watch)
        _SWAPS.remove(self)

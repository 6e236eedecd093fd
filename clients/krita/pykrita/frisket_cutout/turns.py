"""Layers that are cut out one after the other; `frames.Frames` does the same for key frames."""

from __future__ import annotations

from frisket.hosts.language import _


class Layers:
    """The selected layers of a document. A single one stays open when it is complete."""

    def __init__(self, document, nodes: list) -> None:
        self._document, self._waiting = document, list(nodes)
        self.count = len(nodes)
        self.stays_open = self.count == 1

    @property
    def number(self) -> int:
        """Which layer is at work, from 1."""
        return self.count - len(self._waiting)

    def take(self):
        """Return document and layer of the next turn; None when there is no other."""
        while self._waiting:
            node = self._waiting.pop(0)
            if node.parentNode() is not None:
                return self._document, node
        return None

    def keep(self) -> None:
        """Do nothing: each layer has its result."""

    def drop(self) -> None:
        """Give up what waits."""
        self._waiting.clear()

    def close(self) -> str:
        """Return what to say when nothing else is to be said."""
        return "" if self.stays_open else _("{count} layers are done.").format(count=self.count)

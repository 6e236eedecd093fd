"""Selections as results, and the table of all results. For the main thread."""

from __future__ import annotations

from krita import Selection

from .mainthread import host_cost
from .making import NewLayer, Result, TransparencyMask
from .staying import stay_active


def copy_selection(document):
    """Return the image's selection as it is now, or None; Krita's own changes under a brush."""
    return _copy(document.selection())


def _copy(selection):
    return selection.duplicate() if selection is not None else None


class SelectionMask(Result):
    """A selection mask on the layer; its selection is set when all is known."""

    def __init__(self, *rest) -> None:
        super().__init__(*rest)
        self._selection = Selection()
        self._is_set = False

    def prepare(self) -> bool:
        """Make no mask: a selection takes the alpha."""
        return False

    def make(self) -> None:
        """Make nothing before all is known."""
        self._target_layer.find_node()

    def holder(self):
        """Return what holds the alpha: a selection, with what a person made of it since."""
        self._target_layer.find_node()
        if self._is_set:
            self._is_set = False
            shown = _copy(self._read_shown())
            self._selection = shown if shown is not None else self._selection
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
            # A copy: what is made of it from now on limits no other result.
            self._target_layer.find_document().setSelection(_copy(self._selected))


RESULTS = {
    "mask": TransparencyMask,
    "layer": NewLayer,
    "selection-mask": SelectionMask,
    "selection": PlainSelection,
}
"""What can be made, by the keys of `frisket.hosts.request.RESULTS`."""

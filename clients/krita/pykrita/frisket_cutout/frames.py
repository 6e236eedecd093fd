"""Animated layers: the frame on show as a layer of its own, and every key frame. Main thread.

Krita's API writes only into the frame that is on show, and adds no key frames. So every key frame
is cut out in a document that nobody sees, which holds a copy of the layer; when all is there, that
copy is added to the image, as one step to undo.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

from krita import Krita

from frisket.hosts.language import _
from frisket.hosts.request import CutRequest, Refused
from frisket.protocol.grid import TileRect

from .adding import can_swap
from .mainthread import host_cost
from .qt import QtCore
from .staying import stay_active
from .targetlayer import TargetLayer, find_region, is_animated, list_children, split_rows
from .undoing import WholeCopy

# Krita tells no last key frame; a quarter of an hour at 24 frames a second is asked for.
_MOST = 21_600
_GRAB_PIXELS = 1 << 22


def copy_frame(document, node):
    """Return what a layer shows in the frame in front, as a paint layer without animation."""
    copy = document.createNode(node.name(), "paintlayer")
    copy.setColorSpace(node.colorModel(), node.colorDepth(), node.colorProfile())
    read = node.pixelData if node.type() == "paintlayer" else node.projectionPixelData
    for box in _list_boxes(find_region(node)):
        copy.setPixelData(read(*box), *box)
    copy.setOpacity(node.opacity())
    copy.setBlendingMode(node.blendingMode())
    copy.setInheritAlpha(node.inheritAlpha())
    return copy


class Frames:
    """The key frames of an animated layer, one after the other, as turns of a cutout."""

    stays_open = False

    def __init__(self, document, node) -> None:
        self._document, self._target = document, TargetLayer(document, node, any_frame=True)
        self._name = node.name()
        self._waiting = _list_times(node) or [document.currentTime()]
        self.count = len(self._waiting)
        self._baked: set[int] = set()
        self._dropped = False
        self._hidden, self._copy = _open_hidden(document, node)

    @property
    def number(self) -> int:
        """Which frame is at work, from 1."""
        return self.count - len(self._waiting)

    def take(self):
        """Return document and layer of the next frame; None when there is no other."""
        while self._waiting:
            self._show(self._waiting.pop(0))
            region = find_region(self._copy)
            # Frames that Krita shares are cut out already when the second one's turn comes.
            if region is not None and self._compute_mark(region) not in self._baked:
                return self._hidden, self._copy
        return None

    def _show(self, time: int) -> None:
        with host_cost():
            self._hidden.setCurrentTime(time)
            self._hidden.waitForDone()
        text = _("{name}, frame {frame}")
        self._copy.setName(text.format(name=self._name, frame=time))

    def _compute_mark(self, region: TileRect) -> int:
        mark = 0
        for box in _list_boxes(region):
            mark = zlib.crc32(self._copy.pixelData(*box).data(), mark)
        return mark

    def keep(self) -> None:
        """Take the mask of the frame at work into its pixels."""
        if self._dropped:
            # Cancelled when the frame was complete and nobody had heard of it yet.
            return
        with host_cost():
            masks = _find_masks(self._copy)
            region = find_region(self._copy)
            self._hidden.refreshProjection()
            self._hidden.waitForDone()
            for box in _list_boxes(region) if masks else ():
                data = self._copy.projectionPixelData(*box)
                self._copy.setPixelData(QtCore.QByteArray(data), *box)
            for mask in masks:
                mask.remove()
            self._hidden.waitForDone()
            if masks:
                left = find_region(self._copy)
                self._baked |= {self._compute_mark(left)} if left is not None else set()

    def drop(self) -> None:
        """Give up: nothing is added."""
        self._dropped = True
        self._waiting.clear()
        self._baked.clear()

    def close(self) -> str:
        """Add what was cut out beside its layer, if there is any; return what to say of it.

        Raises:
            Refused: the layer is gone, or not as it was.
        """
        hidden, copy, self._hidden, self._copy = self._hidden, self._copy, None, None
        try:
            if not self._baked:
                return ""
            copy.setName(_("{name} cutout").format(name=self._name))
            self._add(copy.duplicate())
            return _("{count} frames are done.").format(count=self.count)
        finally:
            hidden.setModified(False)
            hidden.close()

    def _add(self, fresh) -> None:
        node = self._target.find_node()
        for child in list_children(fresh):
            child.setVisible(True)
        stay_active(self._document, [fresh.uniqueId()])
        with host_cost():
            node.parentNode().addChildNode(fresh, node)
        node.setVisible(False)
        WholeCopy(self._document, fresh.uniqueId(), node.uniqueId())
        with host_cost():
            self._document.refreshProjection()


def needs_frames(document, node, make: str) -> bool:
    """Tell whether to ask which frames are meant; a selection is of the frame on show."""
    # Krita 5.1 ends when a layer that a plug-in has added gets a mask.
    return make != "selection" and is_animated(node) and can_swap(document)


def request_frames(request: CutRequest, frames: str) -> CutRequest:
    """Return what to make of "this" frame, a new layer, or of "every" one in its copy."""
    if frames == "this":
        return replace(request, make="layer", decontaminate=request.cleans_colours)
    return replace(request, make="mask", existing=CutRequest.existing)


def check_frames(nodes: list) -> None:
    """Check that the key frames of layers can be cut out.

    Raises:
        Refused: there are others beside an animated layer.
    """
    if len(nodes) > 1:
        raise Refused(_("An animated layer is cut out alone. Select only that one and try again."))


def _open_hidden(document, node):
    """Return a document that nobody sees, and the copy of a layer in it, without masks."""
    size = document.width(), document.height()
    colours = document.colorModel(), document.colorDepth(), document.colorProfile()
    hidden = Krita.instance().createDocument(*size, "frisket", *colours, document.resolution())
    hidden.setBatchmode(True)
    with host_cost():
        copy = node.duplicate()
    for child in list_children(copy):
        if child.type() == "transparencymask":
            child.remove()
        else:
            # A filter is no part of the pixels; it comes back with the copy.
            child.setVisible(False)
    copy.setVisible(True)
    with host_cost():
        hidden.rootNode().addChildNode(copy, None)
        hidden.waitForDone()
    return hidden, copy


def _list_times(node) -> list[int]:
    return [time for time in range(_MOST) if node.hasKeyframeAtTime(time)]


def _find_masks(node) -> list:
    return [each for each in list_children(node) if each.type() == "transparencymask"]


def _list_boxes(region: TileRect) -> list[tuple[int, int, int, int]]:
    parts = split_rows(region, _GRAB_PIXELS)
    return [(each.x, each.y, each.width, each.height) for each in parts]

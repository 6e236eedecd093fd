"""Cutting out from a script, in Krita's Scripter, a plug-in or kritarunner.

from krita import Krita
from frisket_cutout.script import cut

document = Krita.instance().activeDocument()
judgement = cut(document, document.activeNode(), quality="high")
print(judgement.overall, judgement.reasons)
"""

from __future__ import annotations

import time
from dataclasses import replace

from krita import Krita

from frisket.client.events import Judgement
from frisket.client.options import Edge, Options
from frisket.hosts.language import _
from frisket.hosts.request import CutRequest, Refused
from frisket.hosts.verdict import NoSubject

from .installed import PLUGIN
from .qt import QtCore
from .selecting import copy_selection
from .targetlayer import check_target, find_region
from .task import Task

__all__ = ["Judgement", "NoSubject", "Refused", "cut"]
_PAUSE_S = 0.005
# Krita ends when a node is touched before its Layers docker has taken it in.
_CALM_S = 0.4


def cut(
    document,
    node,
    make: str = "mask",
    *,
    quality: str = Options.quality,
    model: str = "",
    box: tuple[int, int, int, int] | None = None,
    existing: str = "replace",
    edge: Edge | None = None,
    clean_colours: bool = False,
) -> Judgement:
    """Cut a layer out, and return when all is there. For the main thread.

    Args:
        document: the document.
        node: its layer.
        make: "mask", "selection-mask", "layer" or "selection".
        quality: "draft", "standard", "high" or "best".
        model: name of a model; empty for the server's own choice.
        box: x, y, width and height of a rectangle around the subject, in pixels of the image.
        existing: what becomes of a mask that is there: "replace", "intersect" or "refine".
        edge: edge controls.
        clean_colours: take the background's colour out of a new layer's edge.

    Returns:
        The server's opinion of its cutout: scores 0..1, and reasons to look at it.

    Raises:
        NoSubject: no subject was found, and nothing was added.
        Refused: anything else; the text says what is wrong and what to do.
    """
    request = CutRequest(make=make, existing=existing, model=model, quality=quality)
    request = replace(request, edge=edge or Edge(), decontaminate=clean_colours)
    check_target(node, make)
    connect = PLUGIN.make_connector(lambda: None)
    task = Task(document, node, request, connect, copy_selection(document))
    task.boxes = (_place_box(node, box),) if box is not None else ()
    return _run(task)


def _run(task: Task) -> Judgement:
    said: list[str] = []
    task.completed.connect(said.append)
    task.end()
    task.start()
    try:
        _wait(task)
        return _judge(task, said)
    finally:
        task.release()


def _place_box(node, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Return the part of a box that lies in the layer, in the layer's own pixels."""
    region = find_region(node)
    left, top = max(box[0], region.x), max(box[1], region.y)
    right = min(box[0] + box[2], region.x + region.width)
    bottom = min(box[1] + box[3], region.y + region.height)
    if right <= left or bottom <= top:
        text = _("The box does not touch the layer '{name}'. Choose another one.")
        raise Refused(text.format(name=node.name()))
    return left - region.x, top - region.y, right - left, bottom - top


def _wait(task: Task) -> None:
    """Hand time to Krita until the worker has left, and the Layers docker knows the result."""
    calm = _CALM_S if Krita.instance().activeWindow() is not None else 0.0
    end = None
    while end is None or time.monotonic() < end:
        # What a person clicks meanwhile is done afterwards.
        flag = QtCore.QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents
        QtCore.QCoreApplication.processEvents(flag)
        time.sleep(_PAUSE_S)
        if end is None and task.wait(0):
            end = time.monotonic() + calm
    QtCore.QCoreApplication.processEvents()


def _judge(task: Task, said: list[str]) -> Judgement:
    if task.error is not None:
        raise Refused(task.message) from task.error
    if task.outcome.subject is None:
        raise NoSubject(said[-1])
    return task.outcome.judgement

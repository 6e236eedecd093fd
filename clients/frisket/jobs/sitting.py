"""One document that is open for all the results of it that show the same matte."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

from frisket.client.options import Options
from frisket.documents import Document, Layer, open_document
from frisket.jobs.classes import list_passes
from frisket.jobs.connection import Connection
from frisket.jobs.cutting import (
    LayerCut,
    choose_options,
    refuse_taken,
    tell_empty,
    wants_colours,
    write_cuts,
)
from frisket.jobs.deliver import DELIVERIES, Delivery, default_kind
from frisket.jobs.matting import Progress, Run, matte
from frisket.jobs.overlap import Room
from frisket.jobs.task import CutOptions, CutResult, NoSubject, Task

# The layer, the kind that it was shown for where that matters, and what the server was asked.
_Key = tuple[int, str, Options]


class Sitting:
    """Does tasks of one document: it is read once, and a layer is matted once for all of them.

    Use it in a `with`; mattes are kept until its end.

    Args:
        tasks: all that are to be done, alike by `frisket.jobs.task.share_matte`.
        connection: to the server; stays open.
        progress: see `frisket.jobs.matting.Progress`; "writing" comes last for each.
        rehearse: decodes an untrusted document first; see `frisket.documents.Sandbox.decode`.
        room: bounds the pixels of documents that are cut together; None for one alone.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        connection: Connection,
        progress: Progress,
        rehearse: Callable[..., None],
        room: Room | None = None,
    ) -> None:
        self._tasks, self._connection, self._progress = tasks, connection, progress
        self._rehearse, self._room = rehearse, room
        self._stack = contextlib.ExitStack()
        self._document: Document | None = None
        self._chosen: Sequence[Layer] = ()
        self._runs: dict[_Key, Run] = {}

    def __enter__(self) -> Sitting:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def cut(self, task: Task) -> CutResult:
        """Do one of the tasks: matte every layer that was chosen, write.

        Raises:
            NoSubject: there is nothing to cut out.
            ClientError: the server is missing, refused or was lost.
            DocumentError: the document cannot be read or the result not written.
        """
        options, started = task.options, time.perf_counter()
        refuse_taken(task)
        self._connection.begin()
        document = self._open()
        delivery = self._find_delivery(document, task)
        delivery.check(document, task.output, self._chosen, options.result_options())
        passes = list_passes(options, self._connection) if delivery.by_class else [options]
        cuts = [
            self._cut_layer(document, layer, delivery, one)
            for layer, one in product(self._chosen, passes)
        ]
        return write_cuts(document, delivery, task, cuts, self._progress, started)

    def _open(self) -> Document:
        """Open the document and choose its layers, when that has not been done."""
        if self._document is None:
            source, options = self._tasks[0].source, self._tasks[0].options
            if options.sandbox:
                self._rehearse(
                    source, options.layers, options.all_layers, encoding=options.encoding
                )
            document = self._stack.enter_context(open_document(source, options.encoding))
            self._chosen = document.find_layers(options.layers, options.all_layers)
            if self._room is not None:
                self._stack.enter_context(self._room.take(document.width * document.height))
            self._document = document
        return self._document

    def _find_delivery(self, document: Document, task: Task) -> Delivery:
        kind = task.options.kind or default_kind(document, self._chosen, task.output)
        return DELIVERIES[kind]

    def _cut_layer(
        self, document: Document, layer: Layer, delivery: Delivery, options: CutOptions
    ) -> LayerCut:
        run = self._matte(document, layer, delivery, options)
        cut = LayerCut(layer, run, wants_colours(layer, delivery, options))
        if not (cut.has_subject or options.allow_empty or options.all_layers):
            raise NoSubject(tell_empty(document, [cut]))
        return cut

    def _matte(
        self, document: Document, layer: Layer, delivery: Delivery, options: CutOptions
    ) -> Run:
        raster = document.show(layer, delivery.kind, options.result_options())
        asked = choose_options(layer, raster, delivery, options)
        key = (
            layer.id,
            delivery.kind if delivery.replaces else "",
            replace(asked, foreground=False),
        )
        if key not in self._runs:
            asked = replace(asked, foreground=self._shows_colours(document, layer, asked.depth))
            before = self._find_alike(key)
            run = matte(raster, asked, self._connection, progress=self._progress, before=before)
            self._stack.enter_context(run.store)
            self._runs[key] = run
        return self._runs[key]

    def _find_alike(self, key: _Key) -> Run | None:
        """Return a run of the same pixels, where there was one.

        One that differs in the depth of its alpha alone comes first.
        """
        layer, pixels, asked = key
        same = [one for one in self._runs if one[:2] == (layer, pixels)]
        same.sort(key=lambda one: replace(one[2], depth=asked.depth) != asked)
        return self._runs[same[0]] if same else None

    def _shows_colours(self, document: Document, layer: Layer, depth: int) -> bool:
        """Return whether any result with an alpha of this depth shows cleaned edge colours."""
        for task in self._tasks:
            delivery, options = self._find_delivery(document, task), task.options
            fits = delivery.alpha_depth(layer, options.result_options()) == depth
            if fits and wants_colours(layer, delivery, options):
                return True
        return False

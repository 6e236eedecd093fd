"""Cuts out layers of one document: read, matte, write."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

from frisket.client.options import Options
from frisket.documents import (
    Document,
    Layer,
    LayerResult,
    OutputError,
    Raster,
    decode_in_sandbox,
    open_document,
)
from frisket.documents.write.classes import ClassMap
from frisket.jobs.binary import BinaryAlpha
from frisket.jobs.classes import list_passes
from frisket.jobs.colours import EdgeColours
from frisket.jobs.connection import Connection
from frisket.jobs.deliver import DELIVERIES, Delivery, default_kind
from frisket.jobs.existing import read_alpha
from frisket.jobs.hint_files import hint_set
from frisket.jobs.matting import Progress, Run, matte
from frisket.jobs.nothing_found import explain_nothing
from frisket.jobs.overlap import Room
from frisket.jobs.previews import Preview, make_preview
from frisket.jobs.task import CoarseMask, CutOptions, CutResult, LayerReport, NoSubject, Task
from frisket.protocol.memory import peak_bytes


@dataclass(frozen=True, eq=False)
class LayerCut:
    """What was done to one layer."""

    layer: Layer
    run: Run

    @property
    def has_subject(self) -> bool:
        """Whether anything was found."""
        return self.run.outcome.subject is not None

    def name_class(self) -> str:
        """Return the one class that was cut."""
        [name] = self.run.session.options.classes
        return name


def cut_document(
    task: Task,
    connection: Connection,
    progress: Progress,
    rehearse: Callable[..., None] = decode_in_sandbox,
    room: Room | None = None,
) -> CutResult:
    """Do one task: read, matte every layer that was chosen, write.

    Args:
        task: what to do.
        connection: to the server; stays open.
        progress: see `frisket.jobs.matting.Progress`; "writing" comes last.
        rehearse: decodes an untrusted document first; see `frisket.documents.Sandbox.decode`.
        room: bounds the pixels of documents that are cut together; None for one alone.

    Raises:
        NoSubject: there is nothing to cut out.
        ClientError: the server is missing, refused or was lost.
        DocumentError: the document cannot be read or the result not written.
    """
    options, started = task.options, time.perf_counter()
    _prepare(task, rehearse)
    with contextlib.ExitStack() as stack:
        document, chosen, delivery = _open(task, stack)
        if room is not None:
            stack.enter_context(room.take(document.width * document.height))
        passes = list_passes(options, connection) if delivery.by_class else [options]
        cuts = []
        for layer, one in product(chosen, passes):
            cuts.append(cut_layer(document, layer, delivery, one, connection, progress))
            stack.enter_context(cuts[-1].run.store)
        kept = _choose_kept(document, cuts, options)
        progress("writing", 0, 1)
        classes = _map_classes(cuts, kept) if delivery.by_class else None
        lost = _write(document, delivery, task, kept, classes)
        progress("writing", 1, 1)
        preview = _preview(kept, task.preview_px)
    done = _report(task.output, delivery.kind, kept, time.perf_counter() - started, lost)
    return _tell_rest(replace(done, preview=preview), cuts, kept, classes)


def _open(task: Task, stack: contextlib.ExitStack) -> tuple[Document, Sequence[Layer], Delivery]:
    """Open a task's document, choose layers and kind, and refuse what could not be written."""
    options, output = task.options, task.output
    document = stack.enter_context(open_document(task.source, options.encoding))
    chosen = document.find_layers(options.layers, options.all_layers)
    delivery = DELIVERIES[options.kind or default_kind(document, chosen, output)]
    delivery.check(document, output, chosen, options.result_options())
    return document, chosen, delivery


def _tell_rest(
    done: CutResult, cuts: Sequence[LayerCut], kept: Sequence[LayerCut], classes: ClassMap | None
) -> CutResult:
    """Add the shares of classes, or the layers that were left out."""
    if classes:
        return replace(done, layers=done.layers[:1], shares=classes.shares)
    skipped = tuple(one.layer.path for one in cuts if one not in kept)
    return replace(done, without_subject=skipped)


def _choose_kept(
    document: Document, cuts: Sequence[LayerCut], options: CutOptions
) -> list[LayerCut]:
    kept = [one for one in cuts if options.allow_empty or one.has_subject]
    if not kept:
        # Of the kind `classes` a layer is cut once for each class.
        each = {id(one.layer): one for one in cuts}
        raise NoSubject(_tell_empty(document, list(each.values())))
    return kept


def _map_classes(cuts: Sequence[LayerCut], kept: Sequence[LayerCut]) -> ClassMap:
    """Return the map of a layer's classes, out of a cut for each of them."""
    layer = cuts[0].layer
    alphas = {one.name_class(): one.run.store for one in kept}
    return ClassMap((layer.width, layer.height), [one.name_class() for one in cuts], alphas)


def _write(
    document: Document,
    delivery: Delivery,
    task: Task,
    kept: Sequence[LayerCut],
    classes: ClassMap | None,
) -> str:
    """Write what is kept, and return what is to be said of it."""
    options, output = task.options, task.output
    if classes:
        results = [LayerResult(kept[0].layer, classes)]
    else:
        threshold = None if delivery.traces else options.threshold
        results = [make_result(document, one, threshold) for one in kept]
        if delivery.traces:
            results = [
                replace(one, alpha=read_alpha(document, one.layer, one.alpha)) for one in results
            ]
    said = delivery.write(document, output, results, options.result_options())
    lost = delivery.tell_lost(document, output, [one.layer for one in results])
    return " ".join(filter(None, (*map(_end_sentence, said), lost)))


def _end_sentence(said: str) -> str:
    return f"{said.rstrip('.')}."


def _preview(kept: Sequence[LayerCut], pixels: tuple[int, int] | None) -> Preview | None:
    if pixels is None:
        return None
    flagged = any(one.run.outcome.judgement.needs_review for one in kept)
    return make_preview(kept[0].run.proxy, kept[0].run.store, pixels[flagged])


def _prepare(task: Task, rehearse: Callable[..., None]) -> None:
    """Refuse to overwrite what was not named, and try an untrusted document in a child first."""
    options = task.options
    refuse_taken(task)
    if options.sandbox:
        rehearse(task.source, options.layers, options.all_layers, encoding=options.encoding)


def refuse_taken(task: Task) -> None:
    """Refuse an output that is there already and that nobody has named.

    Raises:
        OutputError: it is there.
    """
    if not task.overwrite and os.path.lexists(task.output):
        advice = "add --overwrite, or name another file"
        raise OutputError(task.output, "exists already", advice=advice)


def cut_layer(
    document: Document,
    layer: Layer,
    delivery: Delivery,
    options: CutOptions,
    connection: Connection,
    progress: Progress,
) -> LayerCut:
    """Matte one layer of an open document.

    Args:
        document: where the layer is from.
        layer: what to matte.
        delivery: the kind of result, which decides about depth and colours.
        options: how.
        connection: to the server; stays open.
        progress: see `cut_document`.

    Returns:
        The run; its store must be closed by the caller.

    Raises:
        FrisketError: what `cut_document` raises.
    """
    raster = document.show(layer, delivery.kind, options.result_options())
    asked = _choose_options(layer, raster, delivery, options)
    cut = LayerCut(layer, matte(raster, asked, connection, progress=progress))
    if not (cut.has_subject or options.allow_empty or options.all_layers):
        cut.run.store.close()
        raise NoSubject(_tell_empty(document, [cut]))
    return cut


def _choose_options(
    layer: Layer, raster: Raster, delivery: Delivery, options: CutOptions
) -> Options:
    """Return what the server is asked for."""
    return Options(
        model=options.model,
        classes=options.classes,
        quality=options.quality,
        depth=delivery.alpha_depth(layer, options.result_options()),
        foreground=options.decontaminate and delivery.wants_colours(layer),
        hints=hint_set(options.hints, raster.width, raster.height),
        edge=options.edge,
        normalise=options.normalise,
        batch=options.batch,
    )


def _tell_empty(document: Document, empty: Sequence[LayerCut]) -> str:
    if len(empty) == 1:
        return explain_nothing(document, empty[0].layer)
    return (
        f"{document.path}: no subject was found in any of {len(empty)} layers, so nothing was "
        "written; say where it is with --box or --point, or try another --model."
    )


def make_result(document: Document, one: LayerCut, threshold: float | None) -> LayerResult:
    """Return a layer with its alpha, and with cleaned colours where they were asked for.

    Args:
        document: where the layer is from.
        one: what was done to it.
        threshold: makes the alpha binary; see `CutOptions`.
    """
    store, colours = one.run.store, None
    if one.run.session.options.foreground:
        channels = one.run.session.layer.channels
        colours = EdgeColours(document.raster(one.layer), store, channels)
    alpha = store if threshold is None else BinaryAlpha(store, threshold)
    return LayerResult(one.layer, alpha, colours)


def _report(
    output: Path,
    kind: str,
    cuts: Sequence[LayerCut],
    seconds: float,
    lost: str,
) -> CutResult:
    first = cuts[0].run
    proxy = first.session.layer
    return CutResult(
        output=output,
        kind=kind,
        model=first.model,
        device=first.device,
        notice=" ".join(filter(None, (first.notice, lost))),
        seconds=seconds,
        client_peak_bytes=peak_bytes(),
        layers=tuple(_report_layer(one) for one in cuts),
        coarse=CoarseMask(proxy.proxy_width, proxy.proxy_height, bytes(first.coarse)),
    )


def _report_layer(one: LayerCut) -> LayerReport:
    run, session = one.run, one.run.session
    return LayerReport(
        path=one.layer.path,
        width=session.layer.width,
        height=session.layer.height,
        first_mask_seconds=run.first_mask_s,
        proxy_seconds=run.proxy_s,
        layer_bytes=session.layer.bytes,
        uploaded_bytes=session.uploaded_bytes,
        tiles_total=session.grid.count,
        tiles_sent=session.tiles_sent,
        outcome=run.outcome,
        call=run.call,
    )

"""What is done with the layers of a document: matted, written, reported."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frisket.client.options import Options
from frisket.documents import Document, Layer, LayerResult, OutputError, Raster
from frisket.documents.write.classes import ClassMap
from frisket.jobs.binary import BinaryAlpha
from frisket.jobs.colours import EdgeColours
from frisket.jobs.connection import Connection
from frisket.jobs.deliver import Delivery
from frisket.jobs.existing import read_alpha
from frisket.jobs.hint_files import hint_set
from frisket.jobs.matting import Progress, Run, matte
from frisket.jobs.nothing_found import explain_nothing
from frisket.jobs.previews import Preview, make_preview
from frisket.jobs.task import CoarseMask, CutOptions, CutResult, LayerReport, NoSubject, Task
from frisket.protocol.memory import peak_bytes


@dataclass(frozen=True, eq=False)
class LayerCut:
    """What was done to one layer; `colours` tells whether the result shows cleaned ones."""

    layer: Layer
    run: Run
    colours: bool = False

    @property
    def has_subject(self) -> bool:
        """Whether anything was found."""
        return self.run.outcome.subject is not None

    def name_class(self) -> str:
        """Return the one class that was cut."""
        [name] = self.run.session.options.classes
        return name


def write_cuts(
    document: Document,
    delivery: Delivery,
    task: Task,
    cuts: Sequence[LayerCut],
    progress: Progress,
    started: float,
) -> CutResult:
    """Write a task's result out of the layers that were cut, and say what was done.

    Args:
        document: where the layers are from.
        delivery: the kind of result.
        task: what is done.
        cuts: every layer that was chosen, for each class of the kind `classes`.
        progress: told "writing" before and after.
        started: when the task was begun, by `time.perf_counter`.

    Raises:
        NoSubject: nothing was found in any of them.
        DocumentError: the result cannot be written.
    """
    kept = _choose_kept(document, cuts, task.options)
    progress("writing", 0, 1)
    classes = _map_classes(cuts, kept) if delivery.by_class else None
    lost = _write(document, delivery, task, kept, classes, progress)
    progress("writing", 1, 1)
    preview = _preview(kept, task.preview_px)
    done = _report(task.output, delivery.kind, kept, time.perf_counter() - started, lost)
    return _tell_rest(replace(done, preview=preview), cuts, kept, classes)


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
        raise NoSubject(tell_empty(document, list(each.values())))
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
    progress: Progress,
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
    said = delivery.write(document, output, results, options.result_options(progress))
    lost = delivery.tell_lost(document, output, [one.layer for one in results])
    return " ".join(filter(None, (*map(_end_sentence, said), lost)))


def _end_sentence(said: str) -> str:
    return f"{said.rstrip('.')}."


def _preview(kept: Sequence[LayerCut], pixels: tuple[int, int] | None) -> Preview | None:
    if pixels is None:
        return None
    flagged = any(one.run.outcome.judgement.needs_review for one in kept)
    return make_preview(kept[0].run.proxy, kept[0].run.store, pixels[flagged])


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
    """Matte one layer of an open document, whether there is a subject or not.

    Args:
        document: where the layer is from.
        layer: what to matte.
        delivery: the kind of result, which decides about depth and colours.
        options: how.
        connection: to the server; stays open.
        progress: see `frisket.jobs.matting.Progress`.

    Returns:
        The run; its store must be closed by the caller.

    Raises:
        ClientError: the server is missing, refused or was lost.
        DocumentError: the layer cannot be read.
    """
    raster = document.show(layer, delivery.kind, options.result_options())
    asked = choose_options(layer, raster, delivery, options)
    return LayerCut(layer, matte(raster, asked, connection, progress=progress), asked.foreground)


def choose_options(
    layer: Layer, raster: Raster, delivery: Delivery, options: CutOptions
) -> Options:
    """Return what the server is asked for."""
    return Options(
        model=options.model,
        classes=options.classes,
        quality=options.quality,
        depth=delivery.alpha_depth(layer, options.result_options()),
        foreground=wants_colours(layer, delivery, options),
        hints=hint_set(options.hints, raster.width, raster.height),
        edge=options.edge,
        normalise=options.normalise,
        batch=options.batch,
    )


def wants_colours(layer: Layer, delivery: Delivery, options: CutOptions) -> bool:
    """Return whether a result shows cleaned edge colours."""
    return options.decontaminate and delivery.wants_colours(layer)


def tell_empty(document: Document, empty: Sequence[LayerCut]) -> str:
    """Return one sentence on layers in which nothing was found."""
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
    if one.colours:
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

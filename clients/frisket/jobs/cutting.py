"""Cuts out layers of one document: read, matte, write."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from frisket.client.options import Options
from frisket.documents import Document, Layer, LayerResult, decode_in_sandbox, open_document
from frisket.jobs.colours import EdgeColours
from frisket.jobs.connection import Connection
from frisket.jobs.deliver import DELIVERIES, Delivery, default_kind
from frisket.jobs.hint_files import hint_set
from frisket.jobs.matting import Progress, Run, matte
from frisket.jobs.task import CoarseMask, CutOptions, CutResult, LayerReport, NoSubject, Task
from frisket.protocol.memory import peak_bytes


@dataclass(frozen=True)
class LayerCut:
    """What was done to one layer."""

    layer: Layer
    run: Run


def cut_document(task: Task, connection: Connection, progress: Progress) -> CutResult:
    """Do one task: read, matte every layer that was chosen, write.

    Args:
        task: what to do.
        connection: to the server; stays open.
        progress: called with a stage ("reading", "coarse", "tiles", "writing"), what is
            done, and of how much.

    Raises:
        NoSubject: there is nothing to cut out.
        ClientError: the server is missing, refused or was lost.
        DocumentError: the document cannot be read or the result not written.
    """
    options, output = task.options, task.output
    started = time.perf_counter()
    if options.sandbox:
        decode_in_sandbox(
            task.source, options.layers, options.all_layers, encoding=options.encoding
        )
    with contextlib.ExitStack() as stack:
        document = stack.enter_context(open_document(task.source, options.encoding))
        chosen = document.find_layers(options.layers, options.all_layers)
        delivery = DELIVERIES[options.kind or default_kind(document, chosen, output)]
        how = options.result_options()
        delivery.check(document, output, chosen, how)
        cuts = []
        for layer in chosen:
            cuts.append(_cut_layer(document, layer, delivery, options, connection, progress))
            stack.enter_context(cuts[-1].run.store)
        progress("writing", 0, 1)
        delivery.write(document, output, [_make_result(document, one) for one in cuts], how)
        progress("writing", 1, 1)
    return _report(output, delivery.kind, cuts, time.perf_counter() - started)


def _cut_layer(
    document: Document,
    layer: Layer,
    delivery: Delivery,
    options: CutOptions,
    connection: Connection,
    progress: Progress,
) -> LayerCut:
    raster = document.show(layer, delivery.kind, options.result_options())
    asked = Options(
        model=options.model,
        classes=options.classes,
        quality=options.quality,
        depth=delivery.alpha_depth(layer, options.result_options()),
        foreground=options.decontaminate and delivery.wants_colours(layer),
        hints=hint_set(options.hints, raster.width, raster.height),
        edge=options.edge,
        normalise=options.normalise,
    )
    run = matte(raster, asked, connection, progress=progress)
    if run.outcome.subject is None and not options.allow_empty:
        run.store.close()
        raise NoSubject(
            f"{document.path}: no subject was found in '{layer.path}', so nothing was "
            "written; say where it is with --box or --point, or try another --model."
        )
    return LayerCut(layer, run)


def _make_result(document: Document, one: LayerCut) -> LayerResult:
    colours = None
    if one.run.session.options.foreground:
        channels = one.run.session.layer.channels
        colours = EdgeColours(document.raster(one.layer), one.run.store, channels)
    return LayerResult(one.layer, one.run.store, colours)


def _report(output: Path, kind: str, cuts: Sequence[LayerCut], seconds: float) -> CutResult:
    first = cuts[0].run
    proxy = first.session.layer
    return CutResult(
        output=output,
        kind=kind,
        model=first.model,
        device=first.device,
        notice=first.notice,
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
    )

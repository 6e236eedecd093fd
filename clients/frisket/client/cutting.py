"""Cuts out layers of a document: read, matte, write. The whole job in one call."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from frisket.client.colours import EdgeColours
from frisket.client.connection import ServerChoice
from frisket.client.errors import ClientError
from frisket.client.events import Outcome
from frisket.client.hint_files import HintFiles, hint_set
from frisket.client.matting import Progress, Run, matte
from frisket.client.memory import peak_bytes
from frisket.client.options import Edge, Options
from frisket.documents import (
    Document,
    Layer,
    LayerResult,
    ResultOptions,
    decode_in_sandbox,
    open_document,
)
from frisket.finish.deliver import DELIVERIES, Delivery, default_kind


class NoSubject(ClientError):
    """The model found nothing to cut out; nothing was written."""


@dataclass(frozen=True)
class CutOptions:
    """How to cut.

    Attributes:
        kind: one of `frisket.finish.deliver.DELIVERIES`; empty chooses by the formats of
            input and output.
        layers: names, paths, globs or ids; none means the topmost visible pixel layer.
        all_layers: every layer with pixels.
        model, classes, quality, normalise, edge: see `frisket.client.options.Options`.
        depth: bits of a written matte, 8 or 16; masks follow their document.
        existing, preview: see `frisket.documents.ResultOptions`.
        sandbox: read the document in a child process with limits first, as untrusted files
            should be.
        decontaminate: clean the edge colours of cutouts.
        allow_empty: write even when no subject was found.
        hints: boxes, points and files.
        server: which server.
    """

    kind: str = ""
    layers: tuple[str, ...] = ()
    all_layers: bool = False
    model: str = ""
    classes: tuple[str, ...] = ()
    quality: str = "standard"
    normalise: str = "off"
    edge: Edge = field(default_factory=Edge)
    depth: int = 8
    existing: str = "refuse"
    preview: str = "mark"
    sandbox: bool = False
    decontaminate: bool = True
    allow_empty: bool = False
    hints: HintFiles = field(default_factory=HintFiles)
    server: ServerChoice = field(default_factory=ServerChoice)

    def result_options(self) -> ResultOptions:
        """Return how the result is written."""
        return ResultOptions(self.depth, self.existing, self.preview)


@dataclass(frozen=True)
class LayerCut:
    """What was done to one layer."""

    layer: Layer
    run: Run

    @property
    def outcome(self) -> Outcome:
        """The server's last word."""
        return self.run.outcome


@dataclass(frozen=True)
class Preview:
    """A small greyscale picture: 8-bit rows, size in pixels."""

    width: int
    height: int
    rows: bytes


@dataclass(frozen=True)
class CutResult:
    """What `cut` did; sizes in pixels and bytes, times in seconds.

    `layer_bytes` counts the layer's pixels as decoded, in the format they travel in;
    `coarse` is the first mask of the first layer.
    """

    output: Path
    kind: str
    layer_path: str
    width: int
    height: int
    model: str
    device: str
    notice: str
    seconds: float
    first_mask_seconds: float
    proxy_seconds: float
    layer_bytes: int
    uploaded_bytes: int
    tiles_total: int
    tiles_sent: int
    client_peak_bytes: int
    server_peak_bytes: int
    outcome: Outcome
    coarse: Preview = field(repr=False)


def cut(
    source: str | Path,
    output: str | Path,
    options: CutOptions | None = None,
    *,
    progress: Progress = lambda stage, done, total: None,
) -> CutResult:
    """Cut out a layer (or several) of a document and write the result.

    Args:
        source: a flat or layered document; never changed, unless it is also the output.
        output: what to write; its suffix names the format.
        options: how; by default the topmost visible layer, with the default model.
        progress: called with a stage ("reading", "coarse", "tiles", "writing"), what is
            done, and of how much.

    Returns:
        What was done, for the first layer and in sum.

    Raises:
        NoSubject: there is nothing to cut out.
        ClientError: the server is missing, refused or was lost.
        DocumentError: the document cannot be read or the result not written.
    """
    options = options or CutOptions()
    started = time.perf_counter()
    if options.sandbox:
        decode_in_sandbox(source, options.layers, options.all_layers)
    with contextlib.ExitStack() as stack:
        document = stack.enter_context(open_document(source))
        chosen = document.find_layers(options.layers, options.all_layers)
        kind = options.kind or default_kind(document, chosen, Path(output))
        delivery, how = DELIVERIES[kind], options.result_options()
        delivery.check(document, Path(output), chosen, how)
        cuts = []
        for layer in chosen:
            cuts.append(_cut_layer(document, layer, delivery, options, progress))
            stack.enter_context(cuts[-1].run.store)
        progress("writing", 0, 1)
        delivery.write(document, Path(output), [_layer_result(document, one) for one in cuts], how)
        progress("writing", 1, 1)
    return _result(Path(output), kind, cuts, time.perf_counter() - started)


def _cut_layer(
    document: Document, layer: Layer, delivery: Delivery, options: CutOptions, progress: Progress
) -> LayerCut:
    raster = document.raster(layer)
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
    run = matte(raster, asked, options.server, progress=progress)
    if run.outcome.subject is None and not options.allow_empty:
        run.store.close()
        raise NoSubject(
            f"{document.path}: no subject was found in '{layer.path}', so nothing was "
            "written; say where it is with --box or --point, or try another --model."
        )
    return LayerCut(layer, run)


def _layer_result(document: Document, one: LayerCut) -> LayerResult:
    colours = None
    if one.run.session.options.foreground:
        channels = one.run.session.layer.channels
        colours = EdgeColours(document.raster(one.layer), one.run.store, channels)
    return LayerResult(one.layer, one.run.store, colours)


def _result(output: Path, kind: str, cuts: Sequence[LayerCut], seconds: float) -> CutResult:
    first = cuts[0]
    sessions = [one.run.session for one in cuts]
    return CutResult(
        output=output,
        kind=kind,
        layer_path=first.layer.path,
        width=first.run.store.width,
        height=first.run.store.height,
        model=first.run.model,
        device=first.run.device,
        notice=first.run.notice,
        seconds=seconds,
        first_mask_seconds=first.run.first_mask_s,
        proxy_seconds=first.run.proxy_s,
        layer_bytes=sum(session.layer.bytes for session in sessions),
        uploaded_bytes=sum(session.uploaded_bytes for session in sessions),
        tiles_total=sum(session.grid.count for session in sessions),
        tiles_sent=sum(session.tiles_sent for session in sessions),
        client_peak_bytes=peak_bytes(),
        server_peak_bytes=max(one.outcome.server_peak_bytes for one in cuts),
        outcome=first.outcome,
        coarse=Preview(
            first.run.session.layer.proxy_width,
            first.run.session.layer.proxy_height,
            bytes(first.run.coarse),
        ),
    )

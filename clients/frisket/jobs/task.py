"""What is to be cut, and what was: plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.client.errors import ClientError
from frisket.client.events import Outcome
from frisket.client.options import Edge
from frisket.documents.core.cutline import CutlineOptions
from frisket.documents.core.outline import OutlineOptions
from frisket.documents.core.results import EXISTING, PREVIEWS, ResultOptions
from frisket.finish.readers import FINISHED
from frisket.jobs.choices import BadOption, check_choice
from frisket.jobs.connection import ServerChoice
from frisket.jobs.deliver import DELIVERIES
from frisket.jobs.hint_files import HintFiles
from frisket.protocol.choices import (
    ALPHA_DEPTHS,
    DEFAULT_QUALITY,
    NORMALISE_AUTO,
    NORMALISE_OFF,
    NORMALISE_STEPS,
    QUALITIES,
)

if TYPE_CHECKING:
    from frisket.finish.chain import Finish
    from frisket.jobs.matting import Progress
    from frisket.jobs.previews import Preview

_CHOICES: dict[str, tuple[object, ...]] = {
    "quality": QUALITIES,
    "depth": ALPHA_DEPTHS,
    "existing": EXISTING,
    "preview": PREVIEWS,
}

_WRITING = (
    "kind", "depth", "existing", "preview", "convert", "decontaminate", "allow_empty",
    "threshold", "outline", "cutline", "finish",
)  # fmt: skip


class NoSubject(ClientError):
    """The model found nothing to cut out; nothing was written."""


@dataclass(frozen=True)
class CutOptions:
    """How to cut.

    Attributes:
        kind: one of `frisket.jobs.deliver.DELIVERIES`; empty chooses by the formats of
            input and output.
        layers: names, paths, globs or ids, or one of them as a string; none means the
            topmost visible pixel layer.
        all_layers: every layer with pixels; those without a subject are left out.
        encoding: of layer names that have no Unicode form; empty for the document's own hint.
        model, classes, quality, normalise, edge: see `frisket.client.options.Options`.
        depth: bits of a written matte, 8 or 16; masks follow their document.
        existing, preview, convert: see `frisket.documents.ResultOptions`.
        sandbox: read the document in a child process with limits first, as untrusted files
            should be.
        decontaminate: clean the edge colours of cutouts.
        allow_empty: write even when no subject was found.
        threshold: share of opacity, above 0 and at most 1: alpha from there on becomes full and
            the rest 0; None keeps soft edges.
        outline: how the outline is drawn, for kinds that are one; a threshold is where it runs.
        cutline: what is printed around it, for the kind `cutline`.
        hints: boxes, points and files.
        server: which server.
        finish: what is done with the subject for the kind `finished`, which it implies.
        batch: nobody waits for it, so the server serves those first for whom somebody does.

    Raises:
        BadOption: one of them has a value that does not exist.
    """

    kind: str = ""
    layers: tuple[str, ...] = ()
    all_layers: bool = False
    encoding: str = ""
    model: str = ""
    classes: tuple[str, ...] = ()
    quality: str = DEFAULT_QUALITY
    normalise: str = NORMALISE_OFF
    edge: Edge = field(default_factory=Edge)
    depth: int = 8
    existing: str = "refuse"
    preview: str = "mark"
    convert: bool = False
    sandbox: bool = False
    decontaminate: bool = True
    allow_empty: bool = False
    threshold: float | None = None
    outline: OutlineOptions = field(default_factory=OutlineOptions)
    cutline: CutlineOptions = field(default_factory=CutlineOptions)
    hints: HintFiles = field(default_factory=HintFiles)
    server: ServerChoice = field(default_factory=ServerChoice)
    finish: Finish | None = None
    batch: bool = False

    def __post_init__(self) -> None:
        for name in ("layers", "classes"):
            object.__setattr__(self, name, _to_names(name, getattr(self, name)))
        for name, allowed in _CHOICES.items():
            check_choice(name, getattr(self, name), allowed)
        if self.finish is not None:
            self._imply_finished()
        if self.kind:
            check_choice("kind", self.kind, DELIVERIES)
        for step in _list_steps(self.normalise):
            check_choice("normalise", step, (NORMALISE_OFF, NORMALISE_AUTO, *NORMALISE_STEPS))
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise BadOption(
                f"threshold={self.threshold} is not possible: give a share above 0 and at most 1."
            )
        if self.threshold is not None and self.kind and DELIVERIES[self.kind].by_class:
            raise BadOption("threshold is not possible for classes: each pixel has one of them.")

    def _imply_finished(self) -> None:
        if self.kind not in ("", FINISHED):
            raise BadOption(
                f"finish is for kind={FINISHED!r}, not for kind={self.kind!r}; leave out one or "
                "the other."
            )
        object.__setattr__(self, "kind", FINISHED)

    def drop_writing(self) -> CutOptions:
        """Return the options without those that only say what is written, and how."""
        plain = CutOptions()
        return replace(self, **{name: getattr(plain, name) for name in _WRITING})

    def result_options(self, progress: Progress = lambda stage, done, total: None) -> ResultOptions:
        """Return how the result is written.

        Args:
            progress: told the stages of a finish.

        Raises:
            ValueError: `depth`, `existing` or `preview` is none of its choices.
        """
        level = self.outline.level if self.threshold is None else self.threshold
        plain = ResultOptions(
            self.depth, self.existing, self.preview, convert=self.convert,
            outline=replace(self.outline, level=level), cutline=self.cutline,
        )  # fmt: skip
        if self.finish is None:
            return plain
        from frisket.finish.delivery import FinishOptions

        return FinishOptions(**vars(plain), finish=self.finish, progress=progress)


def _to_names(option: str, value: object) -> tuple[str, ...]:
    """Return names as a tuple; a string is one name, not its letters."""
    names = (value,) if isinstance(value, str) else value
    if isinstance(names, (tuple, list)) and all(isinstance(name, str) for name in names):
        return tuple(names)
    raise BadOption(f"{option}={value!r} is not possible: give a name or a list of names.")


def _list_steps(normalise: str) -> Iterator[str]:
    """Yield what a choice of corrections names; the two words for all and none stand alone."""
    if normalise not in (NORMALISE_OFF, NORMALISE_AUTO, ""):
        yield from (step.strip() for step in str(normalise).split(","))


@dataclass(frozen=True)
class Task:
    """One document to cut.

    Attributes:
        source: a flat or layered document; never changed, unless it is also the output.
        output: what to write; its suffix names the format.
        options: which layers, what kind of result, and how.
        overwrite: whether an output that is there already is replaced.
        preview_px: the longer side of the preview in the result, of a sound one and of one that
            should be looked at; None for no preview.
    """

    source: Path
    output: Path
    options: CutOptions = field(default_factory=CutOptions)
    overwrite: bool = True
    preview_px: tuple[int, int] | None = None


def share_matte(one: Task, other: Task) -> bool:
    """Return whether two tasks are of one document and the same matte, as far as options tell."""
    if one.source != other.source:
        return False
    return one.options.drop_writing() == other.options.drop_writing()


def group_tasks(tasks: Iterable[Task]) -> list[list[Task]]:
    """Return tasks in their order, each together with those after it that share its matte."""
    groups: dict[tuple[Path, CutOptions], list[Task]] = {}
    for task in tasks:
        groups.setdefault((task.source, task.options.drop_writing()), []).append(task)
    return list(groups.values())


@dataclass(frozen=True)
class CoarseMask:
    """The first mask of a layer: 8-bit greyscale rows, size in pixels of the proxy."""

    width: int
    height: int
    rows: bytes


@dataclass(frozen=True)
class LayerReport:
    """What was done to one layer; sizes in pixels and bytes, times in seconds.

    Attributes:
        path: of the layer in its document.
        outcome: the server's last word.
        layer_bytes: the layer's pixels as decoded, in the format they travel in.
        call: what the server's log calls the stream; empty for a server that does not say.
    """

    path: str
    width: int
    height: int
    first_mask_seconds: float
    proxy_seconds: float
    layer_bytes: int
    uploaded_bytes: int
    tiles_total: int
    tiles_sent: int
    outcome: Outcome
    call: str = ""


@dataclass(frozen=True)
class CutResult:
    """What was done to one document; sizes in pixels and bytes, times in seconds.

    What a layer has of its own is the first layer's here; what can be added up is the sum.

    Attributes:
        layers: every layer that was cut, topmost first.
        coarse: the first mask of the first layer.
        without_subject: paths of layers that were left out: no subject was found there.
        shares: of the kind `classes`: the share of pixels of each class, and of the background.
        preview: of the first layer, where the task asked for one.
    """

    output: Path
    kind: str
    model: str
    device: str
    notice: str
    seconds: float
    client_peak_bytes: int
    layers: tuple[LayerReport, ...]
    coarse: CoarseMask = field(repr=False)
    without_subject: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    preview: Preview | None = field(default=None, repr=False)

    @property
    def layer_path(self) -> str:
        """Path of the first layer."""
        return self.layers[0].path

    @property
    def width(self) -> int:
        """Width of the first layer."""
        return self.layers[0].width

    @property
    def height(self) -> int:
        """Height of the first layer."""
        return self.layers[0].height

    @property
    def call(self) -> str:
        """What the server's log calls the stream of the first layer."""
        return self.layers[0].call

    @property
    def outcome(self) -> Outcome:
        """The server's last word on the first layer."""
        return self.layers[0].outcome

    @property
    def first_mask_seconds(self) -> float:
        """Time to the first mask of the first layer."""
        return self.layers[0].first_mask_seconds

    @property
    def proxy_seconds(self) -> float:
        """Time to read the first layer's proxy."""
        return self.layers[0].proxy_seconds

    @property
    def layer_bytes(self) -> int:
        """Pixels of all layers."""
        return sum(layer.layer_bytes for layer in self.layers)

    @property
    def uploaded_bytes(self) -> int:
        """What travelled of all layers."""
        return sum(layer.uploaded_bytes for layer in self.layers)

    @property
    def tiles_total(self) -> int:
        """Tiles of all layers."""
        return sum(layer.tiles_total for layer in self.layers)

    @property
    def tiles_sent(self) -> int:
        """Tiles of all layers that travelled."""
        return sum(layer.tiles_sent for layer in self.layers)

    @property
    def server_peak_bytes(self) -> int:
        """The greatest memory that the server told of."""
        return max(layer.outcome.server_peak_bytes for layer in self.layers)

"""A finish: its steps in order, and what they do to a document's layer."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path

import numpy as np

from frisket.documents import AlphaSource, ColourSource, Document, Layer, OutputError
from frisket.documents.core.pixels import Pixels

from .background import Backdrop, Background, Transparent
from .canvas import Canvas, Crop
from .correct import Correction
from .edges import Defringe, Edge
from .entry import Progress, Subject, Workplace, describe_space
from .errors import BadFinish, EmptyMatte
from .formats import check_format
from .generate import Generated
from .geometry import Box, Placement
from .harmonise import Harmonise
from .save import Finished, Save, check_encoder, save, tell_lost
from .scene import Facts, Scene, Step
from .seam import Seam
from .shadow import Shadow
from .space import Space, read_profile, rescale
from .vips import load_vips, make_plane, to_array


@dataclass(frozen=True)
class Finish:
    """What is done with a subject, from its edge to the file.

    Attributes:
        correct: changes of the whole picture before all else, in this order.
        edge: of the subject, in the picture's own size.
        defringe: takes the old background out of the edge's colours; None leaves them.
        canvas: a crop or a canvas of a given size; None for the picture's own.
        background: what lies below everything.
        harmonise: brings the subject's colours nearer to the background's; None leaves them.
        shadows: below the subject, the first lowest.
        seam: blends the subject's edge with what lies below; None leaves it.
        steps: more steps, after all others.
        save: how files are written.
    """

    correct: tuple[Correction, ...] = ()
    edge: Edge = Edge()
    defringe: Defringe | None = None
    canvas: Crop | Canvas | None = None
    background: Background = Transparent()
    harmonise: Harmonise | None = None
    shadows: tuple[Shadow, ...] = ()
    seam: Seam | None = None
    steps: tuple[Step, ...] = ()
    save: Save = field(default_factory=Save)

    def list_steps(self) -> tuple[Step, ...]:
        """Return the steps in the order they are done in."""
        edge = (self.edge,) if self.edge != Edge() else ()
        several = (
            *self.correct, self.defringe, *edge, self.canvas, self.background, self.harmonise,
            *self.shadows, self.seam, *self.steps,
        )  # fmt: skip
        return tuple(step for step in several if step is not None)

    def choose_space(self, own: Space) -> Space:
        """Return the colours that everything is computed in.

        Raises:
            DocumentError: the profile that was named cannot be used.
        """
        depth = own.depth if not self.save.bits else 8 if self.save.bits == 8 else 16
        if self.save.icc == "keep":
            return replace(own, depth=depth)
        if self.save.icc == "srgb":
            return Space("RGB", depth)
        icc, mode = read_profile(Path(self.save.icc))
        return Space(mode, depth, icc)

    def check(
        self, document: Document, layer: Layer, output: Path, matte: Path | None = None
    ) -> list[str]:
        """Refuse before any work what cannot be done, and return what should be said first.

        Args:
            document: the picture's document.
            layer: what is to be finished.
            output: the file; see `Save.also` for more.
            matte: the file that it is read from; None for none of its own.

        Raises:
            FrisketError: why not, in one sentence.
        """
        load_vips()
        own, note = describe_space(document, layer)
        space = self.choose_space(own)
        self._check_inks(Path(document.path), own, space)
        outputs = self.save.list_outputs(output)
        facts = Facts(
            Path(document.path), layer.width, layer.height, space, outputs, self.background.opaque
        )
        self._check_places(facts, matte)
        for path in outputs:
            opaque = facts.opaque and not self.save.holds_shadows(path, output)
            check_format(path, space, self.save.bits or space.depth, opaque)
            check_encoder(path, self.save.bits or space.depth)
        for step in self.list_steps():
            step.check(facts)
        return [note] if note else []

    def check_frames(self, facts: Facts) -> None:
        """Refuse before any frame what cannot be done with every one; see `render`.

        Raises:
            FrisketError: why not, in one sentence.
        """
        load_vips()
        self._refuse_generated()
        for step in self.list_steps():
            step.check(facts)

    def _refuse_generated(self) -> None:
        if isinstance(self.background, Generated):
            raise BadFinish(
                "A background is not generated anew for every frame: generate one with 'frisket "
                "finish', and name its file with --background"
            )

    def _check_places(self, facts: Facts, matte: Path | None) -> None:
        """Refuse to write over what is read, or over what nobody has named."""
        first, *others = facts.outputs
        behind = self.background.path if isinstance(self.background, Backdrop) else None
        read = {"picture itself": facts.path, "matte": matte, "background": behind}
        for path, (what, taken) in product(facts.outputs, read.items()):
            if taken is not None and os.path.realpath(path) == os.path.realpath(taken):
                raise OutputError(
                    path, f"is the {what}, which a finish never replaces",
                    advice="name another file",
                )  # fmt: skip
        for path in others:
            if os.path.lexists(path) and not self.save.overwrite:
                raise OutputError(
                    path, "exists already", advice=f"add --overwrite, or name another than {first}"
                )

    def _check_inks(self, path: Path, own: Space, space: Space) -> None:
        alone = own.mode == "CMYK" and own.icc is None
        if alone and (space.mode, space.icc) != (own.mode, own.icc):
            raise BadFinish(
                f"{path} is CMYK without a usable profile, so its colours cannot be converted; "
                "embed a profile in it, or leave --icc out"
            )

    def run(self, task: FinishTask) -> list[str]:
        """Do the work: read, compute, write every file.

        Returns:
            Sentences for the user.

        Raises:
            FrisketError: it cannot be done; nothing is half-written.
        """
        with Workplace(task.progress) as work:
            subject = work.read(task.document, task.layer, task.alpha, task.colours, task.seen)
            scene = self._begin(task, subject, work)
            for step in self.list_steps():
                scene = step.apply(scene)
            task.progress("writing", 0, 1)
            done = self._finish(task, subject.space, scene)
            for path in self.save.list_outputs(task.output):
                apart = self.save.holds_shadows(path, task.output)
                save(done.take_shadows() if apart else done, path, self.save)
        return list(dict.fromkeys((*scene.notes, *self._tell_lost(task, done))))

    def render(self, task: FinishTask) -> Pixels:
        """Return a finished picture (height, width, bands) and write nothing.

        A matte that shows nothing leaves the background alone.

        Raises:
            FrisketError: it cannot be done.
        """
        self._refuse_generated()
        with Workplace() as work:
            subject = work.read(task.document, task.layer, task.alpha, task.colours, task.seen)
            if subject.box is None:
                whole = Box(0, 0, subject.colours.width, subject.colours.height)
                subject = replace(subject, box=whole)
            scene = self._begin(task, subject, work)
            for step in self.list_steps():
                scene = step.apply(scene)
            sheet = scene.flatten()
            bands = [sheet.colours] if sheet.coverage is None else [sheet.colours, sheet.coverage]
            return np.concatenate([to_array(band) for band in bands], axis=2)

    def _begin(self, task: FinishTask, subject: Subject, work: Workplace) -> Scene:
        """Return the picture on a canvas of its own size, in the colours of the finish."""
        if subject.box is None:
            raise EmptyMatte(
                task.document.path, "the matte shows no subject, so nothing was written",
                advice="look at the matte, or cut again with --box or --point",
            )  # fmt: skip
        own, space = subject.space, self.choose_space(subject.space)
        width, height = subject.colours.width, subject.colours.height
        if subject.alpha is None:
            alpha = make_plane(width, height, (space.peak,), space.depth)
        else:
            alpha = rescale(subject.alpha, own.depth, space.depth)
        colours = space.take_image(subject.colours, own, work.folder)
        original = colours
        if subject.original is not subject.colours:
            original = space.take_image(subject.original, own, work.folder)
        touched = subject.box.touch(width, height) if subject.alpha is not None else frozenset()
        return Scene(
            space, colours, alpha, original, Placement(width, height, 1.0, 0, 0), subject.box,
            touched, work,
        )  # fmt: skip

    def _finish(self, task: FinishTask, own: Space, scene: Scene) -> Finished:
        is_converted = (own.mode, own.icc) != (scene.space.mode, scene.space.icc)
        told = task.document.tell_beside(task.layer)
        told = scene.credit.add_to(told) if scene.credit else told
        beside = self.save.choose_beside(told, scene.dpi, is_converted)
        return Finished(scene, beside)

    def _tell_lost(self, task: FinishTask, done: Finished) -> Iterator[str]:
        for path in self.save.list_outputs(task.output):
            if lost := tell_lost(done.beside, path):
                yield f"{path.name} is written without {', '.join(lost)}."


@dataclass(frozen=True)
class FinishTask:
    """One picture to finish.

    Attributes:
        document, layer: the picture.
        alpha: its matte; None where its own transparency is meant.
        output: the file; its suffix names the format.
        colours: cleaned colours of the edge, where there are such.
        seen: called with the number of pixels of each block that was read.
        progress: told the stages behind that, such as "generating", up to "writing".
    """

    document: Document
    layer: Layer
    alpha: AlphaSource | None
    output: Path
    colours: ColourSource | None = None
    seen: Callable[[int], None] = lambda pixels: None
    progress: Progress = lambda stage, done, total: None

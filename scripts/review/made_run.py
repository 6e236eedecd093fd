"""Makes the journal of a batch without running one: for tests, benchmarks and screenshots.

Every picture is drawn here: soft discs and rounded shapes before a coloured ground.
"""

from __future__ import annotations

import colorsys
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from frisket.jobs.batch.fingerprint import describe_recipe, identify_recipe
from frisket.jobs.batch.journal import Findings, Journal
from frisket.jobs.batch.lookups import FOLDER
from frisket.jobs.batch.states import Row, State, Verdict, stamp_of
from frisket.jobs.previews import Preview
from frisket.jobs.task import CutOptions

Bytes8 = npt.NDArray[np.uint8]
REASONS = (
    "The matte has holes inside the subject.",
    "The edge is unsure along a large part of the outline.",
    "The subject touches the border of the picture.",
)
RECIPE = describe_recipe(CutOptions())


@dataclass(frozen=True, eq=False)
class Scene:
    """A drawn picture: `colours` (height, width, 3) and `alpha` (height, width), uint8."""

    colours: Bytes8
    alpha: Bytes8

    @property
    def cutout(self) -> Image.Image:
        """The subject alone."""
        return Image.fromarray(np.dstack([self.colours, self.alpha]))


@cache
def draw_scene(width: int, height: int, seed: int) -> Scene:
    """Return a lobed shape with a soft edge before a graded ground."""
    dice = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32) / min(width, height)
    middle = (width / min(width, height) / 2, height / min(width, height) / 2)
    dx, dy = x - middle[0] - dice.uniform(-0.12, 0.12), y - middle[1] - dice.uniform(-0.08, 0.08)
    angle, distance = np.arctan2(dy, dx), np.hypot(dx, dy)
    lobes, depth = int(dice.integers(3, 9)), float(dice.uniform(0.02, 0.08))
    radius = dice.uniform(0.24, 0.36) + depth * np.cos(lobes * angle + dice.uniform(0, 6))
    softness = dice.uniform(0.006, 0.03)
    alpha = np.clip((radius - distance) / softness + 0.5, 0, 1)
    hue = float(dice.uniform())
    ground = _shade(hue + 0.5, 0.35, 0.75 - 0.25 * y)
    subject = _shade(hue, 0.65, 0.95 - 0.5 * np.clip(distance / 0.4, 0, 1))
    colours = ground * (1 - alpha[..., None]) + subject * alpha[..., None]
    grain = dice.normal(0, 3, (height, width, 1))
    return Scene(_round(colours * 255 + grain), _round(alpha * 255))


Floats = npt.NDArray[np.float32]


def _shade(hue: float, saturation: float, value: Floats) -> Floats:
    colour = np.array(colorsys.hsv_to_rgb(hue % 1, saturation, 1), np.float32)
    return np.asarray(colour * value[..., None], np.float32)


def _round(values: npt.NDArray[np.floating]) -> Bytes8:
    rounded: Bytes8 = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded


class MadeRun:
    """A batch's folder with a journal that is filled by hand.

    Args:
        folder: `in` and `out` are made in it, where they are missing.
    """

    def __init__(self, folder: Path) -> None:
        self.inputs, self.out = folder / "in", folder / "out"
        self.inputs.mkdir(parents=True, exist_ok=True)
        self.out.mkdir(exist_ok=True)
        self.journal = Journal.open(self.out / FOLDER, make=True)
        self.journal.begin_run(["batch"], {identify_recipe(RECIPE): RECIPE})

    def add(
        self,
        name: str,
        scene: Scene,
        verdict: Verdict | None = None,
        *,
        thumbnails: Mapping[int, Mapping[str, bytes]] | None = None,
    ) -> Row:
        """Add a cutout that is done.

        Args:
            name: of the original, with its folder; the pictures are written.
            scene: what it shows.
            verdict: of the server.
            thumbnails: by longer side and name; by default those that a run keeps.
        """
        verdict = verdict or Verdict(0.96)
        source, output = self._name(name)
        source.write_bytes(encode_png(scene, cut=False))
        output.write_bytes(encode_png(scene, cut=True))
        row = self._enter(source, output)
        self.journal.mark_written(row.id, stamp_of(output), find(scene, verdict))
        self.journal.mark_done(row.id)
        self._keep(row, thumbnails or make_thumbnails(scene, verdict.needs_review))
        return self.journal.get(row.id)

    def fail(self, name: str, reason: str, state: State = State.FAILED) -> Row:
        """Add a result that was given up."""
        source, output = self._name(name)
        source.write_bytes(b"no picture")
        row = self._enter(source, output)
        self.journal.mark_failed(row.id, state, reason)
        return self.journal.get(row.id)

    def wait(self, name: str) -> Row:
        """Add a result that is to be made."""
        source, output = self._name(name)
        source.write_bytes(b"a picture, later")
        identity = identify_recipe(RECIPE)
        return self.journal.enter(source, stamp_of(source), identity, output)

    def _name(self, name: str) -> tuple[Path, Path]:
        source = self.inputs / name
        output = (self.out / name).with_name(f"{source.stem}-cutout.png")
        for path in (source, output):
            path.parent.mkdir(parents=True, exist_ok=True)
        return source, output

    def _enter(self, source: Path, output: Path) -> Row:
        stamp = stamp_of(source)
        row = self.journal.enter(source, stamp, identify_recipe(RECIPE), output)
        self.journal.claim(row.id, stamp, "content", output.with_name(".part.png"))
        return row

    def _keep(self, row: Row, thumbnails: Mapping[int, Mapping[str, bytes]]) -> None:
        for pixels, pictures in thumbnails.items():
            for name, data in pictures.items():
                self.journal.keep_thumbnail(row.id, pixels, name, data)


def find(scene: Scene, verdict: Verdict) -> Findings:
    """Return what a run would note of a scene."""
    return Findings("cutout", 1.4, scene.alpha.size / 1e6, "made-up", "cpu", verdict)


@cache
def encode_png(scene: Scene, cut: bool) -> bytes:
    """Return a scene as PNG: the whole of it, or its subject alone."""
    buffer = io.BytesIO()
    picture = scene.cutout if cut else Image.fromarray(scene.colours)
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


@cache
def make_thumbnails(scene: Scene, flagged: bool) -> dict[int, dict[str, bytes]]:
    """Return the small pictures that a run keeps of a scene."""
    preview = Preview(scene.colours, scene.alpha)
    return {pixels: preview.encode(pixels) for pixels in ((256, 1024) if flagged else (256,))}


def fill_many(
    run: MadeRun, number: int, scenes: Sequence[Scene], seen: Callable[[int], None] = lambda n: None
) -> None:
    """Add many results that show some scenes in turns, every eighth of which asks for an eye."""
    kept = {flagged: [make_thumbnails(one, flagged) for one in scenes] for flagged in (False, True)}
    for index in range(number):
        flagged = index % 8 == 3
        verdict = Verdict(0.9 + index % 10 / 100)
        if flagged:
            verdict = Verdict(0.3 + index % 40 / 100, True, (REASONS[index % len(REASONS)],))
        at = index % len(scenes)
        name = f"shoot {index // 100 + 1:02}/IMG_{index:04}.png"
        run.add(name, scenes[at], verdict, thumbnails=kept[flagged][at])
        seen(index)

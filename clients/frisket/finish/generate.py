"""A background that a generator makes of a prompt."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image as PilImage

from .background import Backdrop, check_inks
from .credit import Credit
from .generation import OUTPUT, SUBJECT, Request, ask
from .generators import Generator, find_generator, require_consent
from .place import resize_straight
from .scene import Facts, Scene
from .space import Space, rescale
from .vips import to_array
from .words import Named

_MOST_LETTERS = 2000
_MOST_SEED = (1 << 31) - 1


@dataclass(frozen=True)
class Choice:
    """Which generator, and what it is told beside the prompt.

    Attributes:
        name: in `generators.toml`; empty for the one that is meant without a name.
        seed: the same one gives the same picture again.
        steps: 0 for the generator's own.
        device: empty for the generator's own.
    """

    name: str = ""
    seed: int = 0
    steps: int = 0
    device: str = ""

    def find(self) -> Generator:
        """Return the generator; see `find_generator`."""
        found = find_generator(self.name)
        return replace(found, steps=self.steps or found.steps, device=self.device or found.device)


@dataclass(frozen=True)
class Generated:
    """A background that a generator makes of a prompt, behind the subject.

    Attributes:
        prompt: what it shows.
        choice: of the generator.
    """

    prompt: str
    choice: Choice = field(default_factory=Choice)
    opaque = True

    def check(self, facts: Facts) -> None:
        """Refuse what no generator is there for, or whose licence is not accepted.

        Raises:
            BadFinish: it is one of these, or the picture's inks have no profile.
        """
        generator = self.choice.find()
        require_consent(generator, generator.licence)
        check_inks(facts, Space("RGB", 8), facts.path)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the picture, with a note on what made it.

        Raises:
            BadFinish: the generator gives none.
        """
        generator = self.choice.find()
        width, height = generator.choose_size(scene.width, scene.height)
        request = Request(
            self.prompt, width, height, self.choice.seed, generator.steps, generator.device
        )
        folder = scene.work.make_folder()
        draw_subject(scene, width, height).save(folder / SUBJECT)
        told = ask(generator, request, folder, scene.work.progress)
        licence = told.get("licence") or generator.licence
        require_consent(generator, licence)
        credit = Credit(self.prompt, request.seed, told.get("model") or generator.model, licence)
        scene = Backdrop(folder / OUTPUT, name="the generated background").apply(scene)
        return replace(scene.note(credit.describe()), credit=credit)


def draw_subject(scene: Scene, width: int, height: int) -> Any:
    """Return the subject as a Pillow image of 8 bits sRGB with opacity, in a size."""
    size = (width / scene.width, height / scene.height)
    colours, alpha = resize_straight(scene.subject, scene.alpha, *size, scene.work)
    shown = Space("RGB", 8).take_image(colours, scene.space, scene.work.folder)
    opacity = rescale(alpha, scene.space.depth, 8)
    return PilImage.fromarray(to_array(shown.bandjoin(opacity)), "RGBA").resize((width, height))


def read_prompt(text: str) -> Generated:
    """Return the background of a text "generate: PROMPT".

    Raises:
        ValueError: it has no prompt, or a very long one.
    """
    prompt = text.partition(":")[2].strip()
    if not prompt:
        raise ValueError(f"{text!r} says nothing to generate: write generate: a marble table")
    if len(prompt) > _MOST_LETTERS:
        raise ValueError(f"a prompt of {len(prompt)} letters is too long: use {_MOST_LETTERS}")
    return Generated(prompt)


def _read_whole(low: int, high: int, text: str) -> int:
    if not text.strip().isdecimal() or not low <= int(text) <= high:
        raise ValueError(f"{text!r} is no whole number from {low} to {high}")
    return int(text)


def _read_word(text: str) -> str:
    if not re.fullmatch(r"[\w:.-]{1,40}", text):
        raise ValueError(f"{text!r} is no device: write cpu, cuda or cuda:1")
    return text


_VALUES = {
    "seed": lambda text: _read_whole(0, _MOST_SEED, text),
    "steps": lambda text: _read_whole(1, 1000, text),
    "device": _read_word,
}


def read_generator(text: str) -> Choice:
    """Return the choice that a text names: NAME, or NAME:seed=7,steps=30,device=cuda.

    Raises:
        ValueError: a value does not exist.
    """
    name = text.strip().partition(":")[0]
    if not name:
        raise ValueError(f"{text!r} names no generator: write NAME:seed=7")
    return Choice(name, **Named({name: _VALUES}, "a generator")(text)[1])

"""Backgrounds: colours, gradients, pictures, and the original behind its own subject."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from frisket.documents import open_document

from .blur import LEAST_SIGMA, blur_around
from .dither import dither
from .entry import Subject, describe_space
from .errors import BadFinish
from .geometry import Length
from .gradient import Gradient, read_gradient
from .place import place_original, resize, resize_straight
from .readers import read_file
from .scene import Facts, Scene, Sheet, Step, lay_over
from .space import Space, rescale
from .vips import Image, embed, from_array, load_vips, make_plane, round_to
from .words import Named, Srgb, read_colour, read_margin, read_share

TRANSPARENT = "transparent"
LUMA = (0.2126, 0.7152, 0.0722)
"""Weights of red, green and blue in ITU-R BT.709."""
_CALL = re.compile(r"[a-z]+\(.*\)", re.IGNORECASE)
_ORIGINAL = Named(
    {"original": {"blur": read_margin, "saturation": read_share}}, "the original picture"
)


class Background(Step, Protocol):
    """A step that lays something below everything."""

    @property
    def opaque(self) -> bool:
        """Whether it covers the whole canvas."""


@dataclass(frozen=True)
class Transparent:
    """Nothing below the subject."""

    opaque = False

    def check(self, facts: Facts) -> None:
        """Accept everything."""

    def apply(self, scene: Scene) -> Scene:
        """Return the scene as it is."""
        return scene


@dataclass(frozen=True)
class Solid:
    """One colour of sRGB."""

    colour: Srgb
    opaque = True

    def check(self, facts: Facts) -> None:
        """Refuse a colour that nothing leads to.

        Raises:
            BadFinish: the picture's inks have no profile.
        """
        check_colour(facts, self.colour)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the colour."""
        colour = scene.space.take_colour(self.colour)
        plane = make_plane(scene.width, scene.height, colour, scene.space.depth)
        return scene.lay(Sheet("Background", plane), 0)


def check_colour(facts: Facts, colour: Srgb) -> None:
    """Refuse a colour that the picture's mode cannot be told.

    Raises:
        BadFinish: its inks have no profile.
    """
    try:
        facts.space.take_colour(colour)
    except ValueError as error:
        raise BadFinish(
            f"{facts.path}: a colour cannot be turned into its inks, for {error}; "
            "embed a profile in it"
        ) from None


@dataclass(frozen=True)
class Graded:
    """A gradient; at 8 bits it is dithered."""

    gradient: Gradient
    opaque = True

    def check(self, facts: Facts) -> None:
        """Refuse colours that nothing leads to.

        Raises:
            BadFinish: the picture's inks have no profile.
        """
        for colour, _ in self.gradient.stops:
            check_colour(facts, colour)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the gradient."""
        table = from_array(Space(scene.space.mode, 16, scene.space.icc).take_srgb(
            self.gradient.tabulate()
        ))  # fmt: skip
        places = measure_places(self.gradient, scene.width, scene.height)
        colours = round_to(places * 65535, "ushort").maplut(table)
        return scene.lay(Sheet("Background", dither(colours, scene.space.depth)), 0)


def measure_places(gradient: Gradient, width: int, height: int) -> Image:
    """Return the place of every pixel in a gradient: one band, 0 to 1 and beyond."""
    grid = load_vips().Image.xyz(width, height)
    if gradient.kind == "linear":
        a, b, c = gradient.measure(width, height)
        return grid[0] * a + grid[1] * b + c
    x, y = gradient.centre[0] * width - 0.5, gradient.centre[1] * height - 0.5
    across, down = grid[0] - x, grid[1] - y
    return (across * across + down * down) ** 0.5 / gradient.reach(width, height)


@dataclass(frozen=True)
class Original:
    """The picture itself, perhaps blurred and with less colour.

    Attributes:
        blur: the Gaussian's two sigmas, roughly what the eye calls its radius; a share is one of
            the canvas's longer side.
        saturation: how much of its colour stays, 0 to 1.
    """

    blur: Length = Length(0.0)
    saturation: float = 1.0
    opaque = True

    def check(self, facts: Facts) -> None:
        """Refuse less colour of inks.

        Raises:
            BadFinish: the picture is CMYK.
        """
        if self.saturation < 1 and facts.space.mode == "CMYK":
            raise BadFinish(
                f"{facts.path}: inks cannot be desaturated by themselves; "
                f"{facts.space.advise_srgb()}"
            )

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above its own original."""
        image = place_original(scene)
        sigma = self.blur.measure(max(scene.width, scene.height)) / 2
        if sigma >= LEAST_SIGMA:
            image = blur_around(image, scene.alpha, sigma, scene.work)
        if self.saturation < 1 and scene.space.mode == "RGB":
            image = desaturate(image, self.saturation)
        return scene.lay(Sheet("Background", image), 0)


def desaturate(image: Image, kept: float) -> Image:
    """Return RGB with a share of its colour, by the weights of ITU-R BT.709."""
    matrix = [
        [(1 - kept) * weight + kept * (row == column) for column, weight in enumerate(LUMA)]
        for row in range(3)
    ]
    return round_to(image.recomb(matrix), image.format)


@dataclass(frozen=True)
class Backdrop:
    """Another picture: a template, a surface, a place.

    Attributes:
        path: the file.
        fit: "fill" covers the canvas and cuts what stands out, "fit" shows all of it, "stretch"
            changes its ratio, "pad" keeps its size.
        offset: how far it is moved from the middle; shares are of the canvas.
        around: a colour for what it does not cover.
        name: what messages call it; its path without one.
    """

    path: Path
    fit: str = "fill"
    offset: tuple[Length, Length] = (Length(0), Length(0))
    around: Srgb = (255, 255, 255)
    name: str = ""
    opaque = True

    def check(self, facts: Facts) -> None:
        """Refuse a picture that cannot be read, or whose colours cannot become the subject's.

        Raises:
            DocumentError: it cannot be read.
            BadFinish: one of the two has inks without a profile.
        """
        check_colour(facts, self.around)
        with open_document(self.path) as document:
            space, _ = describe_space(document, document.find_layer(None))
        check_inks(facts, space, self.path)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the picture, with a note where it had to be enlarged."""
        with open_document(self.path) as document:
            picture = scene.work.read(document, document.find_layer(None), None)
        colours = scene.space.take_image(picture.colours, picture.space, scene.work.folder)
        sheet = Sheet("Background", *self._fit(scene, colours, picture))
        around = scene.space.take_colour(self.around)
        plane = make_plane(scene.width, scene.height, around, scene.space.depth)
        scene = scene.lay(lay_over(sheet, Sheet("Background", plane)), 0)
        across, down = self._measure(scene, colours)
        if max(across, down) > 1:
            return scene.note(
                f"{self.name or self.path} has {colours.width} × {colours.height} pixels and the "
                f"canvas {scene.width} × {scene.height}: it is enlarged {max(across, down):.1f} "
                "times, and looks soft"
            )
        return scene

    def _fit(self, scene: Scene, colours: Image, picture: Subject) -> tuple[Image, Image]:
        """Return colours and coverage of the picture on the canvas."""
        across, down = self._measure(scene, colours)
        if picture.alpha is None:
            name = colours.interpretation
            colours = resize(colours, across, down, scene.work)
            colours = colours.copy(interpretation=name)
            peak = (scene.space.peak,)
            alpha = make_plane(colours.width, colours.height, peak, scene.space.depth)
        else:
            alpha = rescale(picture.alpha, picture.space.depth, scene.space.depth)
            colours, alpha = resize_straight(colours, alpha, across, down, scene.work)
        x = round((scene.width - colours.width) / 2 + self.offset[0].measure(scene.width))
        y = round((scene.height - colours.height) / 2 + self.offset[1].measure(scene.height))
        size = (scene.width, scene.height)
        return embed(colours, x, y, *size), embed(alpha, x, y, *size)

    def _measure(self, scene: Scene, colours: Image) -> tuple[float, float]:
        """Return how the picture is scaled, across and down."""
        across, down = scene.width / colours.width, scene.height / colours.height
        if self.fit == "stretch":
            return across, down
        scale = {"fill": max(across, down), "fit": min(across, down), "pad": 1.0}[self.fit]
        return scale, scale


def check_inks(facts: Facts, space: Space, path: Path) -> None:
    """Refuse a background whose colours cannot become the subject's.

    Args:
        facts: of the subject's picture.
        space: of the background.
        path: the background's file.

    Raises:
        BadFinish: one of the two has inks without a profile.
    """
    alone = [one for one in (space, facts.space) if one.mode == "CMYK" and one.icc is None]
    if not alone or (space.mode == facts.space.mode == "CMYK" and len(alone) == 2):
        return
    what = path if space in alone else facts.path
    raise BadFinish(
        f"{what} is CMYK without a usable profile, so colours cannot be turned into its inks "
        "or back; embed a profile in it"
    )


def read_background(text: str) -> Background:
    """Return the background that a text names.

    It is "transparent", a CSS colour, a CSS gradient, "original" (perhaps with blur and
    saturation), "generate:" with a prompt, "spot(…)", or the path of a picture.

    Raises:
        ValueError: it is none of them.
    """
    word = text.strip()
    if word.lower() == TRANSPARENT:
        return Transparent()
    gradient = read_gradient(word)
    if gradient is not None:
        return Graded(gradient)
    if word.partition(":")[0] == "generate":
        from .generate import read_prompt

        return read_prompt(word)
    if word.startswith("spot("):
        from .spot import read_spot

        return read_spot(word)
    if word.partition(":")[0] == "original":
        return Original(**_ORIGINAL(word)[1])
    try:
        return Solid(read_colour(word))
    except ValueError:
        if not _looks_like_file(word):
            raise
    return Backdrop(read_file(word))


def _looks_like_file(word: str) -> bool:
    if _CALL.fullmatch(word):
        return False  # a colour or a gradient that could not be read: .5) is no suffix
    # The system's own function tells of a name that is too long as well: nothing has it.
    return "/" in word or "\\" in word or bool(Path(word).suffix) or os.path.lexists(word)

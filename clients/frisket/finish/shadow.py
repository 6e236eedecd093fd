"""Shadows and reflections below a subject, made of its alpha."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from .background import check_colour
from .blur import blur_small, choose_shrink, enlarge, gauss
from .dither import dither_cover
from .entry import Workplace
from .errors import BadFinish
from .geometry import Length
from .ground import cover_cast, cover_contact, find_ground, measure_border
from .reduce import choose_factor, shrink
from .scene import Facts, Scene, Sheet
from .vips import Image, from_array, load_vips, make_plane, multiply, round_to, to_array
from .words import Named, Srgb, read_angle, read_colour, read_length, read_margin, read_share

_LEVELS = 65535
_PLAIN = 0.08  # a shadow of more opacity than this ends visibly where it is cut off


@dataclass(frozen=True)
class Drop:
    """The subject's own outline, moved and blurred, as on a wall close behind it.

    Attributes:
        angle: where the light comes from, in degrees: 90 is above, 180 from the left.
        distance: how far the shadow lies from the subject. This length and the next ones are
            pixels of the canvas, or shares of the subject's longer side.
        blur: about as wide as its soft edge.
        opacity: of the shadow, 0 to 1.
        colour: of sRGB.
        spread: how much wider than the subject it is before it is blurred.
    """

    angle: float = 120.0
    distance: Length = Length(0.02, relative=True)
    blur: Length = Length(0.04, relative=True)
    opacity: float = 0.35
    colour: Srgb = (0, 0, 0)
    spread: Length = Length(0.0)

    def check(self, facts: Facts) -> None:
        """Refuse a colour that nothing leads to; see `check_colour`."""
        check_colour(facts, self.colour)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the shadow."""
        side = scene.box.side
        away, turn = self.distance.measure(side), math.radians(self.angle)
        shift = (round(-away * math.cos(turn)), round(away * math.sin(turn)))
        sigma = max(0.5, self.blur.measure(side) / 2)
        cover = self._blur(scene, sigma, self.spread.measure(side), shift)
        return lay_shadow(scene, "Drop shadow", self.colour, cover, self.opacity)

    def _blur(self, scene: Scene, sigma: float, spread: float, shift: tuple[int, int]) -> Image:
        alpha = deepen(scene.alpha)
        factor = choose_shrink(min(sigma, spread) if spread > 0 else sigma)
        if spread > 0:
            alpha = widen(alpha, spread, factor, scene.work)
            small = round_to(gauss(alpha, sigma / factor), "ushort")
            small = scene.work.keep(small) if factor > 1 else small
        else:
            small = blur_small(alpha, sigma, factor, scene.work)
        return enlarge(small, factor, scene.width, scene.height, shift)


def widen(alpha: Image, pixels: float, factor: int, work: Workplace) -> Image:
    """Return an alpha, shrunk by a factor, whose outline is moved outwards.

    A straight edge under a Gaussian has fallen to 1 − Φ(1) = 0.1587 one sigma outside of it; what
    lies above that becomes full.
    """
    small = blur_small(alpha, pixels, factor, work) if factor > 1 else gauss(alpha, pixels)
    return ((small - 0.1587 * _LEVELS) * 8 + _LEVELS / 2).rint().cast("ushort")


def deepen(alpha: Image) -> Image:
    """Return an alpha of 16 bits."""
    return alpha if alpha.format == "ushort" else (alpha * 257).cast("ushort")


def lay_shadow(scene: Scene, name: str, colour: Srgb, cover: Image, opacity: float) -> Scene:
    """Return a scene with a shadow below its subject.

    Args:
        scene: the scene.
        name: of the sheet.
        colour: of the shadow.
        cover: where it lies: one band of the canvas's size, ushort.
        opacity: what the cover is multiplied by.
    """
    space = scene.space
    cover = dither_cover(round_to(cover * opacity, "ushort"), space.depth)
    plane = make_plane(scene.width, scene.height, space.take_colour(colour), space.depth)
    return scene.lay(Sheet(name, plane, cover, is_shadow=True))


@dataclass(frozen=True)
class Cast:
    """The subject's shadow on the ground that it stands on.

    It begins at the lower outline, leads away from the light, and is softer the farther it falls.

    Attributes:
        azimuth: where the light comes from, seen from above, in degrees: 0 from behind the camera,
            so that the shadow falls backwards; 90 from the right, −90 from the left, 180 from
            behind the subject, so that it falls towards the camera.
        height: of the light above the ground, 5 to 85 degrees.
        blur: at the shadow's far end; a share is one of the subject's longer side.
        opacity: at the subject.
        fade: how much less of it is left at the far end.
        colour: of sRGB.
    """

    azimuth: float = -45.0
    height: float = 45.0
    blur: Length = Length(0.06, relative=True)
    opacity: float = 0.5
    fade: float = 0.6
    colour: Srgb = (0, 0, 0)

    def check(self, facts: Facts) -> None:
        """Refuse a light below the ground, and a colour that nothing leads to.

        Raises:
            BadFinish: its height does not lie between 5 and 85 degrees, or see `check_colour`.
        """
        if not 5 <= self.height <= 85:
            raise BadFinish(
                f"A light {self.height:g} degrees above the ground casts no shadow that is of use: "
                "height lies between 5 and 85"
            )
        check_colour(facts, self.colour)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the shadow; without one where nothing stands on a ground."""
        if is_cut_off(scene):
            return scene.note(_tell_cut_off("cast"))
        alpha, factor = shrink_alpha(scene)
        cover = cover_cast(
            alpha, find_ground(alpha), self.azimuth, self.height,
            self.blur.measure(scene.box.side) / factor, self.fade,
        )  # fmt: skip
        if measure_border(cover) * self.opacity > _PLAIN:
            scene = scene.note(
                "the canvas ends before the cast shadow does: a wider --crop or --canvas shows "
                "more of it"
            )
        full = enlarge_map(cover, factor, scene)
        return lay_shadow(scene, "Cast shadow", self.colour, full, self.opacity)


@dataclass(frozen=True)
class Contact:
    """The narrow dark line where a subject meets the ground.

    Attributes:
        size: how far it reaches; a share is one of the subject's longer side.
        opacity: where it is darkest.
        colour: of sRGB.
    """

    size: Length = Length(0.03, relative=True)
    opacity: float = 0.6
    colour: Srgb = (0, 0, 0)

    def check(self, facts: Facts) -> None:
        """Refuse a colour that nothing leads to; see `check_colour`."""
        check_colour(facts, self.colour)

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the shadow; without one where nothing stands on a ground."""
        if is_cut_off(scene):
            return scene.note(_tell_cut_off("contact"))
        alpha, factor = shrink_alpha(scene)
        size = self.size.measure(scene.box.side) / factor
        cover = cover_contact(alpha, find_ground(alpha), size)
        full = enlarge_map(cover, factor, scene)
        return lay_shadow(scene, "Contact shadow", self.colour, full, self.opacity)


@dataclass(frozen=True)
class Reflection:
    """The subject upside down below itself, as on polished ground.

    Attributes:
        fade: how far down it is seen, a share of the subject's height.
        gap: between the subject and its reflection; a share is one of its longer side.
        opacity: at the subject.
    """

    fade: float = 0.35
    gap: Length = Length(0.0)
    opacity: float = 0.35

    def check(self, facts: Facts) -> None:
        """Accept everything."""

    def apply(self, scene: Scene) -> Scene:
        """Return the scene above the reflection; without one where nothing stands on a ground."""
        if is_cut_off(scene):
            return scene.note(_tell_cut_off("reflection"))
        down = 2 * scene.box.bottom + round(self.gap.measure(scene.box.side)) - scene.height
        colours, alpha = (
            _move_down(image.flip("vertical"), down) for image in (scene.subject, scene.alpha)
        )
        first = scene.box.bottom + round(self.gap.measure(scene.box.side))
        reach = max(1.0, self.fade * scene.box.height)
        rows = load_vips().Image.xyz(scene.width, scene.height)[1]
        left = 1 - (rows - first) / reach
        left = (left > 0).ifthenelse(left, 0)
        fading = dither_cover(
            round_to((left * left) * (self.opacity * _LEVELS), "ushort"), scene.space.depth
        )
        cover = multiply(alpha, fading)
        return scene.lay(Sheet("Reflection", colours, cover, is_shadow=True))


def _move_down(image: Image, rows: int) -> Image:
    from .vips import embed

    return embed(image, 0, rows, image.width, image.height)


Shadow = Drop | Cast | Contact | Reflection


def is_cut_off(scene: Scene) -> bool:
    """Tell whether the picture ends before the subject does, at the bottom."""
    return "bottom" in scene.touched


def _tell_cut_off(kind: str) -> str:
    return (
        f"the picture cuts the subject off at the bottom, so a {kind} shadow would lie off the "
        "canvas: it is left out"
    ).replace("reflection shadow", "reflection")


def shrink_alpha(scene: Scene) -> tuple[Any, int]:
    """Return the canvas's alpha as a small float32 (height, width) of 0..1, and the factor."""
    factor = choose_factor(scene.width, scene.height)
    small = shrink(deepen(scene.alpha), factor, scene.work)
    return to_array(small)[..., 0].astype("float32") / _LEVELS, factor


def enlarge_map(cover: Any, factor: int, scene: Scene) -> Image:
    """Return a small cover of 0..1 at the canvas's size, ushort."""
    values = (cover.clip(0, 1) * _LEVELS + 0.5).astype("uint16")
    return enlarge(from_array(values), factor, scene.width, scene.height)


_KINDS: dict[str, type[Any]] = {
    "drop": Drop, "cast": Cast, "contact": Contact, "reflection": Reflection,
}  # fmt: skip
_READERS: dict[str, Callable[[str], Any]] = {
    "angle": read_angle, "azimuth": read_angle, "height": read_angle, "distance": read_margin,
    "blur": read_margin, "opacity": read_share, "colour": read_colour, "spread": read_margin,
    "fade": read_share, "size": read_margin, "gap": read_length,
}  # fmt: skip
SHADOWS = {
    name: {field.name: _READERS[field.name] for field in fields(kind)}
    for name, kind in _KINDS.items()
}
_NAMED = Named(SHADOWS, "a shadow")


def read_shadow(text: str) -> Shadow:
    """Return the shadow that a text names: drop, cast, contact or reflection, with its values.

    Raises:
        ValueError: it names none.
    """
    kind, values = _NAMED(text)
    shadow: Shadow = _KINDS[kind](**values)
    return shadow

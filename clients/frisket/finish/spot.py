"""A background in an ink of its own: a named spot colour, as a plate below the subject."""

from __future__ import annotations

from dataclasses import dataclass, replace

from frisket.documents.psd.layered import SpotInk

from .errors import BadFinish
from .formats import LAYERED
from .scene import Facts, Scene
from .words import read_colour, split_outside

_MOST_LETTERS = 63


@dataclass(frozen=True)
class Spot:
    """Full ink of a spot colour around the subject, knocked out where the subject is opaque.

    Attributes:
        ink: its name and how screens show it.
    """

    ink: SpotInk
    opaque = False

    def check(self, facts: Facts) -> None:
        """Refuse files that hold no plate of their own for an ink.

        Raises:
            BadFinish: one is neither a PSD nor a PSB.
        """
        for path in facts.outputs:
            if path.suffix.lower() not in LAYERED:
                raise BadFinish(
                    f"{path} holds no spot colours: write .psd or .psb, or name a colour that the "
                    "picture's own inks print"
                )

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the plate; shadows print above it in the picture's own colours."""
        return replace(scene, spot=self.ink)


def read_spot(text: str) -> Spot:
    """Return the background of a text "spot(NAME, COLOUR)".

    Raises:
        ValueError: the name or the colour is missing or not possible.
    """
    inner = text.strip().removeprefix("spot(").removesuffix(")")
    name, *rest = split_outside(inner)
    printable = name.isprintable() and 0 < len(name) <= _MOST_LETTERS
    if not printable or not rest or not text.strip().endswith(")"):
        raise ValueError(
            f"{text!r} is no spot colour: write spot(NAME, COLOUR) as spot(PANTONE 186 C, #c8102e)"
        )
    return Spot(SpotInk(name, read_colour(",".join(rest))))

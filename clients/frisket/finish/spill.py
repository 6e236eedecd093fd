"""The light of a coloured screen that falls on the subject, taken out of its colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .errors import BadFinish
from .scene import Facts, Scene
from .vips import round_to

SCREENS = {"green": 1, "blue": 2}
"""Screens by name, with the band of RGB that each shines in."""


def read_screen(text: str) -> str:
    """Return one of `SCREENS`."""
    word = text.strip().lower()
    if word not in SCREENS:
        raise ValueError(f"{text!r} is no screen: use {', '.join(SCREENS)}")
    return word


@dataclass(frozen=True)
class Spill:
    """Takes a screen's light out of the subject, inside of it as well as at its edge.

    Where the screen's band is stronger than the mean of the other two, it is lowered towards that;
    all other pixels stay to the bit.

    Attributes:
        screen: "green" or "blue".
        strength: 0 to 1.
    """

    screen: str = "green"
    strength: float = 1.0

    def check(self, facts: Facts) -> None:
        """Refuse what has no colours of light.

        Raises:
            BadFinish: the picture is CMYK or grey.
        """
        if facts.space.mode != "RGB":
            raise BadFinish(
                f"{facts.path} is {facts.space.mode}, and a screen's spill is taken out of RGB; "
                f"{facts.space.advise_srgb()}"
            )

    def apply(self, scene: Scene) -> Scene:
        """Return the scene with the other subject; the original stays."""
        number = SCREENS[self.screen]
        bands = [scene.subject[band] for band in range(3)]
        others = [band for at, band in enumerate(bands) if at != number]
        excess = bands[number] - (others[0] + others[1]) / 2
        taken = (excess > 0).ifthenelse(excess, 0) * self.strength
        bands[number] = round_to(bands[number] - taken, scene.subject.format)
        joined = bands[0].bandjoin(bands[1:])
        return replace(scene, subject=joined.copy(interpretation=scene.subject.interpretation))

"""What a live picture is to be, as plain values that check themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from frisket.finish.options import choose_frame_steps
from frisket.jobs.choices import BadOption, check_choice
from frisket.jobs.connection import ServerChoice
from frisket.protocol.choices import DEFAULT_QUALITY, QUALITIES

BACKGROUNDS = ("original:blur=2%", "white", "transparent", "alpha")
"""What can be switched to where nobody says anything."""
MOST_EVERY = 30


@dataclass(frozen=True)
class Switches:
    """Which steps are done; each can be switched while the picture runs.

    Attributes:
        mask: the subject is cut out at all.
        steady: a mask is steadied by those before it.
        flow: a mask follows the motion on pictures between two inferences.
        hard: the edge is hard, at the threshold.
        mirror: left and right change places, as people know themselves.
    """

    mask: bool = True
    steady: bool = True
    flow: bool = True
    hard: bool = False
    mirror: bool = False


SWITCHES = tuple(row.name for row in fields(Switches))
"""The names of the switches."""


@dataclass(frozen=True)
class LiveOptions:
    """How a camera is shown.

    Attributes:
        backgrounds: each "alpha" for the mask itself, "transparent" for squares, or as of
            `frisket finish --background`; the first is shown first.
        every: each how many-th picture is asked of the model.
        threshold: opacity from which on a hard edge is full, above 0 and at most 1; None for a
            soft edge, until somebody switches it.
        model: empty for the server's default.
        quality: one of `frisket.protocol.choices.QUALITIES`.
        mirror: begin mirrored.
        server: which server.
        finishing: more of `frisket finish`, by the names of `FRAME_STEPS`, on every background but
            the mask itself. They take most of a processor.

    Raises:
        BadOption: one of them has a value that does not exist.
    """

    backgrounds: tuple[str, ...] = BACKGROUNDS
    every: int = 1
    threshold: float | None = None
    model: str = ""
    quality: str = DEFAULT_QUALITY
    mirror: bool = False
    server: ServerChoice = field(default_factory=ServerChoice)
    finishing: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_choice("quality", self.quality, QUALITIES)
        object.__setattr__(self, "finishing", choose_frame_steps(self.finishing))
        if not 1 <= self.every <= MOST_EVERY:
            raise BadOption(f"every={self.every} is not possible: give 1 to {MOST_EVERY}.")
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise BadOption(f"threshold={self.threshold} does not lie above 0 and at most 1.")
        if not self.backgrounds:
            raise BadOption("There must be a background: name one, such as white.")

    @property
    def switches(self) -> Switches:
        """The switches at the start."""
        return Switches(hard=self.threshold is not None, mirror=self.mirror)

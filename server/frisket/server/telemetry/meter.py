"""The events that a server is measured by; without metrics nobody listens to them."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from frisket.protocol.reasons import Reason
from frisket.server.turns import Priority


class Stage(enum.Enum):
    """What the time of a call goes into; the values are labels."""

    CLIENT = "client"  # something is owed by the client: `open`, rows, tiles
    READ = "read"  # messages but tiles are unpacked and checked
    LOAD = "load"  # a model, a place or memory is waited for
    QUEUE = "queue"  # work stands in a line
    MODEL = "model"  # the model runs on the proxy
    SOLVE = "solve"  # the edge is solved and the tiles are chosen
    REFINE = "refine"  # a tile is unpacked, checked and computed
    WRITE = "write"  # answers are packed and written


class Method(enum.Enum):
    """The calls that are measured; the values are labels."""

    MATTE = "Matte"
    MATTE_IMAGE = "MatteImage"
    SEQUENCE = "SequenceMatte"


OK, GONE = "OK", "GONE"
"""How a call ended, beside the reasons: well, or because the client has left."""


@dataclass(frozen=True)
class Resident:
    """A model in memory.

    Attributes:
        model: its name in the registry.
        device: where it runs.
        size: bytes that the server counts for it.
    """

    model: str
    device: str
    size: int


@dataclass(frozen=True)
class Standing:
    """How a server stands at a moment.

    Attributes:
        sessions: sessions and pictures that have a place.
        max_sessions: that may have one.
        peak_bytes: the most memory that it took, its models' process included.
        residents: the models in memory.
    """

    sessions: int
    max_sessions: int
    peak_bytes: int
    residents: Sequence[Resident]


class Meter:
    """Hears what happens, on the event loop, and keeps nothing."""

    def enter_line(self, priority: Priority) -> None:
        """Hear that a piece of work waits."""

    def leave_line(self, priority: Priority, seconds: float) -> None:
        """Hear that a piece of work waits no more, and for how long it did."""

    def pass_stage(self, stage: Stage, seconds: float) -> None:
        """Hear how long a call was in a stage without a break; lines have events of their own."""

    def run_batch(self, pictures: int) -> None:
        """Hear that a model runs for so many pictures at once."""

    def show_first(self, seconds: float) -> None:
        """Hear how long after the call's beginning its first mask was sent."""

    def refuse(self, reason: Reason) -> None:
        """Hear that a call of any kind ended with a reason."""

    def end_call(self, method: Method, outcome: str, seconds: float) -> None:
        """Hear how a call ended and how long it took, without the time that it rested."""

    def stand(self, standing: Standing) -> None:
        """Hear how the server stands."""

"""How a folder is watched: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from frisket.jobs.choices import BadOption, check_choice
from frisket.jobs.watch.windows import Window

OVERWRITE, VERSION, FAIL = "overwrite", "version", "fail"
DUPLICATES = (OVERWRITE, VERSION, FAIL)
OPTIONAL, REQUIRED, OFF = "optional", "required", "off"
TICKETS = (OPTIONAL, REQUIRED, OFF)


@dataclass(frozen=True)
class Manners:
    """How a folder is watched.

    Attributes:
        moves: originals move through in, work, done and failed; otherwise they stay.
        poll_s: seconds between looks; None waits for events where the file system has them.
        looks: how many looks in a row must find a file the same; 1 or more.
        give_up_s: how long a file that does not open to its end may stand still before it
            counts as damaged.
        ignore_updates: a file that was done once is not done again when it changes.
        least_bytes: smaller files are left alone.
        windows: times of the day in which work is begun; none for the whole day.
        duplicates: one of `DUPLICATES`.
        tickets: one of `TICKETS`.
        once: what is there is done, and the watch ends.

    Raises:
        BadOption: one of them has a value that does not exist, or two exclude each other.
    """

    moves: bool = False
    poll_s: float | None = None
    looks: int = 3
    give_up_s: float = 60.0
    ignore_updates: bool = False
    least_bytes: int = 1
    windows: tuple[Window, ...] = ()
    duplicates: str = OVERWRITE
    tickets: str = OPTIONAL
    once: bool = False

    def __post_init__(self) -> None:
        check_choice("duplicates", self.duplicates, DUPLICATES)
        check_choice("tickets", self.tickets, TICKETS)
        if self.looks < 1 or self.least_bytes < 0 or self.give_up_s < 0:
            raise BadOption("looks is 1 or more; least_bytes and give_up_s are 0 or more.")
        if self.poll_s is not None and not self.poll_s > 0:
            raise BadOption(f"poll_s={self.poll_s} is not possible: give seconds above 0.")
        if self.ignore_updates and self.moves:
            raise BadOption(
                "Updates are ignored where originals stay; what is moved away and comes again is "
                "new: leave out one of the two, or say what becomes of duplicates."
            )

"""What a job ticket asks for, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from frisket.jobs.choices import BadOption
from frisket.jobs.names import Template
from frisket.jobs.task import CutOptions


class BadTicket(BadOption):
    """A job ticket makes no sense; the text names it and what is wrong."""


class TicketIncomplete(BadTicket):
    """A job ticket is no JSON yet, or names a side-car that is not there yet."""


@dataclass(frozen=True)
class Order:
    """How one picture is cut.

    Attributes:
        choices: the options of each result.
        template: how results are named.
    """

    choices: tuple[CutOptions, ...]
    template: Template


# Reads a ticket for a picture; raises BadTicket.
ReadTicket = Callable[[Path, Path], Order]

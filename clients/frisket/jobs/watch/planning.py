"""From a picture in a watched folder to the steps that a batch takes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from frisket.documents import (
    DocumentError,
    LayerNotFound,
    OutputError,
    Sandbox,
    UnreadableDocument,
)
from frisket.jobs.batch.agenda import Planned, describe_planned, plan_files
from frisket.jobs.batch.fingerprint import identify_recipe
from frisket.jobs.inputs import Input
from frisket.jobs.names import BadName, Template, check_collisions
from frisket.jobs.task import CutOptions
from frisket.jobs.watch.duplicates import Choice, Duplicates
from frisket.jobs.watch.orders import BadTicket, Order, ReadTicket

# One picture's results cannot be named: that is its own fault, and others go on. What a finish
# writes beside its output follows from the output's format.
_UNNAMED = (BadName, OutputError)


@dataclass(frozen=True)
class Plan:
    """What becomes of one picture.

    Attributes:
        path, below: where it lies, and its folder seen from the watched one.
        order: how it is cut.
        choices: a step for each result.
        fault: why nothing of it can be done, or None.
    """

    path: Path
    below: str
    order: Order
    choices: tuple[Choice, ...] = ()
    fault: Exception | None = None

    @property
    def is_work(self) -> bool:
        """Whether there is something to do."""
        return any(one.step.is_work for one in self.choices)


class Planner:
    """Plans pictures one by one; one thread.

    Args:
        usual: how a picture without a ticket is cut.
        overwrite: whether files that are there and not in the journal are replaced.
        read_ticket: reads the ticket of a picture that has one.
    """

    def __init__(self, usual: Order, overwrite: bool, read_ticket: ReadTicket) -> None:
        self._usual, self._overwrite, self._read_ticket = usual, overwrite, read_ticket
        self._sandbox = Sandbox()

    def close(self) -> None:
        """End the child that opens pictures first."""
        self._sandbox.close()

    def plan(self, path: Path, below: str, ticket: Path | None, duplicates: Duplicates) -> Plan:
        """Return what becomes of a picture; nothing is written."""
        try:
            order = self._read_ticket(ticket, path) if ticket else self._usual
        except BadTicket as error:
            return self._plan_faulty(path, below, duplicates, error)
        try:
            planned = self._name(path, below, order)
            return Plan(path, below, order, tuple(duplicates.choose(one) for one in planned))
        except _UNNAMED as error:
            return Plan(path, below, order, fault=error)

    def _name(self, path: Path, below: str, order: Order) -> list[Planned]:
        tasks = [
            replace(task, overwrite=self._overwrite)
            for task in plan_files(Input(path, below), order.choices, order.template, self._look)
        ]
        check_collisions(tasks, derived=True)
        return [describe_planned(task) for task in tasks]

    def _look(self, *told: object, **named: object) -> None:
        self._sandbox.decode(*told, pixels=False, **named)  # type: ignore[arg-type]

    def _plan_faulty(
        self, path: Path, below: str, duplicates: Duplicates, fault: BadTicket
    ) -> Plan:
        """Return a plan whose results stand in the journal for the fault of the ticket.

        They have a recipe of their own, so that a ticket that is mended makes them count no more.
        """
        described = json.dumps({"ticket": str(fault)})
        recipe = identify_recipe(described)
        choices = []
        try:
            for one in self._name(path, below, self._usual):
                planned = replace(one, recipe=recipe, described=described)
                choices.append(duplicates.choose(planned))
        except _UNNAMED:
            choices = []
        return Plan(path, below, self._usual, tuple(choices), fault)

    def find_fault(self, path: Path, order: Order) -> DocumentError | None:
        """Return why a picture does not open to its end; None where it does.

        A layer that is not there is no sign of a file that is still written.
        """
        wanted = {(one.layers, one.all_layers, one.encoding) for one in order.choices}
        try:
            for layers, all_layers, encoding in sorted(wanted):
                self._sandbox.decode(path, layers, all_layers, encoding)
        except LayerNotFound:
            return None
        except DocumentError as error:
            return error
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            return UnreadableDocument(path, f"cannot be read ({reason})")
        return None


def order_of(choices: Sequence[CutOptions], template: Template) -> Order:
    """Return the order of a batch's own options."""
    return Order(tuple(replace(one, batch=True) for one in choices), template)

"""Job tickets: options for one picture of a watched folder, as JSON beside it.

A ticket comes from whoever may write into the folder, so it is checked whole, names no server,
and reaches no file but the side-cars of its own picture.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Any

from frisket.cli.batch_options import BATCH_OPTIONS
from frisket.cli.cut_options import CUT_OPTIONS
from frisket.cli.named_files import settle_file
from frisket.cli.options import Option, path
from frisket.cli.parser import UsageError, suggest
from frisket.cli.server_options import SERVER_OPTIONS
from frisket.cli.settings import read_value
from frisket.jobs.batch.place import Place
from frisket.jobs.names import BadName, Template
from frisket.jobs.watch.orders import BadTicket, Order, TicketIncomplete
from frisket.jobs.watch.planning import order_of
from frisket.jobs.watch.sift import SIDE_CAR

_LARGEST_BYTES = 1 << 16
# What is not of one picture, or for whoever runs the watch alone to say. A step of another package
# reads its values itself, and may take them for any file.
_NOT_HERE = frozenset(
    {
        *("step", "overwrite", "sandbox", "open", "json", "quiet", "verbose", "no-progress"),
        *(row.name for row in SERVER_OPTIONS),
    }
)
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_CUT = frozenset(row.name for row in CUT_OPTIONS)
TICKET_OPTIONS = {
    row.name: row for row in BATCH_OPTIONS if row.name in _CUT and row.name not in _NOT_HERE
}
"""What a ticket may hold, by name."""


class Tickets:
    """Reads tickets.

    Args:
        arguments: of the command, which count where a ticket says nothing.
        place: of the results, which no ticket leaves.
    """

    def __init__(self, arguments: argparse.Namespace, place: Place) -> None:
        self._arguments, self._place = arguments, place

    def read(self, ticket: Path, picture: Path) -> Order:
        """Return what a ticket asks for.

        Raises:
            TicketIncomplete: it is no JSON, or a side-car that it names is not there: perhaps
                not yet.
            BadTicket: it asks for what there is not, or for what a ticket may not.
        """
        from frisket.cli.cut import list_choices
        from frisket.protocol.errors import FrisketError

        ours = argparse.Namespace(**vars(self._arguments))
        faults = []
        for name, value in _load(ticket).items():
            try:
                row, found = _read(name, value, ticket, picture)
                setattr(ours, row.attribute, found)
            except UsageError as error:
                faults.append(str(error))
        if faults:
            raise BadTicket(" ".join(faults))
        try:
            template = self.find_template(ours.output, ticket)
            return order_of(list_choices(ours, not ours.no_sandbox), template)
        except BadTicket:
            raise
        except FrisketError as error:
            raise BadTicket(f"{ticket}: {error}") from error

    def find_template(self, output: str, ticket: Path) -> Template:
        """Return how results are named; what a ticket says is below the folder of the results."""
        if output == self._arguments.output:
            return self._place.template
        if _CONTROLS.search(output):
            raise BadTicket(f"{ticket}: output: {output!r} holds a control character; take it out.")
        if _leaves(output):
            raise BadTicket(
                f"{ticket}: output: {output!r} leaves the folder of the results; give a name "
                "in it, such as 'proofs/{stem}.{ext}'."
            )
        if not Template(output).derives:
            raise BadName(f"output: {output!r} is the same for every picture; add {{stem}}.")
        base = str(self._place.base).replace("{", "{{").replace("}", "}}")
        return Template(f"{base}{os.sep}{output}")


def _leaves(output: str) -> bool:
    """Tell whether a name leads out of the folder it is in, or to something hidden there."""
    if "{dir}" in output:
        return True
    # {sub} may stand for nothing: what is around it is looked at by itself too.
    for place in (PureWindowsPath(output), PureWindowsPath(output.replace("{sub}", ""))):
        hidden = any(part.startswith(".") for part in place.parts)
        if place.drive or place.root or not place.name or hidden:
            return True
    bare = PureWindowsPath(re.sub(r"\{[^{}]*\}", "", output))
    return bare.drive != "" or ".." in bare.parts


def _load(ticket: Path) -> Mapping[str, Any]:
    try:
        with ticket.open("rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise TicketIncomplete(f"{ticket} cannot be read ({reason}).") from error
    if len(data) > _LARGEST_BYTES:
        raise BadTicket(f"{ticket} is larger than a job ticket can be.")
    try:
        told = json.loads(data.decode("utf-8-sig"))
        json.dumps(told, ensure_ascii=False).encode()  # journal and messages hold texts alone
    except UnicodeEncodeError as error:
        raise BadTicket(f"{ticket} holds half of a character ({error}).") from error
    except (ValueError, RecursionError) as error:
        raise TicketIncomplete(f"{ticket} is not valid JSON ({error}).") from error
    if not isinstance(told, dict):
        raise BadTicket(f'{ticket} is no object of options, such as {{"quality": "high"}}.')
    return told


def _read(name: str, value: Any, ticket: Path, picture: Path) -> tuple[Option, Any]:
    where = f"{ticket}: {name}"
    row = TICKET_OPTIONS.get(name)
    if row is None:
        hint = suggest(name, TICKET_OPTIONS) or "."
        raise UsageError(f"{where}: a ticket has no such option{hint}")
    if row.kind is path:
        return row, _find_side_car(value, where, ticket, picture)

    def find(named: Path) -> Path:
        return _find_side_car(value, where, ticket, picture)  # the text itself, not what it becomes

    return row, settle_file(row, read_value(row, value, where), find)


def _find_side_car(value: Any, where: str, ticket: Path, picture: Path) -> Path:
    """Return a file that belongs to the picture as well.

    Raises:
        UsageError: it is no name of one.
        TicketIncomplete: it is not there.
    """
    wanted = f"{picture.name}{SIDE_CAR}"
    plain = isinstance(value, str) and not set(value) & {"/", "\\", "\0"}
    if not plain or not value.startswith(wanted) or value == wanted:
        raise UsageError(
            f"{where}: {value!r} is no file that belongs to the picture; its name begins with "
            f"{wanted}, and it lies beside it."
        )
    found = ticket.with_name(value)
    try:
        is_there = found.is_file() and not found.is_symlink()
    except OSError as error:  # the name is too long, or the folder cannot be read
        raise TicketIncomplete(f"{where}: {found} cannot be looked at ({error}).") from error
    if not is_there:
        raise TicketIncomplete(f"{where}: there is no file {found}.")
    return found

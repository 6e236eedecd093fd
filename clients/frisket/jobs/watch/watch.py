"""A watched folder by one call: what arrives in it is made, until the watch is stopped.

    from frisket.jobs import Watch

    for done in Watch("in", "cutouts", kind="cutout"):
        print(done.source, done.error or "done")

It feeds the run of a batch: journal, workers, events and failures are those of `Batch`.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from frisket.client.errors import NoServer, TransportError
from frisket.documents import PlaceError
from frisket.jobs.batch import events
from frisket.jobs.batch.agenda import Adjust
from frisket.jobs.batch.batch import File, apply_changes, choose_options
from frisket.jobs.batch.fates import is_lasting
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.place import Place, check_apart, read_place
from frisket.jobs.batch.run import BatchResult, Crew, Listen, Rules
from frisket.jobs.batch.shift import Shift, Summary
from frisket.jobs.batch.states import JournalBusy, JournalError
from frisket.jobs.batch.stopping import Stoppable
from frisket.jobs.batch.worker import recover
from frisket.jobs.names import BadName
from frisket.jobs.paths import read_path
from frisket.jobs.task import CutOptions
from frisket.jobs.watch.bell import Bell
from frisket.jobs.watch.folders import Folders
from frisket.jobs.watch.manners import Manners
from frisket.jobs.watch.orders import BadTicket, Order, ReadTicket
from frisket.jobs.watch.planning import Planner, order_of
from frisket.jobs.watch.scout import Scout
from frisket.protocol.errors import FrisketError

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from frisket.jobs.keywords import CutKeywords

_TRY_AGAIN_S = 5.0
_LAST_LOOK_S = 5.0


class Watch(Stoppable):
    """A watched folder; iterate over it to run it.

    Every result is yielded as it is made or given up. Iterating ends after `stop`, or when
    all that is there is done and `manners.once` says so. What a lost share, a full disk or a
    lost server keeps from being made waits until it is back.

    Args:
        folder: the folder.
        output: a folder or a template; by default `out` in the folder where originals move.
        options: how; one for each result that a picture gives. By default one, of `keywords`.
        manners: how the folder is watched.
        rules: how many at the same time, and what becomes of failures.
        journal: its folder; by default `.frisket` in the folder of the results.
        listen: called with every event (`frisket.jobs.batch.events`), on any thread.
        adjust: applies options that a person changed for one result, by their names.
        words: the command line, for the journal.
        read_ticket: reads job tickets; by default they are refused.
        keywords: instead of `options`; see `frisket.jobs.keywords.CutKeywords`. `overwrite` goes
            with either: files that are there and not in the journal are replaced.

    Raises:
        BadOption, BadName: an option or a name makes no sense.
    """

    def __init__(
        self,
        folder: File,
        output: File = "",
        options: CutOptions | Sequence[CutOptions] | None = None,
        *,
        manners: Manners | None = None,
        rules: Rules | None = None,
        journal: File | None = None,
        listen: Listen = lambda event: None,
        adjust: Adjust = apply_changes,
        words: Sequence[str] = (),
        read_ticket: ReadTicket | None = None,
        **keywords: Unpack[CutKeywords],
    ) -> None:
        super().__init__()
        self._manners, self._rules = manners or Manners(), rules or Rules()
        self._folders = Folders(read_path(os.fspath(folder)), self._manners.moves)
        self.place = _choose_place(self._folders, os.fspath(output), journal)
        overwrite = keywords.pop("overwrite", False)
        choices = choose_options(options, keywords, "Watch()")
        self._usual = order_of(choices, self.place.template)
        self._overwrite, self.read_ticket = overwrite, read_ticket or _refuse_ticket
        self._adjust, self._words = adjust, words
        self._tell, self._telling = listen, threading.RLock()
        self._begun = False
        self.summary = Summary()

    def _listen(self, event: events.Event) -> None:
        with self._telling:
            self._tell(event)

    def __iter__(self) -> Iterator[BatchResult]:
        """Watch: yield every result as it is made or given up.

        Raises:
            JournalBusy: another run works with the journal, or another watch with the folders.
            FrisketError: the folder makes no sense, or what fails does not pass by waiting.
        """
        self._stopped = self._begun = False
        self.summary = Summary()
        self._folders.open()
        bell = Bell(self._folders.root, self._manners.poll_s)
        if bell.notice:
            self._listen(events.Warning(None, bell.notice))
        bell.start()
        try:
            yield from self._serve(bell)
        finally:
            bell.stop()
            self._folders.close()

    def _serve(self, bell: Bell) -> Iterator[BatchResult]:
        """Run again and again, as long as what ends a run may pass."""
        told = ""
        while not self._stopped:
            try:
                yield from self._run(bell)
                return
            except FrisketError as error:
                if self._stopped or self._manners.once or not (self._begun and _may_pass(error)):
                    raise
                if str(error) != told:
                    told = str(error)
                    text = f"{told.rstrip('.')}. It is waited for; nothing is lost."
                    self._listen(events.Warning(None, text))
                self._pause()

    def _pause(self) -> None:
        end = time.monotonic() + _TRY_AGAIN_S
        while not self._stopped and time.monotonic() < end:
            time.sleep(0.1)

    def _run(self, bell: Bell) -> Iterator[BatchResult]:
        if not self._begun:
            self.place.make()
        elif not self.place.base.is_dir():  # and it is not made again: a share may be lost
            raise PlaceError(self.place.base, "the folder of the results has gone")
        with Journal.open(self.place.journal, make=not self._begun) as journal:
            journal.hold()
            recover(journal)
            scout = self._make_scout(bell)
            watched = (self._folders.root, scout.put_back)
            crew = Crew(journal, self.place, self._rules, self._listen, watched)
            shift = Shift(journal, self.place, crew, self._listen, self._adjust, self._words)
            scout.attach(shift)
            self._begun = True
            self._employ(crew)
            yield from self._feed(scout, shift)

    def _make_scout(self, bell: Bell) -> Scout:
        planner = Planner(self._usual, self._overwrite, self.read_ticket)
        spared = "" if self.place.beside_inputs else os.path.realpath(self.place.base)
        return Scout(self._folders, self._manners, planner, bell, spared, self._listen)

    def _feed(self, scout: Scout, shift: Shift) -> Iterator[BatchResult]:
        shift.begin(0, 0)
        thread = threading.Thread(target=scout.run, daemon=True)
        thread.start()
        try:
            for done in shift.results():
                scout.finish(done)
                yield done
        finally:
            scout.stop()
            # A look that opens a large file may take longer; it enters nothing any more.
            thread.join(_LAST_LOOK_S)
            self.summary = _add(self.summary, shift.sum_up())
        shift.end()


def _choose_place(folders: Folders, output: str, journal: File | None) -> Place:
    """Return where results and journal lie.

    Raises:
        BadName: it is one of the watched folders, or an archive, which has no end here.
    """
    if not output and folders.moves:
        output = str(folders.root / "out")
    if not output:
        raise BadName("A watch needs a folder for its results: name it with -o OUT.")
    place = read_place(output, Path(journal) if journal else None)
    if place.archive is not None:
        raise BadName(
            f"{output} is packed when all is done, and a watch has no end; name a folder."
        )
    check_apart([str(folders.root)], place)
    if os.path.realpath(place.base) in {os.path.realpath(one) for one in folders.all}:
        raise BadName(f"{place.base} is input and output; name another folder for the results.")
    return place


def _may_pass(error: FrisketError) -> bool:
    """Return whether what ended a run may pass by waiting."""
    if isinstance(error.__cause__, sqlite3.DatabaseError):
        return isinstance(error.__cause__, sqlite3.OperationalError)
    if isinstance(error, TransportError):
        return not is_lasting(error)
    return isinstance(error, (NoServer, PlaceError, JournalError)) and not isinstance(
        error, JournalBusy
    )


def _refuse_ticket(ticket: Path, picture: Path) -> Order:
    raise BadTicket(f"{ticket}: job tickets are not read here; take it away.")


def _add(one: Summary, two: Summary) -> Summary:
    """Return what two runs did together; what waits is what the second left."""
    names = [field.name for field in fields(one)]
    sums = {name: getattr(one, name) + getattr(two, name) for name in names}
    return replace(two, **{**sums, "waiting": two.waiting})

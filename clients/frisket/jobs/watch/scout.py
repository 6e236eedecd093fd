"""Looks at a watched folder again and again, and enters what is ready into a run."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import replace
from pathlib import Path

from frisket.documents import PlaceError
from frisket.jobs.batch import events
from frisket.jobs.batch.agenda import Action, IsFrom, is_made_from
from frisket.jobs.batch.run import BatchResult, Listen
from frisket.jobs.batch.shift import Shift
from frisket.jobs.batch.states import Row, State, stamp_of
from frisket.jobs.batch.workqueue import Item
from frisket.jobs.watch.bell import Bell
from frisket.jobs.watch.duplicates import Choice, Duplicates, is_remade
from frisket.jobs.watch.folders import Folders
from frisket.jobs.watch.looking import Seen, View, look
from frisket.jobs.watch.manners import OFF, REQUIRED, Manners
from frisket.jobs.watch.orders import TicketIncomplete
from frisket.jobs.watch.planning import Plan, Planner
from frisket.jobs.watch.settling import Settling
from frisket.jobs.watch.sift import TICKET
from frisket.jobs.watch.windows import is_open
from frisket.jobs.watch.works import Works

_FINAL = (State.DONE, State.FAILED, State.EMPTY)


class Scout:
    """Feeds one run from a folder.

    Args:
        folders: what is watched.
        manners: how.
        planner: plans pictures.
        bell: tells when to look.
        spared: the real path of the folder of the results.
        listen: told every event.
    """

    def __init__(
        self,
        folders: Folders,
        manners: Manners,
        planner: Planner,
        bell: Bell,
        spared: str,
        listen: Listen,
    ) -> None:
        self._folders, self._manners, self._planner = folders, manners, planner
        self._bell, self._spared, self._listen = bell, spared, listen
        self._settling = Settling(manners.looks)
        self._halves: dict[Path, Seen] = {}
        self._strange: dict[Path, float] = {}
        self._told: set[Path] = set()
        self._left: set[Path] = set()
        self._is_lost = self._is_over = False
        self._returned: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self._wake = threading.Event()

    def attach(self, shift: Shift) -> None:
        """Take the run that is fed."""
        self._shift = shift
        self.works = Works(shift.journal, self._folders)
        self._duplicates = Duplicates(shift.journal, self._manners.duplicates, self._is_from())

    def _is_from(self) -> IsFrom:
        if not self._folders.moves:
            return is_made_from
        find = self._folders.find_origin

        def is_from(row: Row, source: Path) -> bool:
            return find(row.source) == find(source)

        return is_from

    def stop(self) -> None:
        """Enter nothing more."""
        with self.works.gate:
            self._is_over = True
        self._wake.set()
        self._bell.ring()

    def put_back(self, item: Item) -> None:
        """Take back what changed or went before it was made."""
        # Called while the crew is locked, and the gate is held while things are put into it.
        self._returned.put(item)
        self._bell.ring()

    def finish(self, done: BatchResult) -> None:
        """Count a result."""
        self.works.finish(done)

    def run(self) -> None:
        """Look until `stop`; a failure ends the run that is fed."""
        try:
            if self._manners.once:
                self._run_once()
            else:
                while not self._is_over:
                    self._rest(self._look())
        except Exception as error:
            self._shift.crew.break_off(error)
        finally:
            self._planner.close()

    def _run_once(self) -> None:
        for _ in range(self._manners.looks - 1):
            self._look()
            self._rest(True)
        while not self._is_over:
            was_idle = self.works.is_idle
            if not self._look() or (was_idle and self.works.is_idle):
                break
            self._rest(True)  # perhaps one of the same name is at work
        self._tell_left()
        self._shift.close()

    def _tell_left(self) -> None:
        for path in self._left:
            text = f"{path} is left for the next time: it is not whole, or is still being written."
            self._listen(events.Warning(path, text))

    def _rest(self, is_soon: bool) -> None:
        if is_soon:  # looks that come at once would say nothing of standing still
            self._wake.wait(self._bell.look_s)
        else:
            self._bell.wait()

    def _look(self) -> bool:
        """Look once, and enter what is ready; return whether something waits for the next look."""
        self._take_back()
        self.works.put_away()
        view = self._see()
        is_working = self._is_open()
        self._shift.crew.pause(not is_working)
        if view is None:
            return True
        self.works.forget_gone(set(view.files))
        self._tell_strange(view)
        wanted = {path: seen for path, seen in view.files.items() if self._wants(seen)}
        marks = {path: seen.mark for path, seen in wanted.items()}
        still = self._settling.note(marks, time.monotonic())
        self._halves = {path: one for path, one in self._halves.items() if path in wanted}
        self._left = set(wanted)
        for path in sorted(still, key=lambda path: (wanted[path].stamp.mtime_ns, path)):
            if self._is_over or not self._is_open():
                break
            if self._admit(wanted[path]):
                self._left.discard(path)
        return is_working and bool(self._left)

    def _take_back(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                item = self._returned.get_nowait()
                self.works.withdraw(item.source, item.task.output)

    def _is_open(self) -> bool:
        return self._manners.once or is_open(self._manners.windows, time.localtime())

    def _see(self) -> View | None:
        """Return what is there; None, and a word once, while a folder has gone."""
        together = View()
        try:
            self._folders.require()
            for folder in self._folders.watched:
                view = look(folder, self._spared, self._manners.least_bytes)
                together.files |= view.files
                together.strange |= view.strange
        except OSError as error:
            self._lose(error)
            return None
        if self._is_lost:
            self._is_lost = False
            self._listen(events.Warning(None, f"{self._folders.root} is back, and it goes on."))
        return together

    def _lose(self, error: OSError) -> None:
        reason = (error.strerror or str(error)).lower()
        where = error.filename or self._folders.root
        if self._manners.once:
            raise PlaceError(where, f"the folder cannot be listed ({reason})") from error
        if not self._is_lost:
            self._is_lost = True
            text = f"{where} cannot be listed ({reason}); it is waited for."
            self._listen(events.Warning(None, text))

    def _tell_strange(self, view: View) -> None:
        """Say once what is left alone, when it has been there for a while."""
        now = time.monotonic()
        self._strange = {path: self._strange.get(path, now) for path in view.strange}
        self._told &= self._strange.keys()
        patience = 0.0 if self._manners.once else self._manners.give_up_s
        for path, since in self._strange.items():
            if path not in self._told and now - since >= patience:
                self._told.add(path)
                self._listen(events.Warning(path, f"{path}: {view.strange[path]}."))

    def _wants(self, seen: Seen) -> bool:
        if not self.works.needs_look(seen.path, seen.mark):
            return False
        if self._shift.journal.find(seen.path) is not None:
            self.works.leave(seen.path, seen.mark)  # a result that lies among the originals
            return False
        is_new = self._folders.is_arrival(seen.path) or not self._folders.moves
        must = self._manners.tickets == REQUIRED and is_new
        return not must or self._folders.find_ticket(seen) is not None

    def _admit(self, seen: Seen) -> bool:
        """Enter a picture that stands still; return False where it has to wait."""
        is_arrival = self._folders.is_arrival(seen.path)
        if self._folders.moves and not is_arrival and self._take_up(seen):
            return True
        plan = self._plan(seen.path, seen, self._folders.find_ticket(seen))
        if isinstance(plan.fault, TicketIncomplete) and not self._is_hopeless(seen):
            return False
        if plan.fault is None and (plan.is_work or is_arrival) and self._is_half(seen, plan):
            return False
        if is_arrival:
            path = self._folders.claim(seen)
            if path is None:
                return False
            ticket = path.with_name(path.name + TICKET)
            plan = self._renew(self._plan(path, seen, ticket if ticket.is_file() else None))
        return self._enter(seen, plan)

    def _take_up(self, seen: Seen) -> bool:
        """Put a picture away that a killed run had done with; return whether it was one."""
        rows = self._shift.journal.rows_of(seen.path)
        if not rows or any(row.state not in _FINAL or row.stamp != seen.stamp for row in rows):
            return False
        reason = next((row.reason for row in rows if row.state is not State.DONE), "")
        self.works.begin(seen.path, seen.mark, [row.id for row in rows], [], reason)
        return True

    def _plan(self, path: Path, seen: Seen, ticket: Path | None) -> Plan:
        ticket = None if self._manners.tickets == OFF else ticket
        plan = self._planner.plan(path, seen.below, ticket, self._duplicates)
        if not self._manners.ignore_updates:
            return plan
        kept = [one for one in plan.choices if not is_remade(one.step)]
        return replace(plan, choices=tuple(kept))

    def _renew(self, plan: Plan) -> Plan:
        """Let what was given up be tried again: whoever sends it again wants that."""
        return replace(plan, choices=tuple(self._reopen(one) for one in plan.choices))

    def _reopen(self, choice: Choice) -> Choice:
        row, journal = choice.step.row, self._shift.journal
        if choice.step.action is not Action.LEAVE or row is None:
            return choice
        journal.ask_again([row.id], "it was sent again")
        step = replace(choice.step, action=Action.RESUME, row=journal.get(row.id))
        return replace(choice, step=step)

    def _is_half(self, seen: Seen, plan: Plan) -> bool:
        """Return whether a picture does not open to its end, and may be completed yet."""
        before = self._halves.get(seen.path)
        is_known = before is not None and before.mark == seen.mark
        if not is_known and self._planner.find_fault(seen.path, plan.order) is None:
            self._halves.pop(seen.path, None)
            return False
        self._halves[seen.path] = seen
        if not self._is_hopeless(seen):
            return True
        del self._halves[seen.path]
        return False

    def _is_hopeless(self, seen: Seen) -> bool:
        """Return whether a picture has stood still for so long that nobody completes it."""
        stood_s = self._settling.stood_s(seen.path, time.monotonic())
        if self._manners.once:
            try:
                status = seen.path.stat()
            except OSError:  # it went after the look, and the next one tells
                return False
            stood_s = time.time() - max(status.st_mtime, status.st_ctime)
        return stood_s >= self._manners.give_up_s

    def _enter(self, seen: Seen, plan: Plan) -> bool:
        """Enter the steps of a picture; return False where it is no more what was planned."""
        try:
            if stamp_of(plan.path) != seen.stamp:
                return False
        except OSError:
            return False
        with self.works.gate:
            if self._is_over:
                return False
            items = self._enter_steps(plan)
            for item in items:
                self._duplicates.keep(item.task.output, item.row)
            rows = [item.row for item in items]
            rows += [one.step.row.id for one in plan.choices if one.step.row]
            if self._folders.moves:
                self._shift.journal.relocate(rows, plan.path)
            outputs = [item.task.output for item in items]
            self.works.begin(plan.path, seen.mark, rows, outputs, _find_reason(plan))
        return True

    def _enter_steps(self, plan: Plan) -> list[Item]:
        steps = [one.step for one in plan.choices]
        if plan.fault is not None:
            if not steps:
                self._shift.crew.tell_fault(plan.path, plan.fault)
            return self._shift.refuse(steps, plan.fault)
        items = self._shift.enter([one.step for one in plan.choices if one.replaces])
        return items + self._shift.enter(
            [one.step for one in plan.choices if not one.replaces], replaces=False
        )


def _find_reason(plan: Plan) -> str:
    """Return why a picture failed before anything of it was made, or nothing."""
    if plan.fault is not None:
        return str(plan.fault)
    given_up = [one.step.reason for one in plan.choices if one.step.action is Action.LEAVE]
    return given_up[0] if given_up else ""

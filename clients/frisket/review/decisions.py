"""What a person decides about results, and the way back."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.states import APPROVED, REJECTED, Row, RowChanged, State
from frisket.review.http import Refusal

_KEPT = 1000
_MAX_OPTIONS, _MAX_TEXT = 32, 1000
_WHY = "it was asked for on the review page"
Options = Mapping[str, str]


def _approve(row: Row, options: Options) -> Row:
    return _judge(row, APPROVED)


def _reject(row: Row, options: Options) -> Row:
    return _judge(row, REJECTED)


def _clear(row: Row, options: Options) -> Row:
    return _judge(row, "")


def _judge(row: Row, decision: str) -> Row:
    if row.state is not State.DONE:
        raise Refusal(409, f"{row.output.name} is not done: it can be judged when it is.")
    return replace(row, verdict=replace(row.verdict, decision=decision))


def _redo(row: Row, options: Options) -> Row:
    """Return the row as one that the next run makes again."""
    # Options that no run could use must not stay for ever.
    asked = row.state is State.WAITING and row.redo
    if row.state not in (State.DONE, State.FAILED, State.EMPTY) and not asked:
        raise Refusal(409, f"{row.output.name} is not done: it can be made again when it is.")
    undecided = replace(row.verdict, decision="")
    return replace(
        row,
        state=State.WAITING,
        attempts=0,
        next_try=0.0,
        reason=_WHY,
        verdict=undecided,
        redo=tuple(options.items()),
    )


ACTIONS: dict[str, Callable[[Row, Options], Row]] = {
    "approve": _approve,
    "reject": _reject,
    "clear": _clear,
    "redo": _redo,
}
"""What can be done about a row, by name."""


def read_options(told: object) -> Options:
    """Return the options that a request names; their values are checked by whoever knows them.

    Raises:
        Refusal: they are no texts by name, or too many.
    """
    if not isinstance(told, dict) or len(told) > _MAX_OPTIONS:
        raise Refusal(400, "The options are no texts by name.")
    for text in (*told, *told.values()):
        if not isinstance(text, str) or len(text) > _MAX_TEXT:
            raise Refusal(400, "The options are no texts by name, or too long.")
    return told


class Decisions:
    """Decides about rows of a journal, and takes decisions back, the last one first."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._done: deque[tuple[Row, Row]] = deque(maxlen=_KEPT)
        self._lock = threading.Lock()

    def decide(self, number: int, seen: object, action: str, options: Options) -> Row:
        """Do one of `ACTIONS` to a row, and return it as it is then.

        Args:
            number: of the row.
            seen: when the row had been changed last, as the person saw it.
            action: which one.
            options: for "redo".

        Raises:
            Refusal: there is no such action or row, or it does not suit the row.
            RowChanged: the row is not what the person saw.
        """
        if action not in ACTIONS:
            raise Refusal(400, "There is no such decision.")
        row = find_row(self._journal, number)
        if row.changed != seen:
            raise RowChanged(f"{row.output.name} changed meanwhile; look once more.")
        with self._lock:
            after = self._journal.amend(ACTIONS[action](row, options))
            self._done.append((row, after))
        return after

    def undo(self) -> Row:
        """Take the last decision back that was not taken back yet, and return its row.

        Raises:
            Refusal: there is none, or a run began to make the result again.
        """
        with self._lock:
            if not self._done:
                raise Refusal(409, "There is nothing to take back.")
            before, after = self._done[-1]
            try:
                # What the journal cannot write now is kept, to be taken back later.
                again = self._journal.amend(replace(before, changed=after.changed))
            except RowChanged:
                self._done.pop()
                name = before.output.name
                raise Refusal(409, f"{name} changed since; that is not taken back.") from None
            self._done.pop()
            # The decision before it, about the same row, can be taken back next.
            linked = ((old, again if new == before else new) for old, new in self._done)
            self._done = deque(linked, maxlen=_KEPT)
        return again


def find_row(journal: Journal, number: int) -> Row:
    """Return a row that counts.

    Raises:
        Refusal: there is none of this number.
    """
    with contextlib.suppress(KeyError):
        row = journal.get(number)
        if row.state is not State.SUPERSEDED:
            return row
    raise Refusal(404, "There is no such result any more.")

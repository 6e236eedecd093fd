"""Decides whose work comes next; performs nothing itself.

There is no I/O, clock or waiting here: every event carries its time and returns the runs that
begin now. Work has a class, and a higher class goes first. Within a class sessions take turns by
deficit round robin (Shreedhar and Varghese, "Efficient Fair Queueing Using Deficit Round Robin",
1996), counted in megapixels, so that a session of large tiles gets no more than one of small
ones. What waits long rises from class to class, so nothing waits for ever. A whole queue may be
held for somebody else's sake: then only first masks and what has risen begin.
"""

from __future__ import annotations

import enum
import math
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field

QUANTUM_MP = 0.066
"""Megapixels of a session's turn: one tile of 256 px."""

AGE_S = 1.0
"""Seconds after which waiting work rises by one class."""

MAX_COST_MP = 16.0
"""The most that one piece of work counts for."""


class Priority(enum.IntEnum):
    """The classes of work, the most urgent first."""

    FIRST_MASK = 0
    """What stands between a picture and its first mask."""
    IN_SIGHT = 1
    """Tiles that the user looks at."""
    TILE = 2
    """Other tiles."""
    BATCH = 3
    """Whatever belongs to a layer that nobody waits for."""


@dataclass(frozen=True)
class Ticket:
    """A piece of work that waits.

    Attributes:
        number: never used before.
        session: whose it is; sessions take turns.
        priority: its class.
        megapixels: what it counts for.
        group: work of one group may share a run; None shares with nobody.
        share: pieces of the group in one run, at most.
    """

    number: int
    session: int
    priority: Priority
    megapixels: float = 0.0
    group: Hashable = None
    share: int = 1


@dataclass(frozen=True)
class Run:
    """Begin these pieces of work together; then say `done` with the first one's number."""

    numbers: tuple[int, ...]


@dataclass
class _Line:
    """What one session has waiting in one class, the oldest first."""

    tickets: deque[tuple[Ticket, float]] = field(default_factory=deque)
    credit: float = 0.0

    @property
    def cost(self) -> float:
        """What the oldest counts for."""
        return min(self.tickets[0][0].megapixels, MAX_COST_MP)

    def passes(self, priority: Priority) -> bool:
        """Tell whether the oldest, in the class it waits in, begins though others are held."""
        return not priority or self.tickets[0][0].priority > priority


class Turns:
    """A queue in front of some places to work at.

    Args:
        slots: runs at once, at least 1.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._running: set[int] = set()
        self._held_until = -math.inf
        # Of each class its sessions with work, whose turn it is first.
        self._classes: dict[Priority, dict[int, _Line]] = {p: {} for p in Priority}

    # -------------------------------------------------------------- events

    def enter(self, ticket: Ticket, now: float) -> list[Run]:
        """Queue a piece of work."""
        self._age(now)  # who has waited stands before who comes
        self._queue(ticket, ticket.priority, now)
        return self._decide(now)

    def withdraw(self, number: int) -> bool:
        """Forget work that waits; False when it does not wait, so that it may run."""
        for lines in self._classes.values():
            for session, line in list(lines.items()):
                for entry in line.tickets:
                    if entry[0].number == number:
                        self._take(lines, session, entry)
                        return True
        return False

    def done(self, number: int, now: float) -> list[Run]:
        """Take note that a run has ended."""
        self._running.discard(number)
        return self._decide(now)

    def hold(self, until: float, now: float) -> list[Run]:
        """Let nothing begin until then but first masks and what has risen by a class."""
        self._held_until = until
        return self._decide(now)

    def look(self, now: float) -> list[Run]:
        """Take note that it is later, and nothing else has happened."""
        return self._decide(now)

    # ----------------------------------------------------------- questions

    @property
    def waiting(self) -> int:
        """Pieces of work that wait."""
        lines = (line for lines in self._classes.values() for line in lines.values())
        return sum(len(line.tickets) for line in lines)

    def foresee(self, now: float) -> float | None:
        """Return when what is held begins by itself; None where nothing waits for that."""
        if now >= self._held_until or len(self._running) >= self._slots:
            return None
        lines = (line for lines in self._classes.values() for line in lines.values())
        risen = (line.tickets[0][1] + AGE_S for line in lines)
        return min(self._held_until, *risen) if self.waiting else None

    # ----------------------------------------------------------- decisions

    def _decide(self, now: float) -> list[Run]:
        """Return what begins now."""
        self._age(now)
        runs = []
        while len(self._running) < self._slots and (first := self._next(now)) is not None:
            others = self._join(first)
            self._running.add(first.number)
            runs.append(Run((first.number, *(ticket.number for ticket in others))))
        return runs

    def _age(self, now: float) -> None:
        """Let what has waited long rise by one class."""
        for priority in list(Priority)[1:]:
            lines = self._classes[priority]
            for session, line in list(lines.items()):
                while line.tickets and now - line.tickets[0][1] >= AGE_S:
                    entry = line.tickets[0]
                    self._take(lines, session, entry)
                    self._queue(entry[0], Priority(priority - 1), now)

    def _next(self, now: float) -> Ticket | None:
        """Take the piece of work whose turn it is."""
        held = now < self._held_until
        for priority, lines in self._classes.items():
            free = [one for one, line in lines.items() if not held or line.passes(priority)]
            if free:
                return self._take_turn(lines, deque(free))
        return None

    def _take_turn(self, lines: dict[int, _Line], free: deque[int]) -> Ticket:
        """Take from the first of the free sessions that has credit; the others get more."""
        while True:
            session = free.popleft()
            line = lines[session]
            if line.cost <= line.credit:
                line.credit -= line.cost
                return self._take(lines, session, line.tickets[0])
            line.credit += QUANTUM_MP
            lines[session] = lines.pop(session)
            free.append(session)

    def _join(self, first: Ticket) -> list[Ticket]:
        """Take what shares the run of `first`: the most urgent of its group, each class in turn."""
        joined: list[Ticket] = []
        if first.group is None or first.share < 2:
            return joined
        for lines in self._classes.values():
            alike = [
                (session, entry)
                for session, line in lines.items()
                for entry in line.tickets
                if entry[0].group == first.group
            ]
            for session, entry in alike[: first.share - 1 - len(joined)]:
                joined.append(self._take(lines, session, entry))
        return joined

    def _queue(self, ticket: Ticket, priority: Priority, now: float) -> None:
        lines = self._classes[priority]
        lines.setdefault(ticket.session, _Line()).tickets.append((ticket, now))

    def _take(self, lines: dict[int, _Line], session: int, entry: tuple[Ticket, float]) -> Ticket:
        """Remove work from a line; a session without work keeps no credit."""
        lines[session].tickets.remove(entry)
        if not lines[session].tickets:
            del lines[session]
        return entry[0]

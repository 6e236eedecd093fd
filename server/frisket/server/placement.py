"""Decides which models are in memory and on which device; performs nothing itself.

There is no I/O, clock or waiting here. Every event returns the actions that follow from it,
in order; whoever performs an `Open` or a `Close` reports how it ended as the next event.

No request that has entered waits for another session to give a model back: where all that is in
memory is in use, the limits are passed instead. A session that holds one model and asks for a
second can therefore never block, or be blocked by, a session that does the same the other way
round. Who holds none is asked to wait before it enters, while `fits` says no.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from frisket.server.places import Action, Close, Device, Grant, Open, Refuse


class _State(enum.Enum):
    OPENING = enum.auto()
    OPEN = enum.auto()
    CLOSING = enum.auto()


@dataclass
class _Copy:
    """A model in memory. While it opens, its users are those who wait for it."""

    name: str
    device: str
    size: int
    state: _State = _State.OPENING
    users: list[int] = field(default_factory=list)
    leaving: bool = False

    @property
    def idle(self) -> bool:
        """Tell whether it may leave."""
        return self.state is _State.OPEN and not self.users


@dataclass(frozen=True)
class _Request:
    name: str
    size: int


class Placement:
    """The models of one server.

    A model is opened once for all who ask for it on one device. Where there are several, it is
    opened on another one too while it is in use, if that one has room and nothing to do. Who asks
    gets the copy on the device with the fewest users, and waits for none while another is open.
    Idle models leave in the order of their last use: before another is opened when it needs their
    place, and after a release while a limit is passed. Each device opens one model at a time, in
    the order of the requests.

    Args:
        devices: where models run, at least one; earlier ones are preferred.
        limit: models in memory at once, on all devices together, beyond which idle ones leave.
        pinned: names of models that stay, used or not, until they are unloaded.
    """

    def __init__(self, devices: Sequence[Device], limit: int, pinned: Collection[str] = ()) -> None:
        self._devices = tuple(devices)
        self._limit = limit
        self._pinned = set(pinned)
        self._copies: dict[int, _Copy] = {}  # the least recently used first
        self._waiting: dict[int, _Request] = {}  # without a copy yet, first come first
        self._holds: dict[int, int] = {}  # ticket -> copy
        self._numbers = itertools.count()
        self._hopeless: set[tuple[str, str]] = set()  # no further copy of a model opens there
        self._lost: set[str] = set()
        self._stopped: Exception | None = None

    # -------------------------------------------------------------- events

    def request(self, ticket: int, name: str, size: int) -> list[Action]:
        """Ask for a model; a `Grant` or a `Refuse` follows, now or later.

        Args:
            ticket: a number never used before.
            name: the model's name.
            size: the bytes that its opening is expected to take, which is more than the model
                takes when it is open.
        """
        if self._stopped:
            return [Refuse(ticket, self._stopped)]
        self._waiting[ticket] = _Request(name, size)
        return self._decide()

    def release(self, ticket: int) -> list[Action]:
        """Give back what a ticket was granted, or withdraw what it still waits for.

        Raises:
            KeyError: the ticket was refused or released before.
        """
        if self._waiting.pop(ticket, None) is None:
            number = self._holds.pop(ticket)
            if number in self._copies:  # else it was closed by `stop`
                self._copies[number].users.remove(ticket)
                self._touch(number)
        return self._decide()

    def withdraw(self, ticket: int) -> list[Action]:
        """Release a ticket whose owner left before the answer, even a refused one."""
        known = ticket in self._waiting or ticket in self._holds
        return self.release(ticket) if known else []

    def opened(self, number: int, size: int | None = None) -> list[Action]:
        """Take note that a model is open; who waited for it is granted it.

        Args:
            number: of the model.
            size: the bytes that it takes; None: as expected.
        """
        copy = self._copies[number]
        copy.state = _State.OPEN
        copy.size = copy.size if size is None else size
        self._touch(number)
        return [*(Grant(ticket, number) for ticket in copy.users), *self._decide()]

    def failed(self, number: int, error: Exception) -> list[Action]:
        """Take note that a model could not be opened; who waited for it is refused."""
        copy = self._copies.pop(number)
        users = copy.users
        for ticket in users:
            del self._holds[ticket]
        if not users:
            self._hopeless.add((copy.name, copy.device))
        return [*(Refuse(ticket, error) for ticket in users), *self._decide()]

    def closed(self, number: int) -> list[Action]:
        """Take note that a model has left its memory."""
        del self._copies[number]
        return self._decide()

    def weighed(self, number: int, size: int) -> list[Action]:
        """Take note of the bytes that an open model takes now."""
        copy = self._copies.get(number)
        if copy is None or copy.state is not _State.OPEN or copy.size == size:
            return []
        copy.size = size
        return self._decide()

    def set_budget(self, name: str, size: int) -> None:
        """Take note of what models may take on a device from the next event on."""
        self._devices = tuple(
            replace(one, budget_bytes=size) if one.name == name else one for one in self._devices
        )

    def expire(self, number: int) -> list[Action]:
        """Let a model leave that has not been used for long; one in use stays."""
        return [self._close(number)] if number in self.list_idle() else []

    def unload(self, name: str) -> list[Action]:
        """Let a model leave, when its last user is done, and pin it no more.

        Later requests open it anew.
        """
        self._pinned.discard(name)
        self._hopeless = {one for one in self._hopeless if one[0] != name}
        for copy in self._copies.values():
            copy.leaving |= copy.name == name
        return self._decide()

    def lose(self, name: str) -> list[Action]:
        """Put nothing more on a device that went away; the last one is asked again and again."""
        if {device.name for device in self._usable} == {name}:
            return []
        self._lost.add(name)
        for copy in self._copies.values():
            copy.leaving |= copy.device == name
        return self._decide()

    def pin(self, ticket: int) -> None:
        """Let the model that a ticket was granted stay, unless it was unloaded meanwhile."""
        copy = self._copies[self._holds[ticket]]
        if not copy.leaving:
            self._pinned.add(copy.name)

    def reclaim(self, size: int) -> tuple[list[Action], int]:
        """Let idle models leave, the least recently used first, until `size` bytes come back.

        Returns:
            The actions, and how many bytes they give back.
        """
        actions: list[Action] = []
        freed = 0
        for number, copy in self._idle():
            if freed < size:
                actions.append(self._close(number))
                freed += copy.size
        return actions, freed

    def stop(self, error: Exception) -> list[Action]:
        """Close everything, in use or not, and refuse whoever waits or asks from now on."""
        self._stopped = error
        refused = list(self._waiting)
        self._waiting.clear()
        for copy in self._copies.values():
            if copy.state is _State.OPENING:
                refused += copy.users
                copy.users.clear()
        for ticket in refused:
            self._holds.pop(ticket, None)
        return [*(Refuse(ticket, error) for ticket in refused), *self._decide()]

    # ----------------------------------------------------------- questions

    def is_open(self, name: str) -> bool:
        """Tell whether a model is open, also one that leaves when its last user is done."""
        return any(c.name == name and c.state is _State.OPEN for c in self._copies.values())

    def is_pinned(self, name: str) -> bool:
        """Tell whether a model stays, used or not."""
        return name in self._pinned

    def list_idle(self) -> list[int]:
        """Return the models that may leave, the least recently used first."""
        return [number for number, _ in self._idle()]

    def fits(self, name: str, size: int) -> bool:
        """Tell whether a model can be had within the budget, beside those that cannot leave.

        One that is there can, and so can one that nothing else stands in the way of: a model
        that is too large for the budget runs alone.
        """
        if self._stopped or self._find(name) is not None:
            return True
        stays = [c for c in self._copies.values() if self._must_stay(c)]
        return any(
            not taken or not device.excess(taken + size)
            for device in self._usable
            for taken in [sum(copy.size for copy in stays if copy.device == device.name)]
        )

    def _must_stay(self, copy: _Copy) -> bool:
        pinned = copy.name in self._pinned and copy.state is _State.OPEN
        return bool(copy.users) or pinned or copy.state is _State.OPENING

    @property
    def is_empty(self) -> bool:
        """Whether there is no model, and nobody waits for one."""
        return not self._copies and not self._waiting

    def size_of(self, number: int) -> int:
        """Return the bytes that a model in memory is counted for."""
        return self._copies[number].size

    def resident_bytes(self, device: str) -> int:
        """Return what models take on a device, with those that are opening or closing."""
        return sum(copy.size for copy in self._copies.values() if copy.device == device)

    def staying_bytes(self) -> int:
        """Return what models take on all devices, without those that are closing."""
        return sum(self._staying_bytes(device) for device in self._devices)

    # ----------------------------------------------------------- decisions

    @property
    def _usable(self) -> Sequence[Device]:
        return [device for device in self._devices if device.name not in self._lost]

    def _decide(self) -> list[Action]:
        """Return all that can be done now."""
        if self._stopped:
            numbers = [n for n, c in self._copies.items() if c.state is _State.OPEN]
            return [self._close(number) for number in numbers]
        unloaded = [n for n, copy in self._copies.items() if copy.idle and copy.leaving]
        return [*map(self._close, unloaded), *self._serve(), *self._make_room()]

    def _serve(self) -> list[Action]:
        """Grant what is open, and open what there is room for."""
        actions: list[Action] = []
        busy = {c.device for c in self._copies.values() if c.state is _State.OPENING}
        queue_held = False
        for ticket, wanted in list(self._waiting.items()):
            number = self._find(wanted.name)
            if number is None:
                device = self._choose(wanted.size)
                if queue_held or device.name in busy:
                    continue
                actions += self._make_room(device, wanted.size)
                # Who comes later must not take the place that is being cleared.
                queue_held = self._must_wait(device, wanted.size)
                if queue_held:
                    continue
                busy.add(device.name)
                opening = self._open(wanted, device)
                number = opening.copy
                actions.append(opening)
            elif (further := self._find_further(wanted, busy)) is not None:
                busy.add(further.name)
                actions.append(self._open(wanted, further))
            actions += self._assign(ticket, number)
        return actions

    def _open(self, wanted: _Request, device: Device) -> Open:
        number = next(self._numbers)
        self._copies[number] = _Copy(wanted.name, device.name, wanted.size)
        return Open(number, wanted.name, device.name)

    def _find(self, name: str) -> int | None:
        """Return the copy that the next user of a model gets, if there is one."""
        ways = {one.name: way for way, one in enumerate(self._devices)}

        def load(number: int) -> tuple[bool, int, int]:
            copy = self._copies[number]
            # One that opens is left alone while another is there.
            return copy.state is not _State.OPEN, self._count_users(copy.device), ways[copy.device]

        return min(self._list_shared(name), key=load, default=None)

    def _list_shared(self, name: str) -> list[int]:
        """Return the copies that new users of a model may get."""
        return [
            number
            for number, copy in self._copies.items()
            if copy.name == name and not copy.leaving and copy.state is not _State.CLOSING
        ]

    def _count_users(self, device: str) -> int:
        return sum(len(copy.users) for copy in self._copies.values() if copy.device == device)

    def _find_further(self, wanted: _Request, busy: Collection[str]) -> Device | None:
        """Return a device where one more copy of a model is of use, and nothing has to leave."""
        copies = [self._copies[number] for number in self._list_shared(wanted.name)]
        staying = sum(copy.state is not _State.CLOSING for copy in self._copies.values())
        if staying >= self._limit or not all(copy.users for copy in copies):
            return None
        taken = {copy.device for copy in copies} | set(busy)
        for device in self._usable:
            fits = not device.excess(self.resident_bytes(device.name) + wanted.size)
            hopeless = (wanted.name, device.name) in self._hopeless
            rests = device.name not in taken and not self._count_users(device.name)
            if fits and rests and not hopeless:
                return device
        return None

    def _assign(self, ticket: int, number: int) -> list[Action]:
        del self._waiting[ticket]
        self._holds[ticket] = number
        self._copies[number].users.append(ticket)
        self._touch(number)
        return [Grant(ticket, number)] if self._copies[number].state is _State.OPEN else []

    def _choose(self, size: int) -> Device:
        """Return where a model goes: where least is passed, then where least must leave."""

        def cost(device: Device) -> tuple[int, int, int]:
            taken = self.resident_bytes(device.name)
            idle = sum(copy.size for _, copy in self._idle() if copy.device == device.name)
            return device.excess(taken - idle + size), device.excess(taken + size), taken

        return min(self._usable, key=cost)

    def _make_room(self, device: Device | None = None, size: int = 0) -> list[Action]:
        """Close idle models while a limit is passed, or would be by one more on `device`."""
        actions: list[Action] = []
        for number, copy in self._idle():
            place = next(d for d in self._devices if d.name == copy.device)
            if place.excess(self._staying_bytes(place) + (size if place == device else 0)):
                actions.append(self._close(number))
        for number, _ in self._idle():
            staying = sum(c.state is not _State.CLOSING for c in self._copies.values())
            if staying + (device is not None) > self._limit:
                actions.append(self._close(number))
        return actions

    def _must_wait(self, device: Device, size: int) -> bool:
        """Tell whether a model that leaves will make a place that is missing now."""
        closing = {c.device for c in self._copies.values() if c.state is _State.CLOSING}
        if closing and len(self._copies) >= self._limit:
            return True
        over = device.excess(self.resident_bytes(device.name) + size) > 0
        return over and device.name in closing

    def _staying_bytes(self, device: Device) -> int:
        staying = (c for c in self._copies.values() if c.state is not _State.CLOSING)
        return sum(copy.size for copy in staying if copy.device == device.name)

    def _idle(self) -> list[tuple[int, _Copy]]:
        """Return who may leave, the least recently used first."""
        return [
            (number, copy)
            for number, copy in self._copies.items()
            if copy.idle and copy.name not in self._pinned
        ]

    def _close(self, number: int) -> Close:
        self._copies[number].state = _State.CLOSING
        return Close(number, self._copies[number].device)

    def _touch(self, number: int) -> None:
        self._copies[number] = self._copies.pop(number)

"""Whatever the order of events: no model in use is closed, and everyone is answered."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from frisket.server.placement import Placement
from frisket.server.places import Action, Close, Device, Grant, Open, Refuse

ERROR = ValueError("unusable")
BUDGETS = {"d0": 100, "d1": 60}
SIZES = {"a": 10, "b": 40, "c": 70, "d": 120, "e": 0}


class AnyOrder(RuleBasedStateMachine):
    """Every order of events; the threads that open and close are slow as hypothesis likes."""

    def __init__(self) -> None:
        super().__init__()
        self.placement = Placement([Device(*pair) for pair in BUDGETS.items()], 3)
        self.tickets = 0
        self.waiting: dict[int, str] = {}
        self.held: dict[int, int] = {}
        self.answered: set[int] = set()
        self.where: dict[int, Open] = {}  # all in memory, from Open until closed
        self.opening: set[int] = set()
        self.closing: set[int] = set()
        self.unloaded: set[int] = set()
        self.stopped = False

    def perform(self, actions: list[Action]) -> None:
        for action in actions:
            if isinstance(action, Open):
                shared = [self.where[c] for c in set(self.where) - self.closing - self.unloaded]
                here = {one.name for one in shared if one.device == action.device}
                assert action.name not in here, "once on a device"
                assert action.copy not in self.where
                assert action.device not in {self.where[copy].device for copy in self.opening}
                self.where[action.copy] = action
                self.opening.add(action.copy)
            elif isinstance(action, Close):
                assert self.where[action.copy].device == action.device
                assert action.copy not in self.opening | self.closing
                assert self.stopped or action.copy not in self.held.values(), "in use"
                self.closing.add(action.copy)
            else:
                self.answer(action)

    def answer(self, action: Grant | Refuse) -> None:
        assert action.ticket not in self.answered
        self.answered.add(action.ticket)
        name = self.waiting.pop(action.ticket)
        if isinstance(action, Grant):
            assert self.where[action.copy].name == name
            assert action.copy not in self.opening | self.closing
            self.held[action.ticket] = action.copy

    @rule(name=st.sampled_from(sorted(SIZES)))
    def ask(self, name: str) -> None:
        ticket, self.tickets = self.tickets, self.tickets + 1
        self.waiting[ticket] = name
        self.perform(self.placement.request(ticket, name, SIZES[name]))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def give_back(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.held)))
        del self.held[ticket]
        self.perform(self.placement.release(ticket))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def lose_patience(self, data: st.DataObject) -> None:
        ticket = data.draw(st.sampled_from(sorted(self.waiting)))
        del self.waiting[ticket]
        self.perform(self.placement.withdraw(ticket))

    @precondition(lambda self: self.opening)
    @rule(data=st.data(), well=st.booleans())
    def finish_opening(self, data: st.DataObject, well: bool) -> None:
        copy = data.draw(st.sampled_from(sorted(self.opening)))
        self.opening.remove(copy)
        if well:
            self.perform(self.placement.opened(copy))
        else:
            del self.where[copy]
            self.perform(self.placement.failed(copy, ERROR))

    @precondition(lambda self: self.closing)
    @rule(data=st.data())
    def finish_closing(self, data: st.DataObject) -> None:
        self.end(data.draw(st.sampled_from(sorted(self.closing))))

    def end(self, copy: int) -> None:
        self.closing.remove(copy)
        del self.where[copy]
        self.perform(self.placement.closed(copy))

    @rule(name=st.sampled_from(sorted(SIZES)))
    def drop(self, name: str) -> None:
        self.unloaded |= {copy for copy, made in self.where.items() if made.name == name}
        self.perform(self.placement.unload(name))

    @precondition(lambda self: self.tickets > 10 and not self.stopped)
    @rule()
    def shut_down(self) -> None:
        self.stopped = True
        self.perform(self.placement.stop(ERROR))
        assert not self.waiting

    def idle(self) -> set[int]:
        return set(self.where) - self.opening - self.closing - set(self.held.values())

    @invariant()
    def limits_hold_unless_all_is_in_use(self) -> None:
        idle = self.idle()
        assert len(set(self.where) - self.closing) <= 3 or not idle
        for device, budget in BUDGETS.items():
            here = [copy for copy, made in self.where.items() if made.device == device]
            staying = sum(SIZES[self.where[c].name] for c in here if c not in self.closing)
            assert staying <= budget or not idle.intersection(here)
            taken = sum(SIZES[self.where[copy].name] for copy in here)
            assert self.placement.resident_bytes(device) == taken

    @invariant()
    def nobody_waits_for_another_session(self) -> None:
        assert self.opening or self.closing or not self.waiting

    @invariant()
    def what_is_open_is_told(self) -> None:
        for name in SIZES:
            ready = (c for c in self.where if c not in self.opening | self.closing)
            assert self.placement.is_open(name) == (name in {self.where[c].name for c in ready})

    def teardown(self) -> None:
        """With threads that come to their end everyone is answered, whoever keeps their model."""
        for _ in range(1000):
            if self.closing:
                self.end(min(self.closing))
            elif self.opening:
                copy = self.opening.pop()
                self.perform(self.placement.opened(copy))
        assert not self.waiting


AnyOrder.TestCase.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
test_any_order_of_events_keeps_the_promises = AnyOrder.TestCase

"""Whose work comes next, as tables: events in, runs out; and what holds for any order of them."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.server.turns import AGE_S, QUANTUM_MP, Priority, Run, Ticket, Turns

MASK, SIGHT, TILE, BATCH = Priority

PLAIN = {number: Ticket(number, number, TILE) for number in range(1, 10)}


Event = tuple[object, ...]
"""(ticket, time), ("done", number, time), ("gone", number), ("hold", until, now), ("look", now)."""


def feed(turns: Turns, event: Event) -> list[Run]:
    what, *more = event
    if isinstance(what, Ticket):
        return turns.enter(what, *more)  # type: ignore[arg-type]
    if what == "gone":
        turns.withdraw(*more)  # type: ignore[arg-type]
        return []
    runs: list[Run] = getattr(turns, str(what))(*more)
    return runs


def play(slots: int, events: list[Event]) -> list[list[tuple[int, ...]]]:
    """Return what began after each event."""
    turns = Turns(slots)
    return [[run.numbers for run in feed(turns, event)] for event in events]


@pytest.mark.parametrize(
    ("events", "began"),
    [
        pytest.param(
            [(PLAIN[1], 0), (PLAIN[2], 0), ("done", 1, 0), ("done", 2, 0)],
            [[(1,)], [], [(2,)], []],
            id="one place: who comes second waits for the first",
        ),
        pytest.param(
            [
                (PLAIN[1], 0),
                (Ticket(2, 2, BATCH), 0),
                (Ticket(3, 3, TILE), 0),
                (Ticket(4, 4, SIGHT), 0),
                (Ticket(5, 5, MASK), 0),
                *(("done", number, 0) for number in (1, 5, 4, 3)),
            ],
            [[(1,)], [], [], [], [], [(5,)], [(4,)], [(3,)], [(2,)]],
            id="first masks before tiles in sight before other tiles before batches",
        ),
        pytest.param(
            [
                (PLAIN[9], 0),
                *((Ticket(n, 1, TILE, QUANTUM_MP), 0) for n in (1, 2, 3)),
                (Ticket(4, 2, TILE, QUANTUM_MP), 0),
                *(("done", number, 0) for number in (9, 1, 4, 2)),
            ],
            [[(9,)], [], [], [], [], [(1,)], [(4,)], [(2,)], [(3,)]],
            id="a session that came first with much does not hold up one with little",
        ),
        pytest.param(
            [
                (PLAIN[9], 0),
                *((Ticket(n, 1, TILE, QUANTUM_MP), 0) for n in (1, 2)),
                *((Ticket(n, 2, TILE, QUANTUM_MP / 4), 0) for n in (3, 4, 5, 6)),
                *(("done", number, 0) for number in (9, 1, 3, 4, 5)),
            ],
            [[(9,)], [], [], [], [], [], [], [(1,)], [(3,)], [(4,)], [(5,)], [(6,)]],
            id="turns are counted in megapixels: four small tiles for one large one",
        ),
        pytest.param(
            [
                (PLAIN[1], 0),
                (Ticket(2, 2, BATCH), 0),
                (Ticket(3, 3, TILE), AGE_S),
                (Ticket(4, 4, TILE), AGE_S),
                ("done", 1, AGE_S),
                ("done", 2, AGE_S),
            ],
            [[(1,)], [], [], [], [(2,)], [(3,)]],
            id="what waits rises by a class, and stands before what comes there later",
        ),
        pytest.param(
            [(PLAIN[1], 0), (PLAIN[2], 0), (PLAIN[3], 0), ("gone", 2), ("done", 1, 0)],
            [[(1,)], [], [], [], [(3,)]],
            id="who leaves the queue is passed over",
        ),
        pytest.param(
            [
                (PLAIN[9], 0),
                *((Ticket(n, n, MASK, 1, "a", 3), 0) for n in (1, 2)),
                (Ticket(3, 3, MASK, 1, "b", 3), 0),
                *((Ticket(n, n, MASK, 1, "a", 3), 0) for n in (4, 5)),
                ("done", 9, 0),
                ("done", 1, 0),
                ("done", 3, 0),
            ],
            [[(9,)], [], [], [], [], [], [(1, 2, 4)], [(3,)], [(5,)]],
            id="who waits for the same model shares its run, as many as it takes",
        ),
        pytest.param(
            [
                (PLAIN[9], 0),
                (Ticket(1, 1, BATCH, 1, "a", 8), 0),
                (Ticket(2, 1, MASK, 1, "a", 8), 0),
                ("done", 9, 0),
            ],
            [[(9,)], [], [], [(2, 1)]],
            id="a batch is filled from lower classes, the urgent first",
        ),
        pytest.param(
            [(PLAIN[9], 0), *((Ticket(n, n, MASK, 1, "a"), 0) for n in (1, 2)), ("done", 9, 0)],
            [[(9,)], [], [], [(1,)]],
            id="a model of one picture a run is run one by one",
        ),
        pytest.param(
            [
                (PLAIN[1], 0),
                ("hold", 2, 0),
                (Ticket(2, 2, BATCH), 0),
                ("done", 1, 0.5),
                ("hold", 0, 0.6),
            ],
            [[(1,)], [], [], [], [(2,)]],
            id="what runs when others are held goes on, and what waits begins when they are freed",
        ),
        pytest.param(
            [
                ("hold", 9, 0),
                (PLAIN[1], 0),
                (Ticket(2, 2, MASK), 0),
                ("done", 2, 0.1),
                ("look", AGE_S),
            ],
            [[], [], [(2,)], [], [(1,)]],
            id="first masks are not held, nor what has waited long",
        ),
        pytest.param(
            [("hold", 0.5, 0), (PLAIN[1], 0), ("look", 0.4), ("look", 0.5)],
            [[], [], [], [(1,)]],
            id="to hold others ends by itself",
        ),
    ],
)
def test_decisions(events: list[Event], began: list[list[tuple[int, ...]]]) -> None:
    assert play(1, events) == began


@pytest.mark.parametrize(
    ("events", "now", "begins"),
    [
        pytest.param([], 0, None, id="nothing waits"),
        pytest.param([(PLAIN[1], 0), (PLAIN[2], 0)], 0, None, id="for the end of a run"),
        pytest.param([("hold", 9, 0), (PLAIN[1], 0.5)], 0.6, 0.5 + AGE_S, id="when it has risen"),
        pytest.param([("hold", 0.7, 0), (PLAIN[1], 0.5)], 0.6, 0.7, id="when it is freed"),
        pytest.param([("hold", 9, 0), (PLAIN[1], 0), ("gone", 1)], 0.1, None, id="it left"),
    ],
)
def test_when_something_begins_by_itself(
    events: list[Event], now: float, begins: float | None
) -> None:
    turns = Turns(1)
    for event in events:
        feed(turns, event)
    assert turns.foresee(now) == begins


tickets = st.builds(
    Ticket,
    number=st.just(0),
    session=st.integers(0, 3),
    priority=st.sampled_from(Priority),
    megapixels=st.floats(0, 1e9),
    group=st.sampled_from([None, "a", "b"]),
    share=st.integers(1, 4),
)


@given(st.integers(1, 3), st.lists(tickets, max_size=30), st.integers(0, 2**32))
def test_everything_begins_once_and_never_too_much_at_once(
    slots: int, wanted: list[Ticket], seed: int
) -> None:
    turns, running, begun, gone, now = Turns(slots), [], [], set(), 0.0
    chance = random.Random(seed)
    entered = [Ticket(**{**vars(t), "number": n}) for n, t in enumerate(wanted)]
    left = list(entered)
    while left or running or turns.waiting:
        now += chance.choice([0.0, AGE_S])
        if not left and not running:  # all that waits is held, and begins by itself
            foreseen = turns.foresee(now)
            runs = turns.look(now if foreseen is None else max(now, foreseen))
            assert runs
        elif chance.random() < 0.2:
            runs = turns.hold(now + chance.choice([-1.0, 0.0, 0.5, 9.0]), now)
        elif left and (not running or chance.random() < 0.5):
            runs = turns.enter(left.pop(0), now)
        elif not running or chance.random() < 0.2:
            number = chance.choice(entered).number
            runs = []
            if turns.withdraw(number):
                gone.add(number)
        else:
            runs = turns.done(running.pop(0), now)
        running += [run.numbers[0] for run in runs]
        for run in runs:
            head = entered[run.numbers[0]]
            assert len(run.numbers) <= head.share
            assert len({entered[number].group for number in run.numbers}) == 1
        begun += [number for run in runs for number in run.numbers]
        assert len(running) <= slots
    assert Counter(begun) == Counter({t.number for t in entered} - gone)
    assert not turns.waiting


@given(st.lists(st.integers(1, 8), min_size=2, max_size=5))
def test_busy_sessions_get_the_same_megapixels_whatever_their_tiles(sizes: list[int]) -> None:
    turns, owner, served = Turns(1), {}, Counter[int]()
    running: list[int] = []
    for number in range(400 * len(sizes)):
        session = number % len(sizes)
        owner[number] = session
        for run in turns.enter(Ticket(number, session, TILE, sizes[session] * 0.05), 0):
            running += run.numbers
    for _ in range(100 * len(sizes)):
        number = running.pop()
        served[owner[number]] += sizes[owner[number]]
        for run in turns.done(number, 0):
            running += run.numbers
    largest = max(max(sizes) * 0.05, QUANTUM_MP) / 0.05
    assert max(served.values()) - min(served.values()) <= 2 * largest


def test_nothing_waits_for_ever_beside_endless_first_masks() -> None:
    turns = Turns(1)
    [run] = turns.enter(Ticket(0, 0, MASK), 0.0)
    turns.enter(Ticket(1, 1, BATCH, 1.0), 0.0)
    for number in range(2, 100):
        now = number * AGE_S / 4
        turns.enter(Ticket(number, number, MASK, 1.0), now)
        [run] = turns.done(run.numbers[0], now)
        if run.numbers == (1,):
            assert now <= 5 * AGE_S
            return
    pytest.fail("the batch never had its turn")

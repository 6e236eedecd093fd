"""Which models are in memory is decided without performing anything, so it is all on paper here."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from frisket.server.placement import Placement
from frisket.server.places import Action, Close, Device, Grant, Open, Refuse

Event = Callable[[Placement], "list[Action]"]
Step = tuple[Event, "list[Action]"]
ERROR = ValueError("unusable")


def request(ticket: int, name: str, size: int = 10) -> Event:
    return lambda placement: placement.request(ticket, name, size)


def release(ticket: int) -> Event:
    return lambda placement: placement.release(ticket)


def withdraw(ticket: int) -> Event:
    return lambda placement: placement.withdraw(ticket)


def opened(copy: int) -> Event:
    return lambda placement: placement.opened(copy)


def failed(copy: int) -> Event:
    return lambda placement: placement.failed(copy, ERROR)


def closed(copy: int) -> Event:
    return lambda placement: placement.closed(copy)


def unload(name: str) -> Event:
    return lambda placement: placement.unload(name)


def stop() -> Event:
    return lambda placement: placement.stop(ERROR)


def use(copy: int, name: str, size: int = 10, device: str = "d") -> list[Step]:
    """Open a model that then is in use by the ticket of the same number."""
    return [
        (request(copy, name, size), [Open(copy, name, device)]),
        (opened(copy), [Grant(copy, copy)]),
    ]


def rest(copy: int, name: str, size: int = 10) -> list[Step]:
    """Open a model that then is idle."""
    return [*use(copy, name, size), (release(copy), [])]


# name: (limit of models, budget, steps)
TABLE: dict[str, tuple[int, int, list[Step]]] = {
    "an open model is granted at once": (2, 0, [*use(0, "a"), (request(7, "a"), [Grant(7, 0)])]),
    "an idle model is granted at once": (2, 0, [*rest(0, "a"), (request(7, "a"), [Grant(7, 0)])]),
    "a model is opened once for all who ask": (
        2,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (request(1, "a"), []),
            (opened(0), [Grant(0, 0), Grant(1, 0)]),
        ],
    ),
    "an open model is granted while another opens": (
        2,
        0,
        [*rest(0, "a"), (request(1, "b"), [Open(1, "b", "d")]), (request(2, "a"), [Grant(2, 0)])],
    ),
    "an open model is granted while another waits for room": (
        2,
        0,
        [
            *rest(0, "a"),
            *use(1, "b"),
            (request(2, "c"), [Close(0, "d")]),
            (request(3, "b"), [Grant(3, 1)]),
        ],
    ),
    "a device opens one model at a time, in order": (
        3,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (request(1, "b"), []),
            (request(2, "c"), []),
            (opened(0), [Grant(0, 0), Open(1, "b", "d")]),
            (failed(1), [Refuse(1, ERROR), Open(2, "c", "d")]),
        ],
    ),
    "the least recently used leaves first, and before the opening": (
        2,
        0,
        [
            *rest(0, "a"),
            *rest(1, "b"),
            (request(2, "a"), [Grant(2, 0)]),
            (release(2), []),
            (request(3, "c"), [Close(1, "d")]),
            (closed(1), [Open(2, "c", "d")]),
        ],
    ),
    "who comes later does not take the place that is being cleared": (
        1,
        0,
        [
            *rest(0, "a"),
            (request(1, "b"), [Close(0, "d")]),
            (request(2, "a"), []),
            (closed(0), [Open(1, "b", "d")]),
            (opened(1), [Grant(1, 1), Open(2, "a", "d")]),
        ],
    ),
    "a small model does not take the place either": (
        9,
        100,
        [
            *rest(0, "a", 60),
            (request(1, "b", 80), [Close(0, "d")]),
            (request(2, "c", 30), []),
            (closed(0), [Open(1, "b", "d")]),
        ],
    ),
    "a model was last used when it was given back": (
        2,
        0,
        [
            *use(0, "a"),
            *use(1, "b"),
            (release(1), []),
            (release(0), []),
            (request(2, "c"), [Close(1, "d")]),
        ],
    ),
    "two who hold what the other wants do not wait for one another": (
        1,
        0,
        [
            *use(0, "a"),
            (request(1, "b"), [Open(1, "b", "d")]),
            (opened(1), [Grant(1, 1)]),
            (request(2, "b"), [Grant(2, 1)]),
            (request(3, "a"), [Grant(3, 0)]),
        ],
    ),
    "what was opened beyond the limit leaves at the release": (
        1,
        0,
        [
            *use(0, "a"),
            *use(1, "b"),
            (release(0), [Close(0, "d")]),
            (closed(0), []),
            (release(1), []),
        ],
    ),
    "bytes count, not only models": (
        9,
        100,
        [
            *rest(0, "a", 40),
            *rest(1, "b", 40),
            (request(2, "c", 60), [Close(0, "d")]),
            (closed(0), [Open(2, "c", "d")]),
        ],
    ),
    "a model larger than the budget opens alone": (
        9,
        100,
        [
            *rest(0, "a", 40),
            (request(1, "b", 200), [Close(0, "d")]),
            (closed(0), [Open(1, "b", "d")]),
            (opened(1), [Grant(1, 1)]),
            (release(1), [Close(1, "d")]),
        ],
    ),
    "a model in use never leaves for another": (
        9,
        100,
        [*use(0, "a", 80), (request(1, "b", 80), [Open(1, "b", "d")])],
    ),
    "a model that fails frees its place and is tried again when asked for": (
        1,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (request(1, "a"), []),
            (failed(0), [Refuse(0, ERROR), Refuse(1, ERROR)]),
            (request(2, "a"), [Open(1, "a", "d")]),
        ],
    ),
    "an idle model is unloaded at once": (
        2,
        0,
        [*rest(0, "a"), (unload("a"), [Close(0, "d")]), (unload("a"), []), (closed(0), [])],
    ),
    "a model in use is unloaded at its last release": (
        2,
        0,
        [
            *use(0, "a"),
            (request(1, "a"), [Grant(1, 0)]),
            (unload("a"), []),
            (release(0), []),
            (release(1), [Close(0, "d")]),
        ],
    ),
    "who asks after an unload gets the model anew": (
        2,
        0,
        [
            *use(0, "a"),
            (unload("a"), []),
            (request(1, "a"), [Open(1, "a", "d")]),
            (release(0), [Close(0, "d")]),
            (opened(1), [Grant(1, 1)]),
        ],
    ),
    "a model unloaded while it opens serves who waited": (
        2,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (unload("a"), []),
            (opened(0), [Grant(0, 0)]),
            (release(0), [Close(0, "d")]),
        ],
    ),
    "who leaves while a model opens is not granted it, and it stays idle": (
        1,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (withdraw(0), []),
            (opened(0), []),
            (request(1, "b"), [Close(0, "d")]),
        ],
    ),
    "who leaves before a model opens leaves nothing": (
        2,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (request(1, "b"), []),
            (withdraw(1), []),
            (opened(0), [Grant(0, 0)]),
        ],
    ),
    "a refused ticket may be withdrawn": (
        2,
        0,
        [
            (request(0, "a"), [Open(0, "a", "d")]),
            (failed(0), [Refuse(0, ERROR)]),
            (withdraw(0), []),
        ],
    ),
    "stop closes what is open, refuses who waits, and takes late releases": (
        3,
        0,
        [
            *use(0, "a"),
            (request(1, "b"), [Open(1, "b", "d")]),
            (request(2, "c"), []),
            (stop(), [Refuse(2, ERROR), Refuse(1, ERROR), Close(0, "d")]),
            (request(3, "a"), [Refuse(3, ERROR)]),
            (withdraw(1), []),
            (closed(0), []),
            (release(0), []),
            (opened(1), [Close(1, "d")]),
            (closed(1), []),
        ],
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_every_event_has_its_actions(case: str) -> None:
    limit, budget, steps = TABLE[case]
    placement = Placement([Device("d", budget)], limit)
    for number, (event, expected) in enumerate(steps):
        assert event(placement) == expected, f"step {number}"


@pytest.mark.parametrize("ending", [release(0), failed(0)])
def test_a_ticket_is_released_once_and_only_when_it_was_granted(ending: Event) -> None:
    placement = Placement([Device("d")], 2)
    for event in (request(0, "a"), ending):
        event(placement)
    with pytest.raises(KeyError):
        placement.release(0)


def test_what_is_open_and_what_it_takes_is_told_as_it_is() -> None:
    placement = Placement([Device("d")], 2)
    told = []
    for event in (request(0, "a"), opened(0), unload("a"), release(0), closed(0)):
        event(placement)
        told.append((placement.is_open("a"), placement.resident_bytes("d")))
    assert told == [(False, 10), (True, 10), (True, 10), (False, 10), (False, 0)]


def test_a_model_goes_where_it_fits_then_where_least_must_leave() -> None:
    placement = Placement([Device("small", 50), Device("large", 100)], 9)
    assert placement.request(0, "a", 80) == [Open(0, "a", "large")]
    assert placement.request(1, "b", 30) == [Open(1, "b", "small")], "both open at once"
    placement.opened(0)
    placement.opened(1)
    placement.release(0)
    assert placement.request(2, "c", 40) == [Close(0, "large")], "'b' is in use, 'a' is idle"
    assert placement.closed(0) == [Open(2, "c", "large")]

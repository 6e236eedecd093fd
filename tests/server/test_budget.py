"""One sum for all that takes memory: who would pass it is refused before any work."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.reasons import Reason
from frisket.server.budget import Budget
from frisket.server.errors import ServiceError


def test_the_last_byte_can_be_spent_and_one_more_cannot() -> None:
    budget = Budget(100)
    budget.take("sessions", 60)
    budget.take("pictures", 40)
    with pytest.raises(ServiceError) as caught:
        budget.take("hints", 1)
    assert (caught.value.reason, caught.value.retry_s) == (Reason.BUSY, 1.0)
    budget.give("pictures", 40)
    budget.take("hints", 40)


def test_what_can_never_be_had_is_too_large() -> None:
    with pytest.raises(ServiceError) as caught:
        Budget(100).take("sessions", 101)
    assert caught.value.reason is Reason.TOO_LARGE


def test_without_a_total_everything_is_counted_and_nothing_refused() -> None:
    budget = Budget(0)
    budget.take("sessions", 1 << 50)
    assert budget.spent_on("sessions") == 1 << 50


def test_models_in_use_pass_the_total_and_then_others_are_refused() -> None:
    budget = Budget(100)
    budget.state("models", 150)
    with pytest.raises(ServiceError):
        budget.take("sessions", 1)
    assert budget.left_beside("models") == 100
    budget.state("models", 90)
    budget.take("sessions", 10)
    assert budget.left_beside("models") == 90


def test_who_gives_something_back_is_asked_before_anybody_is_refused() -> None:
    budget = Budget(100)
    budget.state("models", 80)
    asked: list[int] = []

    def reclaim(missing: int) -> int:
        asked.append(missing)
        return 80

    budget.reclaim = reclaim
    budget.take("sessions", 50)
    assert asked == [30]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 60)), max_size=30))
def test_the_sum_never_passes_the_total_and_returns_to_nothing(
    orders: list[tuple[str, int]],
) -> None:
    budget, held = Budget(100), Counter[str]()
    for purpose, size in orders:
        try:
            budget.take(purpose, size)
        except ServiceError:
            assert held.total() + size > 100
        else:
            held[purpose] += size
        assert budget.spent == held.total() <= 100
    for purpose, size in held.items():
        budget.give(purpose, size)
    assert budget.spent == 0

"""A server's metrics as `frisket server top` reads them, whoever wrote them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.cli.top import summarise, write
from frisket.measure.meters import Durations, NoMetrics, parse

prometheus = pytest.importorskip("prometheus_client")

HEAD = 'frisket_server_info{version="1.2",device="cpu"} 1\n'


def tell(*seconds: float) -> str:
    registry = prometheus.CollectorRegistry()
    buckets = (0.1, 1.0, 10.0)
    made = prometheus.Histogram("frisket_x_seconds", "X.", registry=registry, buckets=buckets)
    for one in seconds:
        made.observe(one)
    return HEAD + prometheus.generate_latest(registry).decode()


@given(st.lists(st.floats(0.001, 9.9), min_size=1, max_size=30), st.floats(0.01, 1.0))
def test_a_quantile_lies_in_the_bucket_of_the_true_one(seconds: list[float], share: float) -> None:
    found = parse(tell(*seconds)).durations["frisket_x_seconds"][()]
    rank = max(1, math.ceil(share * len(seconds) - 1e-9))
    true = sorted(seconds)[rank - 1]
    lower, upper = next(
        (low, up) for low, up in ((0.0, 0.1), (0.1, 1.0), (1.0, 10.0)) if true <= up
    )
    assert lower <= found.quantile(share) <= upper
    assert found.mean == pytest.approx(sum(seconds) / len(seconds))


def test_a_look_tells_what_came_since_the_last_one() -> None:
    before, now = parse(tell(0.05)), parse(tell(0.05, 5.0, 7.0))
    new = now.since(before).durations["frisket_x_seconds"][()]
    assert (new.count, new.total) == (2, 12.0)
    assert 1.0 <= new.quantile(0.5) <= 10.0
    again = before.since(now).durations["frisket_x_seconds"][()]
    assert again.count == 1, "a server that began anew"


def test_without_observations_nothing_is_made_up() -> None:
    assert math.isnan(Durations().quantile(0.5)) and math.isnan(Durations().mean)
    row = summarise(parse(tell()))["durations"]["frisket_x_seconds"][""]
    assert row == {"count": 0, "mean": None, "p50": None, "p95": None}


@pytest.mark.parametrize("text", ["", "<html>no</html>", "up 1\n", "frisket_x{ 1\n", "\0"])
def test_what_is_no_frisket_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(NoMetrics, match="no metrics of"):
        parse(text)


def test_a_stranger_cannot_command_the_terminal() -> None:
    evil = 'frisket_errors_total{reason="\x1b[2J"} 3\n'
    said = write(parse(HEAD + evil))
    assert "\x1b" not in said and "?[2J 3" in said


def test_a_text_for_people_tells_who_waits_and_what_is_in_memory() -> None:
    said = write(
        parse(
            HEAD + 'frisket_pending{class="tile"} 4\nfrisket_sessions 2\n'
            "frisket_sessions_limit 32\n"
            'frisket_model_resident_bytes{model="embedded",device="cpu"} 4194304\n'
            'frisket_errors_total{reason="BUSY"} 7\n'
        )
    )
    for part in (
        "frisket 1.2 on cpu",
        "2 of 32 places",
        "tile 4",
        "BUSY 7",
        "embedded on cpu 4 MiB",
    ):
        assert part in said

"""Every limit holds at its edge, and the page tells all of them."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from frisket.server.arguments import add_arguments
from frisket.server.limits import Bound, Limits, list_bounds, write_table

PAGE = Path(__file__).resolve().parents[2].joinpath("docs", "server.md")
ROWS = list(list_bounds())


def test_the_page_prints_the_table() -> None:
    assert write_table() in PAGE.read_text("utf-8"), "run python -m frisket.server.limits"


def test_what_nobody_says_lies_within_its_range() -> None:
    Limits()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_edges_are_taken_and_what_lies_beyond_is_refused(row: Bound) -> None:
    for edge in (row.least, row.most):
        assert getattr(Limits(**{row.name: edge}), row.name) == edge
    for beyond in (row.least - 1, row.most + 1, float("nan")):
        with pytest.raises(ValueError, match=row.name):
            Limits(**{row.name: beyond})


@pytest.mark.parametrize("row", [r for r in ROWS if r.option], ids=lambda row: row.option)
def test_an_option_takes_its_edges(row: Bound) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for edge in (row.least, row.most):
        said = parser.parse_args([row.option, f"{edge / row.scale:.10g}"])
        assert getattr(said, row.name) == edge
    with pytest.raises(SystemExit):
        parser.parse_args([row.option, f"{row.most / row.scale + 1:.10g}"])

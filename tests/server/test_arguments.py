"""What the options of `frisket serve` mean."""

from __future__ import annotations

import argparse
import math
import re
from pathlib import Path

import pytest

from frisket.server.arguments import add_arguments, configure
from frisket.server.limits import Limits


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ([], Limits(sessions=32, model_bytes=0)),
        (["--model-memory", "3000"], Limits(model_bytes=3000 << 20)),
        (["--memory", "2048", "--max-sessions", "1"], Limits(sessions=1, memory=2 << 30)),
        (["--run-limit", "2.5", "--load-limit", "9"], Limits(run_s=2.5, load_s=9)),
    ],
)
def test_limits_come_from_the_options(options: list[str], limits: Limits) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert configure(parser.parse_args(options)).limits == limits


@pytest.mark.parametrize(
    "options",
    [
        ["--drain", "nan"],
        ["--drain", "-1"],
        ["--idle-exit", "inf"],
        ["--idle-exit", "soon"],
        ["--threads", "100000"],
        ["--threads", "-1"],
        ["--model-memory", "-1"],
        ["--memory", "half"],
        ["--max-sessions", "0"],
        ["--max-sessions", "4097"],
        ["--max-connections", "many"],
        ["--run-limit", "nan"],
        ["--load-limit", "0"],
        ["--keep-alive", "5"],
        ["--keep-alive", "-5m"],
        ["--keep-alive", "nans"],
        ["--keep-alive", "1e9h"],
    ],
)
def test_numbers_that_mean_nothing_are_refused(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args(options)
    assert options[0] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("5m", 300.0), ("1.5h", 5400.0), ("0", 0.0), ("forever", math.inf)],
)
def test_a_time_to_keep_models_has_a_unit(text: str, seconds: float) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert configure(parser.parse_args(["--keep-alive", text])).keep_s == seconds


def test_several_models_can_be_kept() -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    options = ["--model", "fake", "--model", "embedded", "--model", "fake"]
    assert configure(parser.parse_args(options)).models == ("fake", "embedded")


def test_the_page_tells_every_option() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    add_arguments(parser)
    page = Path(__file__).resolve().parents[2].joinpath("docs", "server.md").read_text("utf-8")
    table = page[page.index("| option |") : page.index("## The local server")]
    told = set(re.findall(r"--[a-z-]+", table))
    assert set(re.findall(r"--[a-z-]+", parser.format_usage())) <= told

"""A command in a process apart: its end is told, signals reach it once, nobody is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from processes import wait_until_gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is the same process")

PROGRAM = """
import os
import signal
import sys
import time
from frisket.cli.apart import run_apart

heard = []


def work():
    {work}


sys.exit(run_apart(work, "It ended.", 7))
"""
LISTEN = """signal.signal({signal}, lambda number, frame: heard.append(number))
    print(os.getpid(), flush=True)
    while not heard:
        time.sleep(0.01)
    time.sleep(0.2)
    return 10 + len(heard)"""


def start(work: str) -> subprocess.Popen[str]:
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", PROGRAM.format(work=work)]
    return subprocess.Popen(command, start_new_session=True, **pipes)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize(
    ("work", "status", "said"),
    [
        ("return 0", 0, ""),
        ("return 11", 11, ""),
        ("sys.exit(3)", 3, ""),
        ("os._exit(1)", 7, "frisket: It ended.\n"),
        ("os._exit(0)", 7, "frisket: It ended.\n"),
        ("os.abort()", 7, "frisket: It ended.\n"),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
    ],
)
def test_the_end_of_the_work_is_that_of_the_command(work: str, status: int, said: str) -> None:
    process = start(work)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (status, "", said)


def test_an_error_is_told_once() -> None:
    process = start("raise ValueError('wrong')")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.count("ValueError: wrong") == 1 and "It ended" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_heard_once(number: signal.Signals) -> None:
    process = start(LISTEN.format(signal=int(number)))
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == 11


def test_nothing_is_left_when_the_command_is_killed() -> None:
    process = start(LISTEN.format(signal=int(signal.SIGUSR1)))
    assert process.stdout is not None
    child = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=60)
    wait_until_gone(child)

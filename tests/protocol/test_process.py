"""A process number is trusted only together with the start of its process."""

from __future__ import annotations

import os
import subprocess
import sys

from frisket.protocol.process import is_running, mark_process


def test_a_process_is_known_by_its_mark() -> None:
    mark = mark_process(os.getpid())
    assert mark
    assert is_running(os.getpid(), mark)


def test_another_process_of_the_same_number_is_another() -> None:
    mine = mark_process(os.getpid())
    space, _, start = mine.partition(" ")
    assert not is_running(os.getpid(), f"{space} {start}0")


def test_who_has_gone_is_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mark = mark_process(child.pid)
    assert is_running(child.pid, mark)
    assert mark != mark_process(os.getpid())
    child.kill()
    child.wait(10)
    assert not is_running(child.pid, mark)
    assert mark_process(child.pid) == ""


def test_what_cannot_be_known_is_not_denied() -> None:
    """A sandbox counts processes on its own: the number of a server outside means nothing."""
    assert is_running(1 << 22, "")
    assert is_running(os.getpid(), "pid:[1] 12345")
    assert mark_process(0) == mark_process(-1) == ""

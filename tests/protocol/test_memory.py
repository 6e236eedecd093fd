"""The peak of this process's memory is its own, in bytes."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from frisket.protocol.memory import peak_bytes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not known on Windows")


def test_the_peak_is_not_below_what_is_in_use_now() -> None:
    used = psutil.Process().memory_info().rss
    assert used * 0.9 <= peak_bytes() < psutil.virtual_memory().total


def test_the_peak_of_a_child_is_not_inherited() -> None:
    """A small child of a large process: getrusage would tell the parent's figure."""
    ballast = bytearray(b"\x01") * (256 << 20)
    code = "from frisket.protocol.memory import peak_bytes; print(peak_bytes())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 1 << 20 < int(done.stdout) < len(ballast)

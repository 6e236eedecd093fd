"""From start to ready, and idle memory, beside the bare imports; the first mask cold and warm."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import psutil
from serving import noisy_disc
from trials.kit import MIB, Trial, pick, posix, say

pytestmark = posix

IMPORTS = "import grpc, numpy, PIL.Image, psutil; print(psutil.Process().memory_info().rss)"
PICTURE = noisy_disc(640, 480)


def import_bare() -> tuple[float, float]:
    """Return the seconds and MiB that the imports alone take."""
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, check=True)
    return time.monotonic() - begun, int(done.stdout) / MIB


def test_a_server_starts_and_waits_lightly(tmp_path: Path) -> None:
    bare, ready, memory, cold, warm = [], [], [], [], []
    for number in range(pick(3, 7)):
        bare.append(import_bare())
        begun = time.monotonic()
        with Trial(tmp_path / str(number)) as trial:
            ready.append(time.monotonic() - begun)
            memory.append(psutil.Process(trial.pid).memory_info().rss / MIB)
            cold.append(trial.click(PICTURE))
            warm.append(trial.click(PICTURE))
    middle = statistics.median
    imports, weight = (middle(column) for column in zip(*bare, strict=True))
    say(
        "startup",
        ready=middle(ready) / imports,
        memory=middle(memory),
        memory_to_imports=middle(memory) / weight,
        cold_to_warm=middle(cold) / middle(warm),
    )
    assert middle(ready) / imports < 3
    assert middle(memory) / weight < 2

"""A server is ready soon, small at rest, and quick from its first click on."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import psutil
from lengths import pick
from trials.kit import MIB, Trial, posix, reduce, say
from trials.pictures import draw
from waiting import wait_until

pytestmark = posix

PICTURE = draw(0.3, 1)
PROXY = reduce(PICTURE)


def measure(code: str) -> tuple[float, float]:
    """Return the seconds that a Python takes to run some code, and its memory then in MiB."""
    code += "; import psutil; print(psutil.Process().memory_info().rss)"
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return time.perf_counter() - started, int(done.stdout) / MIB


def wait_for_child(trial: Trial) -> float:
    """Return the memory of the models' process in MiB, when it has started and waits for work."""
    wait_until(lambda: trial.processes()[1:], "the models' process")
    [child] = trial.processes()[1:]
    seen = [0.0]

    def rests() -> bool:
        time.sleep(0.2)
        seen.append(sum(child.cpu_times()[:2]))
        return 0.1 < seen[-1] == seen[-2]

    wait_until(rests, "it to be idle")
    return float(child.memory_info().rss / MIB)


def test_start_to_ready_and_memory_at_rest(tmp_path: Path) -> None:
    imports, bare, ready, memory, children, ratios = [], [], [], [], [], []
    for turn in range(pick(3, 7)):
        imports.append(measure("import grpc, numpy, PIL.Image")[0])
        bare.append(measure("import grpc.aio, numpy, PIL.Image, cv2")[1])
        started = time.perf_counter()
        with Trial(tmp_path / str(turn)) as trial:
            ready.append(time.perf_counter() - started)
            memory.append(psutil.Process(trial.pid).memory_info().rss / MIB)
            children.append(wait_for_child(trial))
            cold, warm = (trial.click(PICTURE, proxy=PROXY) for _ in range(2))
            ratios.append(cold / warm)
    say(
        "start",
        ready_to_imports=median(ready) / median(imports),
        memory=median(memory),
        memory_to_imports=median(memory) / median(bare),
        child=median(children),
        cold_to_warm=median(ratios),
    )
    assert median(ready) < 3 * median(imports)
    assert median(memory) < 1.4 * median(bare)
    assert median(children) < median(memory), "the models' process, started ahead, holds little"

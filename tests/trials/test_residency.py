"""Twenty models in room for three: every request is served, and memory stays within its bounds."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import grpc
import psutil
import pytest
from graphs import large
from lengths import pick
from processes import is_gone
from trials.kit import MIB, Figures, Trial, chance, posix, read_status, say
from trials.pictures import draw
from waiting import wait_until

from frisket.models import Registry
from frisket.v1 import models_pb2, models_pb2_grpc

# Nearly every request opens a model: at whole length that takes minutes.
pytestmark = [posix, pytest.mark.timeout(pick(300, 1800))]

MODELS, REQUESTS = pick(6, 20), pick(60, 2000)
LARGEST_MIB = pick(60, 120)
BUDGET_MIB = 3 * LARGEST_MIB
# What runs need for a moment weighs more in the small sample.
MOST_TO_BUDGET = pick(1.1, 1.05)
CLIENTS = 3
PICTURE = draw(0.05, 1)
# Sessions draw on the same sum; these are of a twentieth of a megapixel.
SESSIONS_MIB = 40


def add_models(registry: Registry, folder: Path) -> None:
    """Add models of 20 MiB to the largest, whose weights are all needed."""
    for number in range(MODELS):
        size = 20 + (LARGEST_MIB - 20) * number // (MODELS - 1)
        registry.add(f"large{number}", "u2net", large(folder / "large.onnx", size, number))


class Watch:
    """The most memory of the models' processes while the block runs, in MiB."""

    def __init__(self, trial: Trial) -> None:
        self._trial, self.most = trial, 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(0.01):
            self.most = max(self.most, read_children(self._trial))


def read_children(trial: Trial) -> float:
    """Return what the models' processes take now."""
    found = 0.0
    for one in trial.processes()[1:]:
        if not is_gone(one.pid):
            try:
                found += one.memory_info().rss / MIB
            except psutil.Error:
                continue
    return found


def is_steady() -> Callable[[Figures], bool]:
    """Return what tells whether memory is as it was at the look before, with a models' process."""
    before = [0.0]

    def look(found: Figures) -> bool:
        same = found.children == 1 and abs(found.memory - before[0]) < 0.5
        before[0] = found.memory
        return same

    return look


def measure_runtime(trial: Trial) -> float:
    """Return what the models' process takes without a model when it has run one, in MiB."""
    with trial.channel() as channel:
        trial.matte(channel, PICTURE, model="embedded")
        models = models_pb2_grpc.ModelServiceStub(channel)
        request = models_pb2.UnloadModelRequest(name="embedded")
        models.UnloadModel(request, timeout=60, metadata=trial.metadata)
        wait_until(lambda: not trial.capabilities().sessions, "the end of the session")
        return read_children(trial)


def work(trial: Trial, numbers: list[int], ends: Counter[str]) -> None:
    """Send requests one after another; each is a session, a loading or an unloading."""
    random = chance(f"residency {numbers[0]}")
    with trial.channel() as channel:
        models = models_pb2_grpc.ModelServiceStub(channel)
        for _ in numbers:
            name = f"large{random.randrange(MODELS)}"
            kind = random.choices(("matte", "load", "unload"), (8, 1, 1))[0]
            try:
                if kind == "matte":
                    trial.matte(channel, PICTURE, model=name)
                elif kind == "load":
                    request = models_pb2.LoadModelRequest(name=name)
                    models.LoadModel(request, timeout=60, metadata=trial.metadata)
                else:
                    request = models_pb2.UnloadModelRequest(name=name)
                    models.UnloadModel(request, timeout=60, metadata=trial.metadata)
                ends["OK"] += 1
            except grpc.RpcError as error:
                ends[f"{kind} {read_status(error)}"] += 1


def tell_progress(ends: Counter[str], started: float) -> None:
    """Say how far it is, some seconds later."""
    time.sleep(pick(0.1, 10))
    done = sum(ends.values())
    say("so far", requests=done, a_second=done / (time.monotonic() - started))


def test_many_models_share_room_for_three(tmp_path: Path) -> None:
    home = tmp_path / "home"
    add_models(Registry(home), tmp_path)
    memory = BUDGET_MIB + CLIENTS * SESSIONS_MIB
    options = ("--memory", str(memory), "--model-memory", str(BUDGET_MIB), "--keep-alive", "2s")
    with Trial(home, *options) as trial:
        idle = trial.settle(is_steady(), limit_s=30.0).memory
        base, ends = measure_runtime(trial), Counter[str]()
        started = time.monotonic()
        with Watch(trial) as watch:
            shares = [list(range(each, REQUESTS, CLIENTS)) for each in range(CLIENTS)]
            threads = [threading.Thread(target=work, args=(trial, one, ends)) for one in shares]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                tell_progress(ends, started)
            for thread in threads:
                thread.join()
        back = trial.settle(lambda found: found.memory < 1.1 * idle, limit_s=7.0).memory
        say(
            "twenty models in room for three", requests=REQUESTS, ends=dict(ends),
            most_to_budget=(watch.most - base) / BUDGET_MIB, idle_after_to_before=back / idle,
        )  # fmt: skip
        assert ends == {"OK": REQUESTS}
        assert watch.most - base <= MOST_TO_BUDGET * BUDGET_MIB
        assert back <= 1.1 * idle
        assert not trial.tracebacks(), trial.text()

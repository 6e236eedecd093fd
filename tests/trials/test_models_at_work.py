"""Models in memory, models that never end and models that crash: others do not notice."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import grpc
import numpy as np
import pytest
from graphs import endless_when_bright
from graphs import large as make_large
from lengths import pick
from trials.kit import Trial, opening, percentile, posix, read_status, reduce, rows, say, whole_only
from trials.pictures import draw

from frisket.models import Registry
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import models_pb2, models_pb2_grpc

pytestmark = posix

PICTURE = draw(0.3, 1)
PROXY = reduce(PICTURE)
WHITE = np.full((320, 320, 3), 255, np.uint8)
MODEL_MIB = 120
CLICKS = pick(5, 20)


def add_large(registry: Registry, folder: Path, count: int) -> None:
    """Add models of 120 MB each, whose weights are all needed."""
    file = make_large(folder / "large.onnx", MODEL_MIB, seed=3)
    for number in range(count):
        registry.add(f"large{number}", "u2net", file)


@contextlib.contextmanager
def serving(
    tmp_path: Path, *options: str, large: int = 0
) -> Iterator[tuple[Trial, grpc.Channel, models_pb2_grpc.ModelServiceStub]]:
    home = tmp_path / "home"
    registry = Registry(home)
    registry.add("endless", "u2net", endless_when_bright(tmp_path / "endless.onnx"))
    if large:
        add_large(registry, tmp_path, large)
    with Trial(home, *options) as trial, trial.channel() as channel:
        yield trial, channel, models_pb2_grpc.ModelServiceStub(channel)


def load(trial: Trial, models: models_pb2_grpc.ModelServiceStub, name: str) -> None:
    models.LoadModel(models_pb2.LoadModelRequest(name=name), timeout=60, metadata=trial.metadata)


def unload(trial: Trial, models: models_pb2_grpc.ModelServiceStub, name: str) -> None:
    request = models_pb2.UnloadModelRequest(name=name)
    models.UnloadModel(request, timeout=60, metadata=trial.metadata)


def click(trial: Trial) -> float:
    return trial.click(PICTURE, proxy=PROXY, model="embedded", limit_s=60)


def begin_endless(trial: Trial, channel: grpc.Channel) -> object:
    """Return a stream whose model run never ends."""
    stream = trial.stream(channel)
    stream.send(opening((320, 320), WHITE, model="endless"), *rows(pb.PLANE_PROXY, WHITE))
    assert stream.until("opened")
    time.sleep(1)
    return stream


@whole_only
def test_of_models_in_turn_few_stay_in_memory_and_none_after_unloading(tmp_path: Path) -> None:
    with serving(tmp_path, large=6) as (trial, _, models):
        click(trial)
        base, seen = trial.figures().memory, []
        for number in range(6):
            load(trial, models, f"large{number}")
            seen.append(trial.figures().memory - base)
        for number in range(6):
            unload(trial, models, f"large{number}")
        time.sleep(1)
        back = trial.figures().memory - base
        say("models in turn", most=max(seen), after_unload=back)
        assert max(seen) < 4.5 * MODEL_MIB
        assert back < 60


@whole_only
def test_silent_sessions_hold_no_model(tmp_path: Path) -> None:
    """Six sessions that open with six models and never send their proxy."""
    with serving(tmp_path, large=6) as (trial, channel, models):
        click(trial)
        base, streams = trial.figures().memory, []
        for number in range(6):
            streams.append(trial.stream(channel, 300))
            streams[-1].send(opening((320, 320), WHITE, model=f"large{number}"))
            assert streams[-1].until("opened") is not None
        held = trial.figures().memory - base
        for number in range(6):
            unload(trial, models, f"large{number}")
        for stream in streams:
            stream.cancel()
        freed = trial.settle(lambda found: found.memory - base < 60).memory - base
        click(trial)
        say("six silent sessions with six models", held=held, after_them=freed)
        assert held < 4.5 * MODEL_MIB
        assert freed < 60


@whole_only
def test_another_client_that_loads_and_unloads_delays_a_click_little(tmp_path: Path) -> None:
    with serving(tmp_path, large=3) as (trial, _, models):
        click(trial)
        idle = median(click(trial) for _ in range(CLICKS))

        def load_all() -> None:
            for number in range(3):
                load(trial, models, f"large{number}")

        def unload_yours() -> None:
            unload(trial, models, "embedded")
            time.sleep(0.05)

        for name, work in (("loads", load_all), ("unloads", unload_yours)):
            with churning(work):
                got = [click(trial) for _ in range(CLICKS)]
            say(f"click beside {name}", p50=median(got) / idle, p99=percentile(got, 99) / idle)
            assert percentile(got, 99) < 2.5 * idle


@contextlib.contextmanager
def churning(work: Callable[[], None]) -> Iterator[None]:
    over = threading.Event()

    def churn() -> None:
        while not over.is_set():
            with contextlib.suppress(grpc.RpcError):
                work()

    threads = [threading.Thread(target=churn) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


@pytest.mark.parametrize("gone", [False, True])
def test_a_run_that_never_ends_costs_its_own_session_only(tmp_path: Path, gone: bool) -> None:
    with serving(tmp_path, *(() if gone else ("--run-limit", "3"))) as (trial, channel, _):
        click(trial)
        children = [one.pid for one in trial.processes()[1:]]
        stream = begin_endless(trial, channel)
        if gone:
            stream.cancel()
        waited = click(trial)
        if not gone:
            with pytest.raises(grpc.RpcError) as caught:
                stream.until("coarse")
            assert read_status(caught.value) == "INTERNAL/MODEL_FAILED"
            assert "endless" in caught.value.details()
        say("a run without end, its client gone" if gone else "a run without end", click_s=waited)
        assert waited < 15
        assert [one.pid for one in trial.processes()[1:]] == children, "it stopped when told"
        assert not trial.tracebacks(), trial.text()


def test_a_crash_costs_its_own_session_only(tmp_path: Path) -> None:
    with serving(tmp_path) as (trial, channel, _):
        digest = trial.matte(channel, PICTURE, proxy=PROXY, model="embedded").digest
        stream = begin_endless(trial, channel)
        [child] = trial.processes()[1:]
        os.kill(child.pid, signal.SIGSEGV)
        with pytest.raises(grpc.RpcError) as caught:
            stream.until("coarse")
        assert read_status(caught.value) == "INTERNAL/MODEL_FAILED"
        assert "SIGSEGV" in caught.value.details()
        assert trial.matte(channel, PICTURE, proxy=PROXY, model="embedded").digest == digest
        assert len(trial.processes()) == 2, "the child is replaced"
        assert not trial.tracebacks(), trial.text()


def test_a_child_that_does_not_even_stop_is_replaced(tmp_path: Path) -> None:
    with serving(tmp_path, "--run-limit", "8") as (trial, channel, _):
        digest = trial.matte(channel, PICTURE, proxy=PROXY, model="embedded").digest
        [child] = trial.processes()[1:]
        child.suspend()
        with pytest.raises(grpc.RpcError) as caught:
            trial.matte(channel, PICTURE, proxy=PROXY, model="embedded")
        assert read_status(caught.value) == "INTERNAL/MODEL_FAILED"
        assert trial.matte(channel, PICTURE, proxy=PROXY, model="embedded").digest == digest
        assert child.pid not in [one.pid for one in trial.processes()]


@pytest.mark.parametrize("local", [False, True])
def test_a_run_that_never_ends_does_not_keep_a_server_that_is_told_to_leave(
    tmp_path: Path, local: bool
) -> None:
    options = ("--drain", "1", *(["--local"] if local else []))
    with serving(tmp_path, *options) as (trial, channel, _):
        begin_endless(trial, channel)
        processes = trial.processes()
        assert len(processes) == (1 if local else 2)
        trial.signal(signal.SIGTERM)
        assert trial.wait(20) == 0
        assert not [one for one in processes if one.is_running()]

"""Models in a process of their own: what they do to it costs one request, and never the server."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import numpy as np
import psutil
import pytest
from graphs import endless_when_bright
from hypothesis import given
from hypothesis import strategies as st
from processes import count_unread, wait_until_busy, wait_until_gone
from recurrent_graphs import recurrent
from waiting import wait_until

from frisket.models import (
    BadPrompt,
    Box,
    ModelClosed,
    ModelError,
    ModelFailed,
    Prompt,
    Registry,
    Stroke,
    UnknownModel,
)
from frisket.models.conformance import MatteConformance, RecurrentConformance, draw_picture
from frisket.models.core.types import Model
from frisket.server.child import ChildOpener
from frisket.server.child_process import Asked
from frisket.server.child_wire import (
    BrokenFrame,
    RunMatte,
    read_answer,
    read_part,
    read_request,
    write_answer,
    write_request,
)

PICTURE = draw_picture(97, 64)
WHITE = np.full((64, 64, 3), 255, np.uint8)
posix = pytest.mark.skipif(os.name != "posix", reason="sends signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into a pipe by /proc")


def children() -> list[psutil.Process]:
    # Not those of servers that other tests keep.
    return [one for one in psutil.Process().children() if _hosts_models(one)]


def _hosts_models(process: psutil.Process) -> bool:
    return "frisket.server.child_main" in _command(process)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:  # it has just ended
        return []


@pytest.fixture
def opener(tmp_path: Path) -> Iterator[ChildOpener]:
    one = ChildOpener(Registry(tmp_path))
    yield one
    one.close()
    wait_until(lambda: not children(), "the end of the models' process")


class TestEmbeddedInAChild(MatteConformance):
    """It keeps every promise that a model makes."""

    @pytest.fixture(autouse=True)
    def _keep(self, opener: ChildOpener) -> None:
        self.opener = opener

    def open_model(self) -> Model:
        return self.opener.open("embedded", "cpu", 1)


class TestRecurrentInAChild(RecurrentConformance):
    """States travel down with the request and up with the answer."""

    @pytest.fixture(autouse=True)
    def _keep(self, opener: ChildOpener, tmp_path: Path) -> None:
        self.opener = opener
        Registry(tmp_path).add("mine", "rvm", recurrent(tmp_path / "m.onnx"))

    def open_model(self) -> Model:
        return self.opener.open("mine", "cpu", 1)


def test_a_state_outlives_the_process_that_left_it(opener: ChildOpener, tmp_path: Path) -> None:
    Registry(tmp_path).add("mine", "rvm", recurrent(tmp_path / "m.onnx"))
    model = opener.open("mine", "cpu", 1)
    told = Prompt(state=model.matte([WHITE], [Prompt(state=())])[0].state)
    before = model.matte([WHITE], [told])[0]
    opener.replace()
    after = model.matte([WHITE], [told])[0]
    np.testing.assert_array_equal(after.alpha, before.alpha)
    assert after.state and before.state
    for one, other in zip(after.state, before.state, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_state_that_was_not_asked_for_or_is_too_large_is_no_answer() -> None:
    alpha = np.zeros((4, 5), np.uint8)
    request = RunMatte(1, 1, [WHITE], [None])
    plain = Asked(request, [alpha], False, Future())
    assert plain.fits([20], False) and not plain.fits([20, 8], False)
    follows = Asked(request, [alpha], False, Future(), spare=100)
    assert follows.fits([20], False) and follows.fits([20, 60, 40], False)
    assert not follows.fits([20, 60, 44], False), "more than may come"
    assert not follows.fits([60, 20], False), "the pixels come first"
    assert follows.fits([], True) and not follows.fits([20], True)


def test_answers_are_those_of_the_model_itself(opener: ChildOpener) -> None:
    here = Registry().open("embedded", "cpu", 1).matte([PICTURE])[0]
    there = opener.open("embedded", "cpu", 1).matte([PICTURE[:, ::-1][:, ::-1]])[0]
    np.testing.assert_array_equal(there.alpha, here.alpha)
    assert (there.cell_px, there.confidence, there.note) == (
        here.cell_px,
        here.confidence,
        here.note,
    )
    assert opener.peak_bytes > 20 << 20


def test_what_is_refused_there_is_refused_here(opener: ChildOpener) -> None:
    with pytest.raises(UnknownModel, match="There is no model"):
        opener.open("nonsense", "cpu", 1)
    model = opener.open("classic", "cpu", 1)
    with pytest.raises(BadPrompt, match="no class"):
        model.matte([PICTURE], [Prompt(classes=("car",))])
    model.close()
    model.close()
    with pytest.raises(ModelClosed):
        model.matte([PICTURE])


@linux
def test_a_crash_costs_the_run_and_the_next_one_finds_its_model_open(opener: ChildOpener) -> None:
    first, second = opener.open("embedded", "cpu", 1), opener.open("classic", "cpu", 1)
    [process] = children()
    process.suspend()
    failed: list[BaseException] = []
    run = threading.Thread(target=lambda: failed.append(_fail(first)))
    run.start()
    _wait_for_request(process.pid, PICTURE.nbytes)
    os.kill(process.pid, signal.SIGSEGV)
    process.resume()
    run.join(60)
    assert isinstance(failed[0], ModelFailed)
    assert "SIGSEGV" in str(failed[0])
    assert "embedded" in str(failed[0])
    assert second.matte([PICTURE])[0].alpha.shape == PICTURE.shape[:2]
    assert first.matte([PICTURE])[0].alpha.shape == PICTURE.shape[:2]
    assert [one.pid for one in children()] != [process.pid]


def _wait_for_request(pid: int, before: int) -> int:
    """Wait until more than so many bytes are on their way to a process; return how many."""
    wait_until(lambda: count_unread(pid) > before, "a request to be sent")
    return count_unread(pid)


def _fail(model: Model) -> BaseException:
    with pytest.raises(ModelError) as caught:
        model.matte([PICTURE])
    return caught.value


@linux
def test_who_was_beside_a_crash_is_tried_again(opener: ChildOpener) -> None:
    first = opener.open("embedded", "cpu", 1)
    [process] = children()
    process.suspend()
    answers: list[object] = []
    both = [
        threading.Thread(target=lambda: answers.append(first.matte([PICTURE])[0].alpha.shape)),
        threading.Thread(target=lambda: answers.append(opener.open("classic", "cpu", 1).info.name)),
    ]
    run, opening = both
    run.start()
    sent = _wait_for_request(process.pid, PICTURE.nbytes)
    opening.start()
    _wait_for_request(process.pid, sent)
    os.kill(process.pid, signal.SIGKILL)
    for one in both:
        one.join(60)
    assert sorted(map(str, answers)) == ["(97, 64)", "classic"]


@linux
def test_an_opening_that_hangs_costs_no_run_beside_it(opener: ChildOpener) -> None:
    model = opener.open("embedded", "cpu", 1)
    [process] = children()
    process.suspend()
    said: list[str] = []

    def run() -> None:
        said.append(str(model.matte([PICTURE])[0].alpha.shape))

    def open_another() -> None:
        with pytest.raises(ModelFailed, match="was stopped"):
            opener.open("classic", "cpu", 1)
        said.append("the opening failed")

    both = [threading.Thread(target=work) for work in (run, open_another)]
    sent = PICTURE.nbytes
    for one in both:
        one.start()
        sent = _wait_for_request(process.pid, sent)
    opener.replace(opening=True)
    for one in both:
        one.join(60)
    assert sorted(said) == ["(97, 64)", "the opening failed"]


def test_the_process_is_there_before_a_model_is_wanted_and_after_each_loss(
    opener: ChildOpener,
) -> None:
    opener.prepare()
    [first] = children()
    model = opener.open("classic", "cpu", 1)
    assert children() == [first]
    opener.replace()
    wait_until_gone(first.pid)
    [second] = children()
    assert model.matte([PICTURE])[0].alpha.shape == PICTURE.shape[:2]
    assert children() == [second]


def test_a_loop_without_end_stops_when_it_is_told_to(opener: ChildOpener, tmp_path: Path) -> None:
    Registry(tmp_path).add("endless", "u2net", endless_when_bright(tmp_path / "e.onnx"))
    model = opener.open("endless", "cpu", 1)
    [process] = children()
    failed: list[BaseException] = []

    def run() -> None:
        with pytest.raises(ModelError) as caught:
            model.matte([WHITE])
        failed.append(caught.value)

    running = threading.Thread(target=run)
    running.start()
    wait_until_busy(process.pid)
    assert running.is_alive()
    model.stop()
    running.join(60)
    assert failed
    assert [one.pid for one in children()] == [process.pid], "the process lives on"
    assert model.matte([PICTURE])[0].alpha.shape == PICTURE.shape[:2]


@posix
def test_the_process_ends_with_its_parent_whatever_runs(tmp_path: Path) -> None:
    Registry(tmp_path).add("endless", "u2net", endless_when_bright(tmp_path / "e.onnx"))
    code = """if True:
        import sys, threading, numpy, pathlib
        from frisket.models import Registry
        from frisket.server.child import ChildOpener
        model = ChildOpener(Registry(pathlib.Path(sys.argv[1]))).open("endless", "cpu", 1)
        white = numpy.full((64, 64, 3), 255, numpy.uint8)
        threading.Thread(target=model.matte, args=([white],), daemon=True).start()
        print("it runs", flush=True)
        threading.Event().wait()"""
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline()
    [child] = psutil.Process(parent.pid).children()
    wait_until_busy(child.pid)
    parent.kill()
    parent.wait()
    wait_until_gone(child.pid)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=3), st.booleans())
def test_what_is_sent_arrives(sizes: list[tuple[int, int]], flipped: bool) -> None:
    images = [np.random.default_rng(1).integers(0, 255, (*s, 3), np.uint8) for s in sizes]
    images = [image[:, ::-1] for image in images] if flipped else images
    prompts = [Prompt(boxes=(Box(1, 2, 3, 4.5),)) for _ in images]
    pipe = io.BytesIO()
    write_request(pipe, RunMatte(7, 3, images, prompts))
    pipe.seek(0)
    found = read_request(pipe)
    assert isinstance(found, RunMatte)
    assert (found.id, found.model, found.prompts) == (7, 3, prompts)
    for one, other in zip(found.images, images, strict=True):
        np.testing.assert_array_equal(one, other)
    pipe = io.BytesIO()
    write_answer(pipe, {"id": 1}, images)
    pipe.seek(0)
    answer, parts = read_answer(pipe)
    assert (answer, parts) == ({"id": 1}, [image.nbytes for image in images])
    for image in images:
        target = np.empty(image.shape, np.uint8)
        read_part(pipe, target)
        np.testing.assert_array_equal(target, image)


def test_a_prompt_of_a_thousand_scribbles_arrives(opener: ChildOpener) -> None:
    line = np.arange(20, dtype=np.float64).reshape(10, 2)
    prompt = Prompt(strokes=tuple(Stroke(line) for _ in range(1024)))
    model = opener.open("embedded", "cpu", 1)
    assert model.matte([PICTURE], [prompt])[0].alpha.shape == PICTURE.shape[:2]


@given(st.binary(max_size=200))
def test_garbage_from_the_child_is_no_answer(garbage: bytes) -> None:
    with contextlib.suppress(EOFError, BrokenFrame):
        answer, _ = read_answer(io.BytesIO(garbage))
        assert isinstance(answer, dict)

"""Small messages that ask for much work are merged, refused or forgotten in time."""

from __future__ import annotations

import time
from pathlib import Path

import grpc
import numpy as np
import pytest
from lengths import pick
from serving import noisy_disc
from trials.kit import Peak, Stream, Trial, posix, read_status, say
from trials.messages import MIB, opening, reduce, rows, update

from frisket.v1 import matting_pb2 as pb

pytestmark = posix


def begin(stream: Stream, picture: np.ndarray, **asked: object) -> None:
    proxy = reduce(picture)
    size = (picture.shape[1], picture.shape[0])
    stream.send(opening(size, proxy, 256, **asked), *rows(pb.PLANE_PROXY, proxy))


def test_a_cancel_is_heard_behind_ten_updates(tmp_path: Path) -> None:
    picture = noisy_disc(2400, 1600)
    with Trial(tmp_path) as trial, trial.channel() as channel:
        stream = trial.stream(channel)
        begin(stream, picture, quality=pb.QUALITY_HIGH)
        stream.until("need")
        contrast = [pb.EdgeControls(contrast=number / 20) for number in range(12)]
        started = time.perf_counter()
        stream.send(update(revision=1, edge=contrast[1]))
        stream.until("need")
        one = time.perf_counter() - started
        started = time.perf_counter()
        stream.send(*(update(revision=n, edge=contrast[n]) for n in range(2, 12)))
        stream.send(update(revision=11, cancel=True))
        end = stream.until("finished")
        ten = time.perf_counter() - started
        say("cancel behind ten updates", solves=ten / one)
        assert end is not None and end.finished.cancelled
        assert ten < 1.5 * one
        stream.cancel()


def test_a_hundred_thousand_cancels_are_one(tmp_path: Path) -> None:
    picture, count = noisy_disc(640, 480), pick(20_000, 100_000)
    with Trial(tmp_path) as trial, trial.channel() as channel:
        trial.click(picture)
        idle = min(trial.click(picture) for _ in range(3))
        stream = trial.stream(channel)
        begin(stream, picture)
        stream.until("need")
        before = trial.figures().memory
        with Peak(trial) as peak:
            stream.send(*[update(cancel=True)] * count)
            stream.close()
            beside = trial.click(picture)
            answers = sum(1 for _ in stream)
        say(
            "cancels",
            answers=answers,
            click_beside=beside / idle,
            memory_mib=peak.memory - before,
        )
        assert 1 <= answers < count / 2
        assert peak.memory - before < 150
        assert beside < 8 * idle
        assert not trial.tracebacks(), trial.text()


def test_a_control_that_is_no_number_costs_nothing(tmp_path: Path) -> None:
    picture = noisy_disc(700, 500)
    with Trial(tmp_path) as trial, trial.channel() as channel:
        trial.click(picture)
        idle = min(trial.click(picture) for _ in range(3))
        started = time.perf_counter()
        with pytest.raises(grpc.RpcError) as caught:
            trial.matte(channel, picture, edge=pb.EdgeControls(shift_px=float("nan")))
        took = time.perf_counter() - started
        say("NaN in open", first_masks=took / idle)
        assert read_status(caught.value) == "INVALID_ARGUMENT/BAD_HINT"
        assert took < idle / 2


def test_scribbles_are_not_kept_when_they_are_settled(tmp_path: Path) -> None:
    count = pick(3, 8)
    line = pb.Scribble(x=[1] * 4096, y=[1] * 4096, radius_px=1, positive=True)
    picture = noisy_disc(60, 60)
    hints = pb.Hints(scribbles=[line] * 700, trimap=True)
    message = opening((60, 60), picture, 256, hints=hints)
    unknown = np.full((60, 60), 128, np.uint8)
    with Trial(tmp_path) as trial, trial.channel() as channel:
        trial.click(picture)
        before, kept = trial.figures().memory, []
        for _ in range(count):
            stream = trial.stream(channel, 300)
            stream.send(message, *rows(pb.PLANE_PROXY, picture), *rows(pb.PLANE_TRIMAP, unknown))
            assert stream.until("need", "finished") is not None
            kept.append(stream)
        time.sleep(0.5)
        size = message.ByteSize() / MIB
        held = (trial.figures().memory - before) / count
        say("silent sessions with scribbles", sent_mib=size, each_holds_mib=held)
        assert held < 2 * size + 20
        for stream in kept:
            stream.cancel()

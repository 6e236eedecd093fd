"""A server that is told to leave says so, lets work end, and goes in time."""

from __future__ import annotations

import io
import signal
import threading
import time
from pathlib import Path

import grpc
import pytest
from PIL import Image
from serving import noisy_disc
from trials.kit import Result, Trial, posix, read_status, say
from trials.messages import opening, rows, update

from frisket.v1 import matting_pb2 as pb
from frisket.v1 import matting_pb2_grpc as rpc

pytestmark = posix

PICTURE = noisy_disc(1500, 1000)
SMALL = noisy_disc(300, 200)


def status_of_a_new_session(trial: Trial, channel: grpc.Channel) -> str:
    try:
        trial.matte(channel, SMALL, quality=pb.QUALITY_DRAFT)
    except grpc.RpcError as error:
        return read_status(error)
    return "served"


def test_running_sessions_end_well_and_new_ones_hear_why(tmp_path: Path) -> None:
    with Trial(tmp_path, "--drain", "30") as trial, trial.channel() as channel:
        reference = trial.matte(channel, PICTURE)
        rests = trial.channel()
        resting = trial.stream(rests, 100)
        resting.send(
            opening((300, 200), SMALL, quality=pb.QUALITY_DRAFT), *rows(pb.PLANE_PROXY, SMALL)
        )
        assert resting.until("finished") is not None
        found: list[Result] = []
        running = threading.Thread(
            target=lambda: found.append(trial.matte(channel, PICTURE, pause_s=0.03))
        )
        running.start()
        while trial.capabilities().sessions < 2:
            time.sleep(0.01)
        started = time.monotonic()
        trial.signal(signal.SIGTERM)
        time.sleep(0.2)
        heard = [status_of_a_new_session(trial, channel)]
        with trial.channel() as fresh:
            heard.append(status_of_a_new_session(trial, fresh))
        with pytest.raises(grpc.RpcError) as caught:
            resting.until("finished")
        running.join()
        last = time.monotonic() - started
        status = trial.wait(40)
        ended = time.monotonic() - started
        say("leaving", heard=heard, work_s=last, gone_s=ended, tracebacks=trial.tracebacks())
        assert found[0].digest == reference.digest
        assert heard == ["UNAVAILABLE/DRAINING"] * 2
        assert read_status(caught.value) == "UNAVAILABLE/DRAINING"
        assert status == 0
        assert ended < last + 5
        assert not trial.tracebacks(), trial.text()


def test_the_grace_ends_whatever_is_open(tmp_path: Path) -> None:
    with Trial(tmp_path, "--drain", "2") as trial, trial.channel() as channel:
        stream = trial.stream(channel)
        stream.send(opening((300, 200), SMALL))
        assert stream.until("opened") is not None
        started = time.monotonic()
        trial.signal(signal.SIGTERM)
        with pytest.raises(grpc.RpcError) as caught:
            stream.until("coarse")
        assert read_status(caught.value) == "UNAVAILABLE/DRAINING"
        assert trial.wait(20) == 0
        ended = time.monotonic() - started
        say("grace of 2 s", gone_s=ended)
        assert 1.5 < ended < 12
        assert not trial.tracebacks(), trial.text()


def test_told_twice_it_leaves_at_once(tmp_path: Path) -> None:
    with Trial(tmp_path, "--drain", "300") as trial, trial.channel() as channel:
        stream = trial.stream(channel)
        stream.send(opening((1500, 1000), PICTURE), *rows(pb.PLANE_PROXY, PICTURE))
        assert stream.until("need") is not None
        stream.send(update(viewport=pb.Rect(width=9, height=9)))
        trial.signal(signal.SIGTERM)
        time.sleep(1)
        assert trial.wait(0.1) is None
        started = time.monotonic()
        trial.signal(signal.SIGTERM)
        assert trial.wait(10) == 128 + signal.SIGTERM
        say("told twice", gone_s=time.monotonic() - started)


def test_a_server_that_rests_leaves_without_a_word_of_busy_threads(tmp_path: Path) -> None:
    encoded = io.BytesIO()
    Image.fromarray(SMALL).save(encoded, "PNG")
    with Trial(tmp_path) as trial:
        with trial.channel() as channel:
            request = pb.MatteImageRequest(image=encoded.getvalue())
            stub = rpc.MattingServiceStub(channel)
            assert stub.MatteImage(request, timeout=120, metadata=trial.metadata).image
        trial.signal(signal.SIGTERM)
        assert trial.wait(40) == 0
        assert "leaving while" not in trial.text()

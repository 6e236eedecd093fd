"""One small hostile message does not stop the server for everybody: health answers meanwhile."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from lengths import pick
from serving import noisy_disc
from trials.kit import Peak, Trial, percentile, posix, read_status, say
from trials.messages import MIB, opening, rows, update

from frisket.protocol.limits import MAX_MESSAGE_BYTES
from frisket.v1 import matting_pb2 as pb

pytestmark = posix

SIDE = 32_000  # 4,000,000 tiles of 16 px
CLICK = noisy_disc(1000, 800)


def many_runs() -> list[pb.MatteRequest]:
    run = pb.TileRun(first=0, count=4_000_000)
    proxy = np.zeros((64, 64, 3), np.uint8)
    return [opening((SIDE, SIDE), proxy, 16, held=[run] * 80_000)]


def rising_runs() -> list[pb.MatteRequest]:
    runs = [pb.TileRun(first=2 * number, count=1) for number in range(pick(80_000, 160_000))]
    proxy = np.zeros((64, 64, 3), np.uint8)
    return [opening((SIDE, SIDE), proxy, 16, held=runs), *rows(pb.PLANE_PROXY, proxy)]


def scribbles() -> list[pb.MatteRequest]:
    proxy = np.zeros((256, 256, 3), np.uint8)
    one = pb.Scribble(x=[100] * 4096, y=[100] * 4096, radius_px=1, positive=True)
    hints = pb.Hints(scribbles=[one] * pick(300, 600))
    draft = pb.QUALITY_DRAFT
    return [
        opening((256, 256), proxy, 256, hints=hints, quality=draft),
        *rows(pb.PLANE_PROXY, proxy),
    ]


def every_tile() -> list[pb.MatteRequest]:
    """Nearly every one of 4,000,000 tiles is unknown by the trimap."""
    proxy = np.random.default_rng(1).integers(0, 255, (256, 256, 3), dtype=np.uint8)
    trimap = np.full((256, 256), 128, np.uint8)
    trimap[:2], trimap[-2:] = 255, 0
    return [
        opening((SIDE, SIDE), proxy, 16, hints=pb.Hints(trimap=True)),
        *rows(pb.PLANE_PROXY, proxy),
        *rows(pb.PLANE_TRIMAP, trimap),
    ]


def stripes() -> list[pb.MatteRequest]:
    """Half of 4,000,000 tiles are solid, in runs of a few."""
    side = 2048
    proxy = np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8)
    trimap = np.broadcast_to(np.arange(side) // 4 % 2 * 255, (side, side)).astype(np.uint8)
    hints = pb.Hints(trimap=True)
    return [
        opening((SIDE, SIDE), proxy, 16, hints=hints, quality=pb.QUALITY_DRAFT),
        *rows(pb.PLANE_PROXY, proxy),
        *rows(pb.PLANE_TRIMAP, trimap),
    ]


def inflated_rows() -> list[pb.MatteRequest]:
    """16 MB of proxy in one message of 16 kB."""
    proxy = np.zeros((2048, 2048, 3), np.uint8)
    data = zlib.compress(proxy.tobytes(), 1)
    packed = pb.Pixels(data=data, packing=pb.PACKING_ZLIB, crc32=zlib.crc32(data))
    plane = pb.PlaneRows(plane=pb.PLANE_PROXY, row_count=2048, pixels=packed)
    return [opening((2048, 2048), proxy, 256), pb.MatteRequest(rows=plane)]


@pytest.mark.parametrize("make", [many_runs, rising_runs, scribbles, every_tile, inflated_rows])
def test_health_answers_beside_it(
    make: Callable[[], list[pb.MatteRequest]], tmp_path: Path
) -> None:
    with Trial(tmp_path) as trial:
        trial.click(CLICK)
        idle = percentile([trial.click(CLICK) for _ in range(3)], 50)
        messages, before = make(), trial.figures().memory
        with Peak(trial) as peak:
            wait, end = probe_often(trial, idle, messages)
        size = sum(message.ByteSize() for message in messages) / MIB
        say(
            f"loop {make.__name__}",
            sent_mib=size,
            health_waits=wait / idle,
            memory_mib=peak.memory - before,
            end=end,
        )
        assert wait < idle
        assert peak.memory - before < 250
        assert not trial.tracebacks(), trial.text()


def test_a_look_around_millions_of_tiles_stops_nobody(tmp_path: Path) -> None:
    """Whoever looks elsewhere changes the order of all tiles that were not asked for."""
    looks = [update(viewport=pb.Rect(x=n, width=SIDE, height=SIDE - n)) for n in range(200)]
    with Trial(tmp_path) as trial:
        trial.click(CLICK)
        idle = percentile([trial.click(CLICK) for _ in range(3)], 50)
        wait, end = probe_often(trial, idle, every_tile(), [*looks, update(cancel=True)])
        say("looks", health_waits=wait / idle, end=end)
        assert end == "finished"
        assert wait < idle
        assert not trial.tracebacks(), trial.text()


def test_a_million_runs_of_solid_tiles_are_named_in_messages_that_fit(tmp_path: Path) -> None:
    with Trial(tmp_path) as trial, trial.channel() as channel:
        stream, solid = trial.stream(channel), list[pb.MatteResponse]()
        stream.send(*stripes())
        while (found := stream.until("solid", "alpha", "finished")) and found.HasField("solid"):
            solid.append(found)
        stream.cancel()
        runs = sum(len(one.solid.transparent) + len(one.solid.opaque) for one in solid)
        sizes = [one.ByteSize() for one in solid]
        say("solid tiles", runs=runs, messages=len(solid), together_mib=sum(sizes) / MIB)
        assert sum(sizes) > MAX_MESSAGE_BYTES > 2 * max(sizes)
        trial.settle(lambda _: True)
        assert not trial.tracebacks(), trial.text()


def probe_often(
    trial: Trial,
    limit_s: float,
    messages: list[pb.MatteRequest],
    then: Sequence[pb.MatteRequest] = (),
) -> tuple[float, str]:
    """Return the longest health check of a probe, and what came of its messages.

    Work on the loop lets health wait every time, a busy machine now and then: where a check takes
    longer than the limit in seconds, the probe is made anew, up to three times.
    """
    longest = []
    for _ in range(3):
        waits, end = probe(trial, messages, then)
        longest.append(max(waits))
        if longest[-1] < limit_s:
            break
    return min(longest), end


def probe(
    trial: Trial, messages: list[pb.MatteRequest], then: Sequence[pb.MatteRequest] = ()
) -> tuple[list[float], str]:
    """Send messages; return how long each health check took meanwhile, and what came of them.

    Args:
        trial: the server.
        messages: to open with.
        then: what is sent when the first tiles are asked for.
    """
    waits: list[float] = []
    ends: list[str] = []

    def play() -> None:
        with trial.channel() as channel:
            stream = trial.stream(channel)
            stream.send(*messages)
            try:
                found = stream.until("need", "finished")
                if then and found is not None:
                    stream.send(*then)
                    found = stream.until("finished")
                ends.append("the end" if found is None else str(found.WhichOneof("phase")))
                stream.cancel()
            except grpc.RpcError as error:
                ends.append(read_status(error))

    with trial.channel() as channel:
        health = health_pb2_grpc.HealthStub(channel)
        health.Check(health_pb2.HealthCheckRequest(), timeout=60)
        player = threading.Thread(target=play)
        player.start()
        while player.is_alive():
            started = time.perf_counter()
            health.Check(health_pb2.HealthCheckRequest(), timeout=60)
            waits.append(time.perf_counter() - started)
            time.sleep(0.005)
    return waits, ends[0]

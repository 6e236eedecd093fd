"""Sessions that end badly in every way beside honest ones: nothing is lost, nothing is kept."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
from lengths import pick
from serving import noisy_disc
from trials.kit import Trial, chance, connect, posix, read_status, say
from trials.messages import opening, reduce, rows, update
from trials.peer import Peer

from frisket.v1 import matting_pb2 as pb

pytestmark = posix

PICTURE = noisy_disc(640, 480)
SIZE = (640, 480)
PROXY = reduce(PICTURE)
ROWS = list(rows(pb.PLANE_PROXY, PROXY))
SESSIONS, SECONDS = pick((40, 25.0), (500, 600.0))

Way = Callable[[Trial, grpc.Channel, random.Random], None]


def ask(**asked: object) -> pb.MatteRequest:
    return opening(SIZE, PROXY, **asked)


def cancel_early(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    stream = trial.stream(channel)
    stream.send(ask(), *ROWS)
    time.sleep(dice.random() * 0.5)
    stream.cancel()


def cancel_at_need(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    trial.matte(channel, PICTURE, until="need")


def cancel_by_update(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    stream = trial.stream(channel)
    stream.send(ask(), *ROWS)
    stream.until("coarse")
    stream.send(update(revision=1, edge=pb.EdgeControls(shift_px=2)), update(cancel=True))
    stream.close()
    for _ in stream:
        pass


def cancel_after_a_tile(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    trial.matte(channel, PICTURE, until="alpha")


def leave_half_way(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    stream = trial.stream(channel)
    stream.send(ask(), ROWS[0])
    stream.close()
    for _ in stream:
        pass


def run_out_of_time(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    stream = trial.stream(channel, 0.2 + dice.random())
    stream.send(ask(), *ROWS)
    for _ in stream:
        pass


def read_slowly(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    trial.matte(channel, PICTURE, pause_s=0.02)


def drop_connection(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    with connect(trial.target) as own:
        stream = trial.stream(own)
        stream.send(ask(quality=pb.QUALITY_HIGH), *ROWS)
        time.sleep(dice.random())


def break_socket(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    peer = Peer(trial.target)
    peer.open()
    peer.send(ask(), *ROWS, at_most=dice.randrange(1, 60_000))
    time.sleep(dice.random() * 0.3)
    peer.reset() if dice.random() < 0.5 else peer.close()


def send_garbage(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    host, _, port = trial.target.rpartition(":")
    with socket.create_connection((host, int(port)), 5) as peer:
        peer.sendall(dice.randbytes(5000))


def send_garbled_message(trial: Trial, channel: grpc.Channel, dice: random.Random) -> None:
    peer = Peer(trial.target)
    peer.open()
    peer.h2.send_data(1, b"\0" + (400).to_bytes(4, "big") + dice.randbytes(400))
    peer.flush()
    time.sleep(0.1)
    peer.close()


WAYS: list[Way] = [
    cancel_early,
    cancel_at_need,
    cancel_by_update,
    cancel_after_a_tile,
    leave_half_way,
    run_out_of_time,
    read_slowly,
    drop_connection,
    break_socket,
    send_garbage,
    send_garbled_message,
]


class Crowd:
    """Runs many sessions on a few threads, an honest one after every nine bad ones."""

    def __init__(self, trial: Trial, digest: str, dice: random.Random) -> None:
        self.trial, self.digest = trial, digest
        self.honest: list[bool] = []
        self.statuses: Counter[str] = Counter()
        self._dice, self._lock = dice, threading.Lock()
        self._left = SESSIONS
        self._end = time.monotonic() + SECONDS

    def run(self) -> int:
        """Return how many sessions were run."""
        threads = [threading.Thread(target=self._work) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        return SESSIONS - self._left

    def _take(self) -> tuple[int, random.Random] | None:
        with self._lock:
            if not self._left or time.monotonic() > self._end:
                return None
            self._left -= 1
            return self._left, random.Random(self._dice.random())

    def _work(self) -> None:
        with self.trial.channel() as channel:
            while (turn := self._take()) is not None:
                number, dice = turn
                try:
                    if number % 10:
                        dice.choice(WAYS)(self.trial, channel, dice)
                    else:
                        found = self.trial.matte(channel, PICTURE).digest
                        self.honest.append(found == self.digest)
                except grpc.RpcError as error:
                    self.statuses[read_status(error)] += 1
                except OSError:
                    self.statuses["socket"] += 1


def test_bad_endings_leave_the_server_as_it_was(tmp_path: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    temporary.mkdir()
    own = {"TMPDIR": str(temporary)}
    with Trial(home, environment=own) as trial, trial.channel() as channel:
        digest = trial.matte(channel, PICTURE).digest
        for _ in range(3):
            assert trial.matte(channel, PICTURE, quality=pb.QUALITY_HIGH).finished
        _warm(trial)
        before, files = trial.figures(), set(home.rglob("*"))
        crowd = Crowd(trial, digest, chance("survive"))
        count = crowd.run()
        after = trial.settle(
            lambda now: now.threads <= before.threads and now.descriptors <= before.descriptors
        )
        say(
            "survive",
            sessions=count,
            honest=f"{sum(crowd.honest)}/{len(crowd.honest)}",
            memory=after.memory / before.memory,
            threads=f"{before.threads}->{after.threads}",
            descriptors=f"{before.descriptors}->{after.descriptors}",
            tracebacks=trial.tracebacks(),
            statuses=dict(crowd.statuses),
        )
        assert all(crowd.honest) and len(crowd.honest) >= count // 10
        assert trial.matte(channel, PICTURE).digest == digest
        assert not trial.capabilities().sessions
        assert set(home.rglob("*")) == files and not list(temporary.iterdir())
        assert after.children == before.children
        assert after.threads <= before.threads + 2
        assert after.descriptors <= before.descriptors + 3
        assert after.memory < before.memory * 1.3 + 20
        assert not trial.tracebacks(), trial.text()


def _warm(trial: Trial) -> None:
    """Let the server make the threads that it keeps: several streams at once."""
    with contextlib.ExitStack() as open_:
        channels = [open_.enter_context(trial.channel()) for _ in range(4)]
        streams = [trial.stream(each) for each in channels]
        for stream in streams:
            stream.send(ask(), *ROWS)
        for stream in streams:
            assert stream.until("need", "finished")
            stream.cancel()


def test_pictures_of_the_trial_have_an_edge(tmp_path: Path) -> None:
    with Trial(tmp_path) as trial, trial.channel() as channel:
        found = trial.matte(channel, PICTURE)
        assert found.tile_s, "a trial of tiles needs some"
        values = {value for one in found.alpha.values() for value in np.frombuffer(one, np.uint8)}
        assert {0, 255} < values

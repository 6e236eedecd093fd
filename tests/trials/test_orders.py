"""Messages in legal and illegal orders, as a state machine against a real server.

What is legal is served; what is not ends that stream with a documented status and its ErrorInfo.
Whatever came before, an honest session beside it gets the same bytes, and the log no traceback.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import grpc
import numpy as np
from google.rpc import error_details_pb2, status_pb2
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)
from lengths import WHOLE, pick
from serving import noisy_disc
from trials.kit import Stream, Trial, posix, say
from trials.messages import opening, pixels, rows, tile, update

from frisket.protocol.reasons import Reason
from frisket.server.errors import ServiceError
from frisket.v1 import matting_pb2 as pb

pytestmark = posix

PICTURE = noisy_disc(160, 96)
SIDE = 32
TILES = 15
SHIFT = pb.EdgeControls(shift_px=1)


def ask() -> pb.MatteRequest:
    return opening((160, 96), PICTURE, SIDE, model="classic")


def chunk(number: int, plane: pb.Plane = pb.PLANE_PROXY) -> pb.MatteRequest:
    """Return rows 32 x number and the 31 below."""
    (message,) = rows(plane, np.ascontiguousarray(PICTURE[number * 32 : number * 32 + 32]))
    message.rows.first_row = number * 32
    return message


class Orders(RuleBasedStateMachine):
    """One client that keeps the order or breaks it, on one stream after another."""

    trial: ClassVar[Trial]
    refusals: ClassVar[dict[str, int]] = {}

    def __init__(self) -> None:
        super().__init__()
        self.channel = self.trial.channel()
        self.begin()

    def begin(self) -> None:
        self.stream: Stream = self.trial.stream(self.channel, 20)
        self.phase = "new"
        self.revision, self.chunks, self.damaged = 0, 0, False
        self.wanted: list[int] = []

    def teardown(self) -> None:
        self.stream.cancel()
        self.channel.close()

    # ------------------------------------------------------------ what is legal

    @precondition(lambda self: self.phase == "new")
    @rule()
    def open(self) -> None:
        self.stream.send(ask())
        assert self.stream.until("opened")
        self.phase = "planes"

    @precondition(lambda self: self.phase == "new")
    @rule()
    def open_and_send_all_rows(self) -> None:
        self.open()
        while self.phase == "planes":
            self.send_rows()

    @precondition(lambda self: self.phase == "tiles")
    @rule()
    def send_all_tiles(self) -> None:
        while self.phase == "tiles":
            self.send_tile()

    @precondition(lambda self: self.phase == "planes")
    @rule()
    def send_rows(self) -> None:
        self.stream.send(chunk(self.chunks))
        self.chunks += 1
        if self.chunks == 3:
            self.read_on()

    @precondition(lambda self: self.phase == "tiles")
    @rule()
    def send_tile(self) -> None:
        self.stream.send(tile(PICTURE, self.wanted.pop(), SIDE))
        if not self.wanted:
            self.read_on()

    @precondition(lambda self: self.phase == "tiles" and not self.damaged)
    @rule(short=st.booleans())
    def send_damaged_tile(self, short: bool) -> None:
        number = self.wanted.pop()
        self.damaged = True
        message = tile(PICTURE, number, SIDE)
        if short:
            message.tile.pixels.CopyFrom(pixels(b"\1\2\3"))
        else:
            message.tile.pixels.crc32 ^= 1
        self.stream.send(message)
        failure = self.stream.until("failure")
        assert failure and failure.failure.tile_id == number
        again = self.stream.until("need")
        assert again and number in again.need.tile_ids, "it is asked for again"
        self.wanted += again.need.tile_ids

    @precondition(lambda self: self.phase in ("tiles", "done"))
    @rule()
    def revise(self) -> None:
        self.revision += 1
        self.wanted = []
        self.stream.send(update(revision=self.revision, edge=SHIFT))
        self.read_on()

    @precondition(lambda self: self.phase in ("tiles", "done"))
    @rule(x=st.integers(0, 2**32 - 1), y=st.integers(0, 95))
    def look(self, x: int, y: int) -> None:
        self.stream.send(update(viewport=pb.Rect(x=x, y=y, width=8, height=8)))

    @precondition(lambda self: self.phase == "tiles")
    @rule()
    def cancel(self) -> None:
        self.stream.send(update(cancel=True))
        answer = self.stream.until("finished")
        assert answer and answer.finished.cancelled
        self.end()

    @precondition(lambda self: self.phase in ("tiles", "done"))
    @rule()
    def end(self) -> None:
        self.stream.close()
        assert self.stream.until("opened") is None, "a clean end"
        self.begin()

    @precondition(lambda self: self.phase != "new")
    @rule()
    def drop(self) -> None:
        self.stream.cancel()
        self.begin()

    def read_on(self) -> None:
        """Read until the server wants something, or has finished."""
        self.phase = "tiles"
        while not self.wanted and self.phase != "done":
            answer = self.stream.until("need", "finished")
            assert answer is not None
            if answer.need.revision == self.revision:
                self.wanted += answer.need.tile_ids
            if answer.HasField("finished") and answer.finished.revision == self.revision:
                self.phase = "done"

    # ---------------------------------------------------------- what is illegal

    def breach(self, message: pb.MatteRequest) -> None:
        """Send what must not come now; the stream ends as documented."""
        self.stream.send(message)
        try:
            for _ in self.stream:
                continue
        except grpc.RpcError as error:
            self.check(error)
        else:
            raise AssertionError(f"the server took {message.WhichOneof('phase')} in {self.phase}")
        self.stream.cancel()
        self.begin()

    def check(self, error: grpc.RpcError) -> None:
        assert isinstance(error, grpc.Call)
        trailers = dict(error.trailing_metadata() or ())
        assert "frisket-reason" in trailers, f"{self.phase}: {error.code()} {error.details()}"
        info = error_details_pb2.ErrorInfo()
        status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
        assert status.details[0].Unpack(info) and info.domain == "frisket"
        assert info.reason == trailers["frisket-reason"]
        assert error.code() is ServiceError(Reason(info.reason), "").code
        assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, info.reason
        self.refusals[f"{self.phase} {info.reason}"] = 1

    @rule(kind=st.sampled_from(["rows", "tile", "edge", "look", "empty", "close"]))
    @precondition(lambda self: self.phase == "new")
    def breach_new(self, kind: str) -> None:
        if kind == "close":
            self.stream.close()
        self.breach(self.message(kind))

    @rule(
        kind=st.sampled_from(
            ["open", "gap", "other", "long", "corrupt", "empty rows", "tile", "look"]
        )
    )
    @precondition(lambda self: self.phase == "planes")
    def breach_planes(self, kind: str) -> None:
        self.breach(self.message(kind))

    @rule(kind=st.sampled_from(["open", "rows", "empty", "stale", "far", "beyond"]))
    @precondition(lambda self: self.phase == "tiles" and not self.revision)
    def breach_tiles(self, kind: str) -> None:
        self.breach(self.message(kind))

    @rule(kind=st.sampled_from(["open", "rows", "empty", "stale"]))
    @precondition(lambda self: self.phase == "done")
    def breach_done(self, kind: str) -> None:
        self.breach(self.message(kind))

    def message(self, kind: str) -> pb.MatteRequest:
        made = {
            "open": ask(),
            "rows": chunk(0),
            "gap": chunk(2 if self.chunks < 2 else 1),
            "other": chunk(self.chunks % 3, pb.PLANE_TRIMAP),
            "empty rows": pb.MatteRequest(rows=pb.PlaneRows()),
            "tile": tile(PICTURE, 0, SIDE),
            "far": pb.MatteRequest(tile=pb.TilePixels(tile_id=2**32 - 1)),
            "beyond": pb.MatteRequest(tile=pb.TilePixels(tile_id=TILES)),
            "edge": update(revision=1, edge=SHIFT),
            "stale": update(revision=0, edge=SHIFT),
            "look": update(viewport=pb.Rect(width=1, height=1)),
            "empty": pb.MatteRequest(),
            "close": pb.MatteRequest(),
        }
        if kind in ("long", "corrupt"):
            message = chunk(self.chunks)
            message.rows.row_count += kind == "long"
            message.rows.pixels.crc32 ^= kind == "corrupt"
            return message
        return made[kind]


def test_every_order_is_served_or_refused(tmp_path: Path) -> None:
    with Trial(tmp_path / "home") as trial, trial.channel() as channel:
        before = trial.matte(channel, PICTURE, tile_size=SIDE, model="classic").digest
        Orders.trial, Orders.refusals = trial, {}
        run_state_machine_as_test(
            Orders,
            settings=settings(
                max_examples=pick(30, 400),
                stateful_step_count=pick(20, 40),
                derandomize=not WHOLE,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        say("orders", refusals=sorted(Orders.refusals))
        assert trial.matte(channel, PICTURE, tile_size=SIDE, model="classic").digest == before
        trial.settle(lambda _: True)
        assert trial.capabilities().sessions == 0
        assert trial.tracebacks() == 0, trial.text()

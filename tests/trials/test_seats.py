"""A few clients that do nothing cannot keep everybody out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import grpc
import numpy as np
import pytest
from lengths import pick
from serving import noisy_disc
from trials.kit import Stream, Trial, posix, read_status, say
from trials.messages import opening, rows, update
from trials.peer import Peer

from frisket.client.drive import Driver
from frisket.client.events import AlphaReady, Outcome
from frisket.client.options import Change, Edge, LayerSpec, Options
from frisket.client.session import Session
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect
from frisket.v1 import matting_pb2 as pb

pytestmark = posix

SMALL = noisy_disc(300, 200)
PICTURE = noisy_disc(640, 480)
LOOK = update(viewport=pb.Rect(width=9, height=9))


def finish(trial: Trial, channel: grpc.Channel) -> Stream:
    """Return a session that has all it wanted and stays open."""
    stream = trial.stream(channel, 900)
    stream.send(
        opening((300, 200), SMALL, 256, quality=pb.QUALITY_DRAFT), *rows(pb.PLANE_PROXY, SMALL)
    )
    assert stream.until("finished") is not None
    return stream


def open_only(trial: Trial, channel: grpc.Channel) -> Stream:
    """Return a session that never sends its proxy."""
    stream = trial.stream(channel, 900)
    stream.send(opening((640, 480), PICTURE))
    assert stream.until("opened") is not None
    return stream


def owe_tiles(trial: Trial, channel: grpc.Channel) -> Stream:
    """Return a session that was asked for tiles and sends none."""
    stream = trial.stream(channel, 900)
    stream.send(opening((640, 480), PICTURE), *rows(pb.PLANE_PROXY, PICTURE))
    assert stream.until("need") is not None
    return stream


def be_deaf(trial: Trial) -> Peer:
    """Return a session whose client takes no byte of what it is sent."""
    peer = Peer(trial.target, window=0)
    peer.open()
    time.sleep(0.2)
    peer.h2.receive_data(peer.socket.recv(65536))
    peer.flush()
    peer.send(opening((300, 200), SMALL, 256), *rows(pb.PLANE_PROXY, SMALL))
    peer.answer_pings()
    return peer


def test_finished_sessions_give_way_one_by_one(tmp_path: Path) -> None:
    with Trial(tmp_path, "--max-sessions", "3") as trial, trial.channel() as channel:
        kept = [finish(trial, channel) for _ in range(3)]
        assert trial.capabilities().sessions == 3
        with trial.channel() as other:
            assert trial.matte(other, PICTURE).finished is not None
        with pytest.raises(grpc.RpcError) as caught:
            kept[0].until("finished")
        assert read_status(caught.value) == "RESOURCE_EXHAUSTED/BUSY"
        for stream in kept[1:]:
            stream.send(update(revision=1, edge=pb.EdgeControls(shift_px=2)))
            assert stream.until("finished") is not None, "who rests shorter keeps its place"
            stream.cancel()


def test_who_rests_gives_way_to_who_needs_memory(tmp_path: Path) -> None:
    # The first session is estimated at 12 MiB, the second at 24, the third at 51.
    with Trial(tmp_path, "--memory", "30") as trial, trial.channel() as channel:
        kept = finish(trial, channel)
        assert trial.matte(channel, PICTURE, tile_size=256).finished is not None
        with pytest.raises(grpc.RpcError) as caught:
            kept.until("finished")
        assert read_status(caught.value) == "RESOURCE_EXHAUSTED/BUSY"
        with pytest.raises(grpc.RpcError) as caught:
            trial.matte(channel, PICTURE, tile_size=512, proxy=PICTURE)
        assert read_status(caught.value) == "RESOURCE_EXHAUSTED/TOO_LARGE"


def test_who_lost_its_place_goes_on_with_its_next_change(tmp_path: Path) -> None:
    """The client opens again by itself; what it ends with is what a fresh session gives."""
    edge = Edge(contrast=0.4)
    with Trial(tmp_path, "--max-sessions", "1") as trial:

        def cut(options: Options, change: Callable[[Outcome], Change | None]) -> dict[int, bytes]:
            layer = LayerSpec(640, 480, PixelFormat.RGB8, 640, 480, PixelFormat.RGB8)
            alpha: dict[int, bytes] = {}

            def keep(event: object) -> None:
                if isinstance(event, AlphaReady):
                    alpha[event.tile_id] = bytes(event.pixels)

            session = Session(layer, options, PICTURE.tobytes(), tile_size=128)
            Driver(session, trial.server.connect, Tiles(), keep, next_change=change).run()
            return alpha

        def lose_place(outcome: Outcome) -> Change | None:
            if lost:
                return None
            # Asks again where it comes before the server knows that its last word was written.
            lost.append(cut(Options(), lambda outcome: None))
            return Change(edge=edge)

        lost: list[object] = []
        changed = cut(Options(), lose_place)
        assert lost
        fresh = cut(Options(edge=edge), lambda outcome: None)
        assert {tile: changed[tile] for tile in fresh} == fresh


class Tiles:
    """Gives the tiles of the picture."""

    def read_tile(self, rect: TileRect) -> bytes:
        part = PICTURE[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
        return np.ascontiguousarray(part).tobytes()


SOON = {"open_s": 2.0, "planes_s": 3.0, "tile_s": 3.0, "write_s": 2.0}


def test_silent_deaf_and_dripping_clients_lose_their_places(tmp_path: Path) -> None:
    """As a sample with short duties; at whole length with those that everybody has."""
    wait_s = pick(4 * max(SOON.values()), 330.0)
    with (
        Trial(tmp_path, "--max-sessions", "12", limits=pick(SOON, None)) as trial,
        contextlib.ExitStack() as stack,
    ):
        channel = stack.enter_context(trial.channel())
        drips = [owe_tiles(trial, channel) for _ in range(3)]
        deaf = [be_deaf(trial) for _ in range(3)]
        silent = [open_only(trial, channel) for _ in range(3)]
        unopened = [trial.stream(channel, 900) for _ in range(3)]
        full = trial.capabilities().sessions
        started = time.monotonic()
        while time.monotonic() - started < wait_s:
            for stream in drips:
                stream.send(LOOK)
            time.sleep(wait_s / 30)
        left = trial.capabilities().sessions
        say("seats", taken=full, left=left)
        assert full >= 9
        assert left == 0
        assert trial.matte(channel, PICTURE).finished is not None
        for stream in (*drips, *silent, *unopened):
            with pytest.raises(grpc.RpcError) as caught:
                stream.until("finished")
            assert read_status(caught.value) == "DEADLINE_EXCEEDED/IDLE"
        for peer in deaf:
            peer.close()
        assert not trial.tracebacks(), trial.text()

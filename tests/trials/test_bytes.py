"""Bytes that no client would send, on bare sockets and inside calls.

Whatever comes, the log holds no traceback, nothing stays open, and an honest session beside it gets
the same bytes as before.
"""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import grpc
from lengths import pick
from serving import noisy_disc
from trials.kit import BEARER, Trial, chance, posix, read_status, say
from trials.messages import opening, rows
from trials.peer import Peer

from frisket.protocol.methods import GET_CAPABILITIES, LOAD_MODEL, MATTE, MATTE_IMAGE
from frisket.v1 import matting_pb2 as pb

pytestmark = posix

PICTURE = noisy_disc(160, 96)
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
ROUNDS = pick(60, 600)
UNARY = (GET_CAPABILITIES, MATTE_IMAGE, LOAD_MODEL, "/frisket.v1.ModelService/UnloadModel")

Attack = Callable[[Trial, random.Random], None]


def talk(trial: Trial, data: bytes) -> None:
    """Send bytes on a socket of its own, and read what comes back for a moment."""
    host, _, port = trial.target.rpartition(":")
    with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 5) as peer:
        peer.settimeout(0.3)
        peer.sendall(data)
        while peer.recv(65536):
            continue


def frame(kind: int, flags: int, stream: int, body: bytes, size: int | None = None) -> bytes:
    length = len(body) if size is None else size
    head = struct.pack(">I", length & 0xFFFFFF)[1:] + bytes((kind & 255, flags & 255))
    return head + struct.pack(">I", stream & 0xFFFFFFFF) + body


def send_noise(trial: Trial, dice: random.Random) -> None:
    talk(trial, dice.randbytes(dice.randrange(1, 5000)))


def send_http1(trial: Trial, dice: random.Random) -> None:
    talk(trial, b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * dice.randrange(100_000) + b"\r\n\r\n")


def send_frames(trial: Trial, dice: random.Random) -> None:
    """Frames of any kind, any flags, any stream, that may lie about their length."""
    data = PREFACE + frame(4, 0, 0, b"")
    for _ in range(dice.randrange(1, 30)):
        body = dice.randbytes(dice.randrange(200))
        lie = dice.randrange(1 << 24) if dice.random() < 0.1 else None
        data += frame(
            dice.randrange(12), dice.randrange(256), dice.choice((0, 1, 3, 2, 99)), body, lie
        )
    talk(trial, data)


def send_many_headers(trial: Trial, dice: random.Random) -> None:
    """Headers without an end, in frames of continuation."""
    part = b"".join(b"\0\1x\x7f\x81\x07" + b"y" * 262 for _ in range(40))
    data = PREFACE + frame(4, 0, 0, b"") + frame(1, 0, 1, part)
    data += b"".join(frame(9, 0, 1, part) for _ in range(dice.randrange(1, 60)))
    talk(trial, data)


def send_flipped_call(trial: Trial, dice: random.Random) -> None:
    """A genuine call, some of whose bits are others."""
    peer = Peer(trial.target)
    with contextlib.closing(peer.socket), contextlib.suppress(OSError):
        peer.h2.send_headers(1, peer.headers)
        message = opening((160, 96), PICTURE, 32, model="classic").SerializeToString()
        peer.h2.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message)
        data = bytearray(peer.h2.data_to_send())
        for _ in range(dice.randrange(1, 6)):
            data[dice.randrange(len(PREFACE), len(data))] ^= 1 << dice.randrange(8)
        peer.socket.settimeout(0.3)
        peer.socket.sendall(bytes(data))
        while peer.socket.recv(65536):
            continue


def send_bad_messages(trial: Trial, dice: random.Random) -> None:
    """A stream of gRPC messages that are too long, compressed, cut off or no protobuf."""
    peer = Peer(trial.target)
    with contextlib.closing(peer.socket), contextlib.suppress(OSError):
        peer.open()
        body = dice.randbytes(dice.randrange(300))
        size = dice.choice((len(body), 0, 2**32 - 1, len(body) + 1))
        peer.h2.send_data(1, bytes((dice.choice((0, 0, 1, 255)),)) + size.to_bytes(4, "big") + body)
        peer.flush()
        peer.socket.settimeout(0.3)
        while peer.socket.recv(65536):
            continue


def call_with_noise(trial: Trial, dice: random.Random) -> None:
    """Every call with a request that is no message, or one with bits of another."""
    message = bytearray(opening((160, 96), PICTURE, 32, model="classic").SerializeToString())
    message[dice.randrange(len(message))] ^= 1 << dice.randrange(8)
    noise = dice.choice((dice.randbytes(dice.randrange(1, 200)), bytes(message)))
    with trial.channel() as channel:
        path = dice.choice((*UNARY, MATTE))
        try:
            if path == MATTE:
                call = channel.stream_stream(path)(iter([noise]), timeout=20, metadata=BEARER)
                for _ in call:
                    continue
            else:
                channel.unary_unary(path)(noise, timeout=20, metadata=BEARER)
        except grpc.RpcError as error:
            ENDS[f"{path.rpartition('/')[2]} {read_status(error)}"] += 1


def send_noisy_pixels(trial: Trial, dice: random.Random) -> None:
    """A genuine stream whose rows are packed noise."""
    with trial.channel() as channel:
        stream = trial.stream(channel, 20)
        (message,) = rows(pb.PLANE_PROXY, PICTURE)
        message.rows.pixels.packing = dice.choice((0, 1, 2, 3, 77))
        if dice.random() < 0.7:
            message.rows.pixels.data = dice.randbytes(dice.randrange(1, 3000))
        if dice.random() < 0.5:
            message.rows.row_count = dice.choice((0, 1, 95, 97, 2**32 - 1))
        stream.send(opening((160, 96), PICTURE, 32, model="classic"), message)
        stream.close()
        try:
            for _ in stream:
                continue
        except grpc.RpcError as error:
            ENDS[f"rows {read_status(error)}"] += 1
        stream.cancel()


ENDS: Counter[str] = Counter()
ATTACKS: tuple[Attack, ...] = (
    send_noise,
    send_http1,
    send_frames,
    send_many_headers,
    send_flipped_call,
    send_bad_messages,
    call_with_noise,
    send_noisy_pixels,
)
# What a call of ours may end with.
ALLOWED = (
    "INVALID_ARGUMENT/BAD_",
    "NOT_FOUND/UNKNOWN_MODEL",
    "DATA_LOSS/CORRUPT_PIXELS",
    "FAILED_PRECONDITION/VERSION_MISMATCH",
    "RESOURCE_EXHAUSTED/TOO_LARGE",
)


def test_no_bytes_disturb_anybody(tmp_path: Path) -> None:
    ENDS.clear()
    dice = chance("bytes")
    with Trial(tmp_path / "home") as trial, trial.channel() as channel:
        honest = {"tile_size": 32, "model": "classic"}
        before = trial.matte(channel, PICTURE, **honest).digest
        idle = trial.figures()
        for number in range(ROUNDS):
            ATTACKS[number % len(ATTACKS)](trial, dice)
            if number % 20 == 19:
                assert trial.matte(channel, PICTURE, **honest).digest == before
        after = trial.settle(lambda now: now.descriptors <= idle.descriptors + 2)
        time.sleep(0.2)
        say(
            "bytes",
            rounds=ROUNDS,
            ends=dict(ENDS),
            descriptors=after.descriptors - idle.descriptors,
        )
        assert trial.matte(channel, PICTURE, **honest).digest == before
        assert trial.capabilities().sessions == 0
        assert after.descriptors <= idle.descriptors + 2
        assert trial.tracebacks() == 0, trial.text()
    assert [end for end in ENDS if not end.partition(" ")[2].startswith(ALLOWED)] == []

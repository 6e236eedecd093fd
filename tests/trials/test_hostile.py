"""Hostile requests end with a documented status, at once, and disturb nobody."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import grpc
import numpy as np
import pytest
from serving import noisy_disc
from trials.kit import Peak, Trial, posix, read_status, say
from trials.messages import opening, rows, tile, update

from frisket.v1 import matting_pb2 as pb

pytestmark = posix

PICTURE = noisy_disc(640, 480)
SIZE = (640, 480)
ROWS = list(rows(pb.PLANE_PROXY, PICTURE))
BOMB = zlib.compress(bytes(64 << 20), 9)
NAN, INF, MOST = float("nan"), float("inf"), 2**32 - 1
PROTO = Path(__file__).resolve().parents[2] / "proto/frisket/v1/matting.proto"

Messages = Sequence[pb.MatteRequest]


def ask(**asked: object) -> pb.MatteRequest:
    return opening(SIZE, PICTURE, **asked)


def lie(**fields: object) -> pb.MatteRequest:
    """Return an `open` with fields that say something else."""
    message = ask()
    for name, value in fields.items():
        setattr(message.open, name, value)
    return message


def hint(**hints: object) -> pb.MatteRequest:
    return ask(hints=pb.Hints(**hints))  # type: ignore[arg-type]


def control(**edge: float) -> pb.MatteRequest:
    return ask(edge=pb.EdgeControls(**edge))


def plane(
    data: bytes = b"", crc: int | None = None, packing: int = 1, **at: int
) -> pb.MatteRequest:
    check = zlib.crc32(data) if crc is None else crc
    pixels = pb.Pixels(data=data, packing=packing, crc32=check)  # type: ignore[arg-type]
    return pb.MatteRequest(rows=pb.PlaneRows(plane=1, pixels=pixels, **at))  # type: ignore[arg-type]


def bad_tile(
    number: int, data: bytes = b"abc", crc: int | None = None, packing: int = 1
) -> pb.MatteRequest:
    check = zlib.crc32(data) if crc is None else crc
    pixels = pb.Pixels(data=data, packing=packing, crc32=check)  # type: ignore[arg-type]
    return pb.MatteRequest(tile=pb.TilePixels(tile_id=number, pixels=pixels))


STOP = update(cancel=True)
EDGE = update(revision=1, edge=pb.EdgeControls(shift_px=1))
SCRIBBLE = pb.Scribble(x=[1], y=[1])
BEFORE: dict[str, Messages] = {
    "nothing": [],
    "open alone": [ask()],
    "an empty message": [pb.MatteRequest()],
    "rows first": ROWS,
    "a tile first": [tile(PICTURE, 0)],
    "an update first": [EDGE],
    "open twice": [ask(), ask()],
    "open after the planes": [ask(), *ROWS, ask()],
    "rows after the planes": [ask(), *ROWS, *ROWS],
    "a tile between planes": [ask(), tile(PICTURE, 0), *ROWS],
    "an update between planes": [ask(), EDGE, *ROWS],
    "a cancel between planes": [ask(), STOP, *ROWS],
    "an empty message between planes": [ask(), pb.MatteRequest(), *ROWS],
    "version 0": [lie(protocol_version=0)],
    "a newer version": [lie(protocol_version=MOST)],
    "no width": [lie(width=0)],
    "a width of 2^31": [lie(width=2**31)],
    "the most of both": [lie(width=MOST, height=MOST)],
    "90 gigapixels": [lie(width=300_000, height=300_000)],
    "tiles of 1 px": [lie(tile_size=1)],
    "tiles of 2^32-1 px": [lie(tile_size=MOST)],
    "no proxy": [lie(proxy_width=0)],
    "a proxy of 2^31": [lie(proxy_width=2**31)],
    "a proxy of another shape": [lie(proxy_width=10)],
    "tile format 99": [lie(tile_format=99)],
    "tiles with transparency": [lie(tile_format=5)],
    "no proxy format": [lie(proxy_format=0)],
    "packing 77": [lie(packing=77)],
    "alpha format 4": [ask(alpha_format=4)],
    "quality 99": [ask(quality=99), *ROWS],
    "quality -1": [ask(quality=-1), *ROWS],
    "held beyond": [ask(held=[pb.TileRun(first=0, count=MOST)])],
    "held far beyond": [ask(held=[pb.TileRun(first=2**31, count=1)])],
    "held that falls": [ask(held=[pb.TileRun(first=4, count=1), pb.TileRun(first=1, count=1)])],
    "a model above": [ask(model="../../etc/passwd"), *ROWS],
    "a model by path": [ask(model="/etc/passwd"), *ROWS],
    "a model of a dot": [ask(model="."), *ROWS],
    "a model that is a folder": [ask(model="embedded/"), *ROWS],
    "a model with NUL": [ask(model="a\0b"), *ROWS],
    "a model of 1 MiB": [ask(model="m" * (1 << 20)), *ROWS],
    "a model of two lines": [ask(model="x\n2026-01-01 INFO forged"), *ROWS],
    "a client of 1 MiB": [lie(client="c\n" * (1 << 19)), *ROWS],
    "a long normalisation": [ask(normalise="x" * 100_000), *ROWS],
    "a normalisation 5000 times": [ask(normalise=",".join(["denoise"] * 5000)), *ROWS],
    "10,000 classes": [ask(classes=["a" * 50] * 10_000), *ROWS],
    "a shift of NaN": [control(shift_px=NAN), *ROWS],
    "a feather of infinity": [control(feather_px=INF), *ROWS],
    "a smoothing of 1e30": [control(smooth=1e30), *ROWS],
    "a contrast of NaN": [control(contrast=NAN), *ROWS],
    "holes of NaN": [control(fill_holes=NAN), *ROWS],
    "specks of NaN": [control(drop_specks=NAN), *ROWS],
    "65 boxes": [hint(boxes=[pb.Rect(x=1, y=1, width=9, height=9)] * 65), *ROWS],
    "a box of nothing": [hint(boxes=[pb.Rect()]), *ROWS],
    "a point outside": [hint(points=[pb.HintPoint(x=2**31)]), *ROWS],
    "an uneven scribble": [hint(scribbles=[pb.Scribble(x=[1, 2], y=[1])]), *ROWS],
    "100,000 scribbles": [hint(scribbles=[SCRIBBLE] * 100_000), *ROWS],
    "a trimap that never comes": [hint(trimap=True), *ROWS],
    "rows of another plane": [ask(), *rows(pb.PLANE_TRIMAP, PICTURE[..., 0])],
    "no row": [ask(), plane(row_count=0)],
    "2^32-1 rows": [ask(), plane(row_count=MOST)],
    "the seventh row first": [ask(), plane(first_row=7, row_count=1)],
    "rows that are damaged": [ask(), plane(b"x" * 1920, crc=1, row_count=1)],
    "rows that are short": [ask(), plane(b"xx", row_count=1)],
    "rows that explode": [ask(), plane(BOMB, packing=2, row_count=1)],
    "rows packed unknown": [ask(), plane(b"x" * 1920, packing=9, row_count=1)],
    "half a proxy": [ask(), plane(bytes(1920), row_count=1)],
}
AFTER: dict[str, Callable[[int], Messages]] = {
    "a tile never asked for": lambda n: [bad_tile(9_999)],
    "tile 2^32-1": lambda n: [bad_tile(MOST)],
    "a tile twice": lambda n: [tile(PICTURE, n), tile(PICTURE, n)],
    "a damaged tile": lambda n: [bad_tile(n, crc=1)] * 3,
    "a tile of another size": lambda n: [bad_tile(n)] * 3,
    "an empty tile": lambda n: [bad_tile(n, b"")] * 3,
    "a tile of junk": lambda n: [bad_tile(n, b"junk", packing=2)] * 3,
    "a tile that explodes": lambda n: [bad_tile(n, BOMB, packing=2)] * 3,
    "a tile packed unknown": lambda n: [bad_tile(n, packing=8)],
    "a revision that does not rise": lambda n: [update(edge=pb.EdgeControls(shift_px=1))],
    "the last revision twice": lambda n: (
        [update(revision=MOST, edge=pb.EdgeControls(smooth=1))] * 2
    ),
    "an update of NaN": lambda n: [update(revision=1, edge=pb.EdgeControls(shift_px=NAN))],
    "a tile instead of a trimap": lambda n: [
        update(revision=1, hints=pb.Hints(trimap=True)),
        tile(PICTURE, n),
    ],
    "open again": lambda n: [ask()],
    "an update with a bad hint": lambda n: [
        update(revision=1, hints=pb.Hints(points=[pb.HintPoint(x=2**31)]))
    ],
}


def read_documented() -> set[str]:
    """Return every CODE/REASON that the wire's description lists."""
    text = PROTO.read_text("utf-8")
    listed = text[text.index("Reasons:") : text.index("syntax =")]
    found: set[str] = set()
    for code, reasons in re.findall(r"^//   ([A-Z_]+)  ((?:.|\n//     )*)", listed, re.MULTILINE):
        found.update(
            f"{code}/{reason}" for reason in re.findall(r"\b[A-Z]+(?:_[A-Z]+)?\b", reasons)
        )
    return found


def play(trial: Trial, messages: Messages, after: Callable[[int], Messages] | None = None) -> str:
    """Return how a stream ends; a clean end counts as served."""
    with trial.channel() as channel:
        stream = trial.stream(channel, 60)
        stream.send(*messages)
        if after is None:
            stream.close()
        try:
            for response in stream:
                if response.HasField("need") and after is not None:
                    stream.send(*after(response.need.tile_ids[0]))
                    stream.close()
                    after = None
        except grpc.RpcError as error:
            return read_status(error)
    return "served"


def test_every_one_has_a_documented_end(tmp_path: Path) -> None:
    with Trial(tmp_path) as trial, trial.channel() as channel:
        digest = trial.matte(channel, PICTURE).digest
        before = trial.figures().memory
        with Peak(trial) as peak:
            ends = {name: play(trial, messages) for name, messages in BEFORE.items()}
            ends |= {name: play(trial, [ask(), *ROWS], after) for name, after in AFTER.items()}
        say("hostile", requests=len(ends), memory_mib=peak.memory - before)
        served = sorted(name for name, end in ends.items() if end == "served")
        odd = {name: end for name, end in ends.items() if end not in read_documented()}
        assert odd == dict.fromkeys(served, "served")
        assert served == []
        assert not [end for end in ends.values() if "UNEXPECTED" in end]
        assert trial.matte(channel, PICTURE).digest == digest
        assert not trial.capabilities().sessions
        assert peak.memory - before < 150
        assert not trial.tracebacks(), trial.text()


def test_what_is_odd_but_harmless_is_served(tmp_path: Path) -> None:
    many = [pb.HintPoint(x=x % 640, y=1, positive=bool(x % 2)) for x in range(4096)]
    noise = np.random.default_rng(0).integers(0, 256, (480, 640), dtype=np.uint8)
    trimap = [hint(trimap=True), *ROWS, *rows(pb.PLANE_TRIMAP, noise)]
    wide = pb.Rect(width=MOST, height=MOST)
    thick = pb.Scribble(x=[1], y=[1], radius_px=MOST, positive=True)
    with Trial(tmp_path) as trial:
        assert play(trial, [hint(points=many), *ROWS]) == "served"
        assert play(trial, trimap) == "served"
        assert play(trial, [hint(boxes=[wide]), *ROWS]) == "served"
        assert play(trial, [hint(scribbles=[thick]), *ROWS]) == "served"
        assert play(trial, [ask(), *ROWS], lambda n: [STOP, tile(PICTURE, n)]) == "served"
        assert play(trial, [ask(), *ROWS], lambda n: [STOP, STOP]) == "served"
        far = pb.Rect(x=MOST, y=MOST, width=MOST, height=MOST)
        assert play(trial, [ask(), *ROWS], lambda n: [update(viewport=far)]) == "served"
        assert not trial.tracebacks(), trial.text()


@pytest.mark.parametrize("size_mib", [7, 60])
def test_a_message_beyond_the_limit_is_not_taken_in(tmp_path: Path, size_mib: int) -> None:
    """gRPC refuses it by its length, so there is a status and no reason."""
    with Trial(tmp_path) as trial:
        trial.click(PICTURE)
        before = trial.figures().memory
        with Peak(trial) as peak:
            end = play(trial, [ask(), plane(bytes(size_mib << 20), row_count=1)])
        assert end == "RESOURCE_EXHAUSTED/-"
        assert peak.memory - before < 40
        assert not trial.capabilities().sessions
        assert not trial.tracebacks(), trial.text()

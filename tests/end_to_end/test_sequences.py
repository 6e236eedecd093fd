"""Frames that follow one another, over a real server on a real socket."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from serving import Server, noisy_disc

from frisket.client.errors import TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.options import HintSet, Options, Point, Stroke
from frisket.client.sequence import Sequence
from frisket.client.transport import Transport
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.video.matting import SourceFrame, describe_frames, matte_stream, reduce_frame
from frisket.v1 import matting_pb2 as pb
from frisket.v1 import sequence_pb2 as sequence_pb

WIDTH, HEIGHT = 400, 240
LAYER = describe_frames(WIDTH, HEIGHT, 8, "standard")
OPTIONS = Options(model="fake")


def clip(count: int) -> list[np.ndarray]:
    """A disc that moves right, with some new grain in every frame."""
    rng, first = np.random.default_rng(5), noisy_disc(WIDTH, HEIGHT)
    return [
        np.clip(np.roll(first, 2 * number, axis=1) + rng.normal(0, 3, first.shape), 0, 255).astype(
            np.uint8
        )
        for number in range(count)
    ]


def matte_all(
    connect: Callable[[], Transport],
    frames: list[np.ndarray],
    start: int = 0,
    run_in: int = 0,
    options: Options = OPTIONS,
) -> dict[int, np.ndarray]:
    """The alpha of frames from `start` on; the sequence restarts there."""
    sent = [
        SourceFrame(number, frames[number], number == start, number < start + run_in)
        for number in range(start, len(frames))
    ]
    with Connection(ServerChoice(), connect) as connection:
        done = matte_stream(sent, LAYER, options, connection)
        return {matted.frame.number: matted.alpha for matted in done}


def test_every_frame_comes_back_in_order_and_shows_the_disc(server: Server) -> None:
    frames = clip(9)
    mattes = matte_all(server.connect, frames)
    assert list(mattes) == list(range(9))
    for number, alpha in mattes.items():
        middle = WIDTH // 2 + 2 * number
        assert alpha[HEIGHT // 2, middle] > 200
        assert alpha[5, middle] < 50


def test_a_range_with_its_run_in_has_the_bytes_of_the_whole(server: Server) -> None:
    frames = clip(8)
    whole = matte_all(server.connect, frames, start=2)
    part = matte_all(server.connect, frames, start=2, run_in=4)
    assert list(part) == [6, 7]
    for number, alpha in part.items():
        np.testing.assert_array_equal(alpha, whole[number])


def test_a_frame_is_steadied_by_those_before_it(server: Server) -> None:
    frames = clip(3)
    after, alone = matte_all(server.connect, frames), matte_all(server.connect, frames, start=2)
    assert not np.array_equal(after[2], alone[2])


def test_both_transports_bring_the_same_bytes(server: Server) -> None:
    frames = clip(3)
    pure = matte_all(lambda: H2Transport(server.address), frames)
    compiled = matte_all(server.connect, frames)
    for number, alpha in compiled.items():
        np.testing.assert_array_equal(alpha, pure[number])


def test_sixteen_bits_and_clean_colours_come_back(server: Server) -> None:
    layer = describe_frames(WIDTH, HEIGHT, 16, "standard")
    frame = SourceFrame(0, clip(1)[0].astype(np.uint16) * 257, restart=True)
    options = Options(model="fake", depth=16, foreground=True)
    with Connection(ServerChoice(), server.connect) as connection:
        [matted] = matte_stream([frame], layer, options, connection)
    assert matted.alpha.dtype == matted.colours.dtype == np.uint16
    assert matted.alpha.max() == 65535
    assert not np.array_equal(matted.colours, frame.rgb)
    solid = matted.alpha == 65535
    assert np.abs(matted.colours[solid].astype(int) - frame.rgb[solid]).mean() < 300


@contextlib.contextmanager
def opened(server: Server, options: Options = OPTIONS) -> Iterator[tuple[object, Sequence]]:
    with contextlib.closing(server.connect()) as transport:
        call, sequence = transport.sequence(), Sequence(LAYER, options)
        call.send(sequence.open())
        sequence.receive(call.receive(30))
        yield call, sequence
        call.cancel()


def begin(number: int, **how: bool) -> sequence_pb.SequenceMatteRequest:
    frame = sequence_pb.FrameRequest(frame=number, **how)
    return sequence_pb.SequenceMatteRequest(frame=frame)


def about(number: int, request: pb.MatteRequest) -> sequence_pb.SequenceMatteRequest:
    part = sequence_pb.FramePart(frame=number, request=request)
    return sequence_pb.SequenceMatteRequest(part=part)


ROWS = pb.PlaneRows(plane=pb.PLANE_PROXY, row_count=HEIGHT)
BAD = {
    "number": ([begin(3), begin(3)], "BAD_ORDER"),
    "many": ([begin(number) for number in range(5)], "BAD_ORDER"),
    "unknown": ([about(7, pb.MatteRequest(rows=ROWS))], "BAD_ORDER"),
    "tile": ([begin(0), about(0, pb.MatteRequest(tile=pb.TilePixels()))], "BAD_ORDER"),
    "update": ([begin(0), about(0, pb.MatteRequest(update=pb.UpdateRequest()))], "BAD_ORDER"),
    "rows": ([begin(0), about(0, pb.MatteRequest(rows=pb.PlaneRows(row_count=999)))], "BAD_PROXY"),
    "none": ([begin(0), about(0, pb.MatteRequest(rows=pb.PlaneRows()))], "BAD_PROXY"),
    "fat": (
        [
            begin(0),
            about(
                0,
                pb.MatteRequest(
                    rows=pb.PlaneRows(row_count=1, pixels=pb.Pixels(data=bytes(1 << 20)))
                ),
            ),
        ],
        "BAD_PROXY",
    ),
    "again": ([sequence_pb.SequenceMatteRequest(open=pb.OpenRequest())], "BAD_ORDER"),
    "empty": ([sequence_pb.SequenceMatteRequest()], "BAD_ORDER"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_comes_out_of_order_ends_the_sequence(server: Server, name: str) -> None:
    requests, reason = BAD[name]
    with opened(server) as (call, _), pytest.raises(TransportError) as caught:
        for request in requests:
            call.send(request)
        while call.receive(30) is not None:
            pass
    assert caught.value.reason == reason


def test_hints_of_one_picture_are_refused_for_many(server: Server) -> None:
    options = Options(model="fake", hints=HintSet(points=(Point(3, 3),)))
    with pytest.raises(TransportError) as caught, opened(server, options):
        pass
    assert caught.value.reason == "BAD_OPEN"
    assert "one picture" in str(caught.value)


def test_a_sequence_needs_its_token(server: Server) -> None:
    stranger = type(server.address)(server.address.target, "another")
    with pytest.raises(TransportError) as caught:
        matte_all(lambda: H2Transport(stranger), clip(1))
    assert caught.value.reason == "BAD_TOKEN"


def test_a_half_close_after_whole_frames_is_a_clean_end(server: Server) -> None:
    with opened(server) as (call, sequence):
        for request in sequence.begin(0, reduce_frame(clip(1)[0], LAYER).data, run_in=True):
            call.send(request)
        [(number, _)] = sequence.receive(call.receive(30))
        call.finish()
        assert number == 0 and call.receive(30) is None


@pytest.mark.parametrize(
    "hints",
    [
        HintSet(strokes=(Stroke(tuple((n % WIDTH, 200) for n in range(40_000)), 2),)),
        HintSet(points=(Point(WIDTH + 5, 3),)),
    ],
)
def test_hints_that_a_frame_cannot_have_are_refused(server: Server, hints: HintSet) -> None:
    with opened(server) as (call, sequence), pytest.raises(TransportError) as caught:
        for request in sequence.begin(0, reduce_frame(clip(1)[0], LAYER).data, hints=hints):
            call.send(request)
        while call.receive(30) is not None:
            pass
    assert caught.value.reason == "BAD_HINT"


def draw_trimap() -> bytes:
    """What lies right of the disc's middle in frame 2 is unknown, the rest is background."""
    trimap = np.zeros((LAYER.proxy_height, LAYER.proxy_width), np.uint8)
    trimap[:, LAYER.proxy_width // 2 + 4 :] = 128
    return trimap.tobytes()


@pytest.mark.parametrize(
    "said",
    [
        HintSet(boxes=((WIDTH // 2 + 4, 0, WIDTH // 2 - 4, HEIGHT),)),
        HintSet(trimap=draw_trimap()),
        HintSet(strokes=(Stroke(((150, 60), (150, 180)), 48, False),)),
    ],
    ids=["box", "trimap", "scribble"],
)
def test_a_hint_holds_for_the_frames_after_its_own(server: Server, said: HintSet) -> None:
    """The left half of the disc is said not to be the subject, once."""
    sent = [
        SourceFrame(number, rgb, number == 0, hints=said if number == 2 else None)
        for number, rgb in enumerate(clip(6))
    ]
    with Connection(ServerChoice(), server.connect) as connection:
        done = list(matte_stream(sent, LAYER, OPTIONS, connection))
    for number, matted in enumerate(done):
        middle = WIDTH // 2 + 2 * number
        left, right = (matted.alpha[HEIGHT // 2, middle + away] for away in (-40, 40))
        assert right > 200
        assert left > 200 if number < 2 else left < 20, number


def test_a_plane_that_was_announced_must_come(server: Server) -> None:
    """Tiles, or another frame's proxy in its place, are refused; so are rows beyond it."""
    hints = HintSet(trimap=draw_trimap())
    proxy = reduce_frame(clip(1)[0], LAYER).data
    with opened(server) as (call, sequence), pytest.raises(TransportError) as caught:
        requests = list(sequence.begin(0, proxy, hints=hints))
        for request in (*requests, requests[-1]):
            call.send(request)
        while call.receive(30) is not None:
            pass
    assert caught.value.reason in ("BAD_ORDER", "BAD_PROXY")


def test_late_frames_are_left_out_and_the_newest_never(server: Server) -> None:
    frames = clip(4)
    for _ in range(30):
        sent = [SourceFrame(number, rgb, late_ok=True) for number, rgb in enumerate(frames)]
        with Connection(ServerChoice(), server.connect) as connection:
            done = list(matte_stream(sent, LAYER, OPTIONS, connection))
        assert [matted.frame.number for matted in done] == [0, 1, 2, 3]
        assert not done[-1].is_late and done[-1].alpha[HEIGHT // 2, WIDTH // 2 + 6] > 200
        late = [matted for matted in done if matted.is_late]
        assert all(not matted.alpha.any() for matted in late)
        if late:
            return
    raise AssertionError("no frame was ever late")


def test_frames_that_may_not_be_left_out_are_not(server: Server) -> None:
    sent = [SourceFrame(number, rgb, late_ok=number % 2 == 1) for number, rgb in enumerate(clip(6))]
    with Connection(ServerChoice(), server.connect) as connection:
        done = list(matte_stream(sent, LAYER, OPTIONS, connection))
    assert not any(matted.is_late for matted in done[::2])
    assert all(matted.alpha.any() for matted in done[::2])

"""The same alpha, byte for byte, however the layer is cut and however often the line breaks."""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lengths import pick
from serving import Server, noisy_disc

from frisket.client.drive import Driver
from frisket.client.errors import TransportError
from frisket.client.events import AlphaReady, Event
from frisket.client.options import Change, HintSet, Options, Point
from frisket.client.session import Session
from frisket.client.transport import Call
from frisket.documents import ArrayRaster, Rect
from frisket.documents.colour import Colour
from frisket.jobs.layer_source import LayerSource
from frisket.jobs.store import AlphaStore
from frisket.v1 import matting_pb2 as pb

WIDTH, HEIGHT = 2300, 1500
RELAXED = settings(
    max_examples=pick(3, 20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def source() -> LayerSource:
    return LayerSource(ArrayRaster(noisy_disc(WIDTH, HEIGHT), "RGB", Colour("RGB"), False))


class BreakingTransport:
    """A real connection whose stream is lost after so many responses."""

    def __init__(self, server: Server, responses: int) -> None:
        self._inner, self.left = server.connect(), responses

    def matte(self) -> Call:
        call, outer = self._inner.matte(), self

        class Breaking:
            send, finish, cancel = call.send, call.finish, call.cancel

            def receive(self, timeout: float | None = None) -> pb.MatteResponse | None:
                outer.left -= 1
                if outer.left < 0:
                    call.cancel()
                    raise TransportError("UNAVAILABLE", "", "the line was cut", True)
                return call.receive(timeout)

        return Breaking()

    def unary(self, method: str, request: bytes, timeout: float) -> bytes:
        return self._inner.unary(method, request, timeout)

    def close(self) -> None:
        self._inner.close()


def alpha_of(
    source: LayerSource,
    connect: Callable[[], object],
    options: Options,
    tile_size: int,
    shuffle: random.Random | None = None,
) -> np.ndarray:
    """Matte the layer and return its whole alpha."""
    session = Session(source.spec(), options, source.proxy.data, tile_size=tile_size)
    with AlphaStore(session.grid, options.depth) as store:
        driver = Driver(session, connect, source, store.take, retry_delays=(0.0,) * 50)
        if shuffle is not None:
            driver.order = lambda tiles: shuffle.sample(tiles, len(tiles))
        driver.run()
        return store.read(Rect(0, 0, WIDTH, HEIGHT)).copy()


@pytest.fixture(scope="module", params=["draft", "standard", "high"])
def reference(
    request: pytest.FixtureRequest, server: Server, source: LayerSource
) -> tuple[Options, np.ndarray]:
    options = Options(model="fake", quality=request.param)
    alpha = alpha_of(source, server.connect, options, 512)
    assert 0 < (alpha == 255).mean() < 1, "the subject must not be everything or nothing"
    return options, alpha


@RELAXED
@given(tile_size=st.integers(16, 700), seed=st.integers(0, 999))
def test_any_tiling_in_any_order(
    server: Server,
    source: LayerSource,
    reference: tuple[Options, np.ndarray],
    tile_size: int,
    seed: int,
) -> None:
    options, expected = reference
    tile_size = max(tile_size, 64)
    got = alpha_of(source, server.connect, options, tile_size, random.Random(seed))
    np.testing.assert_array_equal(got, expected)


@RELAXED
@given(cuts=st.lists(st.integers(0, 30), min_size=1, max_size=6))
def test_any_number_of_lost_connections(
    server: Server, source: LayerSource, reference: tuple[Options, np.ndarray], cuts: list[int]
) -> None:
    options, expected = reference
    left = list(cuts)

    def connect() -> object:
        return BreakingTransport(server, left.pop()) if left else server.connect()

    np.testing.assert_array_equal(alpha_of(source, connect, options, 128), expected)


def test_the_wire_changes_nothing(
    source: LayerSource,
    reference: tuple[Options, np.ndarray],
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The session called without gRPC, as the benchmark of the wire's cost calls it."""
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "benchmarks"))
    in_process = importlib.import_module("in_process")
    direct = in_process.InProcessServer()
    options, expected = reference
    got = alpha_of(source, lambda: in_process.InProcessTransport(direct), options, 512)
    np.testing.assert_array_equal(got, expected)


def test_sixteen_bits_agree_with_eight(server: Server, source: LayerSource) -> None:
    eight = alpha_of(source, server.connect, Options(model="fake"), 256)
    sixteen = alpha_of(source, server.connect, Options(model="fake", depth=16), 256)
    assert len(np.unique(sixteen)) > 256
    assert np.abs(sixteen / 257 - eight).max() <= 0.51


def test_tiles_already_held_are_not_sent_again(server: Server, source: LayerSource) -> None:
    session = Session(source.spec(), Options(model="fake"), source.proxy.data, tile_size=128)
    arrived: list[int] = []
    connections = [BreakingTransport(server, 20), server.connect()]

    def listen(event: Event) -> None:
        if isinstance(event, AlphaReady):
            arrived.append(event.tile_id)

    Driver(session, lambda: connections.pop(0), source, listen, retry_delays=(0.0,)).run()
    assert len(arrived) == len(set(arrived))


def test_a_hint_sends_only_tiles_that_change(server: Server, source: LayerSource) -> None:
    options = Options(model="fake")
    session = Session(source.spec(), options, source.proxy.data, tile_size=128)
    transport = server.connect()
    call = transport.matte()
    with AlphaStore(session.grid) as store:
        driver = Driver(session, server.connect, source, store.take)
        driver.begin(call)
        driver.exchange(call)
        first = session.tiles_sent
        hint = HintSet(points=(Point(WIDTH // 2, HEIGHT // 2, True),))
        driver.change(call, Change(hints=hint))
        driver.exchange(call)
        assert session.tiles_sent - first < first
        fresh = Options(model="fake", hints=hint)
        expected = alpha_of(source, server.connect, fresh, 256)
        np.testing.assert_array_equal(store.read(Rect(0, 0, WIDTH, HEIGHT)), expected)
    call.finish()
    transport.close()


class OtherModel:
    """A server whose model of that name answers quite differently."""

    def __init__(self, server: Server) -> None:
        self._inner = server.connect()

    def matte(self) -> Call:
        call = self._inner.matte()

        class Renaming:
            receive, finish, cancel = call.receive, call.finish, call.cancel

            def send(self, request: pb.MatteRequest) -> None:
                if request.HasField("open"):
                    request.open.options.model = "fake"
                call.send(request)

        return Renaming()

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
@pytest.mark.parametrize("hints", [HintSet(), HintSet(points=(Point(40, 30, True),))])
def test_a_resume_where_the_model_answers_otherwise(
    server: Server, source: LayerSource, quality: str, hints: HintSet
) -> None:
    options = Options(model="embedded", quality=quality, hints=hints)
    expected = alpha_of(source, server.connect, options, 128)
    assert (alpha_of(source, lambda: OtherModel(server), options, 128) != expected).any()
    ways = [OtherModel(server), BreakingTransport(server, 6)]
    np.testing.assert_array_equal(alpha_of(source, lambda: ways.pop(), options, 128), expected)
    assert not ways, "the line was to break"

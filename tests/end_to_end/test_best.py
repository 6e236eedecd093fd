"""`--quality best`: a network looks at windows of the band, at the layer's own resolution."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from graphs import refiner
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server

from frisket import CutOptions, cut
from frisket.client.drive import Driver
from frisket.client.errors import TransportError
from frisket.client.events import AlphaReady, Outcome
from frisket.client.options import Change, Edge, HintSet, Options, Point
from frisket.client.session import Session
from frisket.documents import ArrayRaster, Rect
from frisket.documents.colour import Colour
from frisket.jobs.layer_source import LayerSource
from frisket.jobs.store import AlphaStore
from frisket.models import Registry
from frisket.v1 import matting_pb2 as pb

from .test_same_bytes import RELAXED, BreakingTransport, alpha_of

WIDTH, HEIGHT = 2300, 1500
SIDE = 128
BEST = Options(model="fake", quality="best")


def serve(folder: Path, kind: str) -> Server:
    Registry(folder / "home").add("mine", "vitmatte", refiner(folder / "r.onnx", SIDE, kind))
    return start_server(folder / "home", "--device", "cpu")


@pytest.fixture(scope="module")
def red(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """In the band its alpha is the layer's own red."""
    running = serve(tmp_path_factory.mktemp("red"), "red")
    yield running
    stop_server(running)


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Its alpha depends on every pixel of the window."""
    running = serve(tmp_path_factory.mktemp("context"), "context")
    yield running
    stop_server(running)


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return noisy_disc(WIDTH, HEIGHT)


@pytest.fixture(scope="module")
def source(picture: np.ndarray) -> LayerSource:
    return LayerSource(ArrayRaster(picture, "RGB", Colour("RGB"), False))


@pytest.fixture(scope="module")
def expected(context: Server, source: LayerSource) -> np.ndarray:
    return alpha_of(source, context.connect, BEST, 512)


def test_every_pixel_of_the_band_is_looked_at_where_it_lies(
    red: Server, source: LayerSource, picture: np.ndarray
) -> None:
    best = alpha_of(source, red.connect, BEST, 256)
    high = alpha_of(source, red.connect, Options(model="fake", quality="high"), 256)
    band = (high > 0) & (high < 255)
    assert band.mean() > 0.01
    off = np.abs(best[band].astype(int) - picture[..., 0][band])
    assert off.max() <= 1, "a window, a trimap or a blend is out of place"
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    away = np.hypot(x - WIDTH / 2, y - HEIGHT / 2)
    for sure in (away < 200, away > 700):
        np.testing.assert_array_equal(best[sure], high[sure])


@RELAXED
@given(tile_size=st.integers(64, 700), seed=st.integers(0, 999))
def test_any_tiling_in_any_order(
    context: Server, source: LayerSource, expected: np.ndarray, tile_size: int, seed: int
) -> None:
    got = alpha_of(source, context.connect, BEST, tile_size, random.Random(seed))
    np.testing.assert_array_equal(got, expected)


@RELAXED
@given(cuts=st.lists(st.integers(0, 60), min_size=1, max_size=5))
def test_any_number_of_lost_connections(
    context: Server, source: LayerSource, expected: np.ndarray, cuts: list[int]
) -> None:
    left = list(cuts)

    def connect() -> object:
        return BreakingTransport(context, left.pop()) if left else context.connect()

    np.testing.assert_array_equal(alpha_of(source, connect, BEST, 128), expected)


def test_sixteen_bits_are_finer(context: Server, source: LayerSource, expected: np.ndarray) -> None:
    deep = alpha_of(source, context.connect, Options(model="fake", quality="best", depth=16), 256)
    assert np.abs(deep / 257 - expected).max() <= 0.51
    band = (expected > 0) & (expected < 255)
    assert len(np.unique(deep[band])) > 1000


def test_only_the_band_and_its_surroundings_travel(context: Server, source: LayerSource) -> None:
    session = Session(source.spec(), BEST, source.proxy.data, tile_size=128)
    with AlphaStore(session.grid) as store:
        outcome = Driver(session, context.connect, source, store.take).run()
    assert session.tiles_sent < session.grid.count * 0.5
    assert outcome.tiles_needed == session.tiles_sent
    assert "mine refined" in outcome.method and "windows of 128 px" in outcome.method


def test_a_hint_in_an_open_session_ends_where_a_fresh_one_does(
    context: Server, source: LayerSource
) -> None:
    session = Session(source.spec(), BEST, source.proxy.data, tile_size=128)
    transport = context.connect()
    call = transport.matte()
    hint = HintSet(points=(Point(WIDTH // 2, HEIGHT // 2, True), Point(300, 300, False)))
    with AlphaStore(session.grid) as store:
        driver = Driver(session, context.connect, source, store.take)
        driver.begin(call)
        driver.exchange(call)
        driver.change(call, Change(hints=hint))
        driver.exchange(call)
        found = store.read(Rect(0, 0, WIDTH, HEIGHT)).copy()
    call.finish()
    transport.close()
    fresh = Options(model="fake", quality="best", hints=hint)
    np.testing.assert_array_equal(found, alpha_of(source, context.connect, fresh, 256))


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Server]:
    """A network that is slower than solving anew."""
    graph = refiner(tmp_path / "r.onnx", SIDE, "context", slow=8)
    Registry(tmp_path / "home").add("mine", "vitmatte", graph)
    running = start_server(tmp_path / "home", "--device", "cpu")
    yield running
    stop_server(running)


def test_hints_half_way_end_where_fresh_ones_do(slow: Server) -> None:
    """Windows are running, and tiles wait for them, whenever the revision changes."""
    source = LayerSource(ArrayRaster(noisy_disc(900, 600), "RGB", Colour("RGB"), False))
    session = Session(source.spec(), BEST, source.proxy.data, tile_size=64)
    transport = slow.connect()
    call = transport.matte()
    spots = [(780, 520), (100, 500), (800, 80), (210, 290)]
    with AlphaStore(session.grid) as store:
        driver = Driver(session, slow.connect, source, store.take)
        driver.begin(call)
        answered, outcome = 0, None
        while outcome is None:
            response = call.receive()
            assert response is not None
            for event in session.receive(response):
                driver.react(call, event)
                store.take(event)
                answered += isinstance(event, AlphaReady)
                outcome = event if isinstance(event, Outcome) else None
            if answered >= 3 and spots:
                answered, hint = 0, HintSet(points=(Point(*spots.pop(), True),))
                driver.change(call, Change(hints=hint))
        assert not spots, "every change came half way"
        found = store.read(Rect(0, 0, 900, 600)).copy()
    call.finish()
    transport.close()
    fresh = Session(
        source.spec(),
        Options(model="fake", quality="best", hints=hint),
        source.proxy.data,
        tile_size=200,
    )
    with AlphaStore(fresh.grid) as store:
        Driver(fresh, slow.connect, source, store.take).run()
        np.testing.assert_array_equal(found, store.read(Rect(0, 0, 900, 600)))


def test_a_small_layer_is_padded(red: Server) -> None:
    small = noisy_disc(90, 60)
    source = LayerSource(ArrayRaster(small, "RGB", Colour("RGB"), False))
    session = Session(source.spec(), BEST, source.proxy.data, tile_size=64)
    with AlphaStore(session.grid) as store:
        Driver(session, red.connect, source, store.take).run()
        alpha = store.read(Rect(0, 0, 90, 60)).copy()
    between = (alpha > 0) & (alpha < 255)
    assert between.any()
    assert np.abs(alpha[between].astype(int) - small[..., 0][between]).max() <= 1


def test_one_encoded_picture_is_refined_too(red: Server) -> None:
    picture = noisy_disc(700, 500)
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    options = pb.MatteOptions(model="fake", quality=pb.QUALITY_BEST)
    request = pb.MatteImageRequest(image=buffer.getvalue(), options=options)
    transport = red.connect()
    method = "/frisket.v1.MattingService/MatteImage"
    answer = transport.unary(method, request.SerializeToString(), 60)
    transport.close()
    image = Image.open(io.BytesIO(pb.MatteImageResponse.FromString(answer).image))
    alpha = np.asarray(image)
    between = (alpha > 0) & (alpha < 255)
    assert between.mean() > 0.01
    assert np.abs(alpha[between].astype(int) - picture[..., 0][between]).max() <= 1


def test_without_a_network_best_is_high_and_says_so(server: Server, source: LayerSource) -> None:
    session = Session(source.spec(), BEST, source.proxy.data, tile_size=256)
    notices: list[str] = []
    with AlphaStore(session.grid) as store:

        def listen(event: object) -> None:
            notices.append(getattr(event, "notice", ""))
            store.take(event)  # type: ignore[arg-type]

        outcome = Driver(session, server.connect, source, listen).run()
        found = store.read(Rect(0, 0, WIDTH, HEIGHT)).copy()
    assert isinstance(outcome, Outcome)
    for said in ("".join(notices), outcome.method):
        assert "'best' is solved as 'high'" in said and "pull vitmatte-small" in said
    high = alpha_of(source, server.connect, Options(model="fake", quality="high"), 512)
    np.testing.assert_array_equal(found, high)


def test_edge_controls_leave_the_solution_to_itself(red: Server, source: LayerSource) -> None:
    edge = Edge(feather_px=6)
    best, high = (
        alpha_of(source, red.connect, Options(model="fake", quality=quality, edge=edge), 256)
        for quality in ("best", "high")
    )
    np.testing.assert_array_equal(best, high)


def test_a_network_that_answers_nan_leaves_the_solution(
    tmp_path: Path, source: LayerSource
) -> None:
    """Weights that rot on the disk after their check run: the windows keep what was solved."""
    path = refiner(tmp_path / "r.onnx", SIDE, "context")
    Registry(tmp_path / "home").add("mine", "vitmatte", path)
    stored = tmp_path / "home" / "models" / "mine" / "model.onnx"
    model = onnx.load(str(stored))
    model.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(np.full((1, 4, 9, 9), np.nan, np.float32), "w")
    )
    onnx.save(model, str(stored))
    running = start_server(tmp_path / "home", "--device", "cpu")
    try:
        session = Session(source.spec(), BEST, source.proxy.data, tile_size=256)
        with AlphaStore(session.grid) as store:
            outcome = Driver(session, running.connect, source, store.take).run()
            found = store.read(Rect(0, 0, WIDTH, HEIGHT)).copy()
        high = alpha_of(source, running.connect, Options(model="fake", quality="high"), 256)
    finally:
        stop_server(running)
    assert "could not be refined" in outcome.method and "not numbers" in outcome.method
    assert np.abs(found.astype(int) - high).mean() < 0.5


def test_a_refiner_is_not_a_model(red: Server, source: LayerSource) -> None:
    transport = red.connect()
    answer = transport.unary("/frisket.v1.MattingService/GetCapabilities", b"", 10)
    transport.close()
    models = {m.name: m for m in pb.GetCapabilitiesResponse.FromString(answer).models}
    assert models["mine"].refiner and models["mine"].present and not models["mine"].is_default
    assert models["embedded"].is_default and "person" in models["deeplab"].classes
    with pytest.raises(TransportError, match="choose it with --quality best"):
        alpha_of(source, red.connect, Options(model="mine"), 256)


def test_the_command_refines(home: Path, photograph: Path, tmp_path: Path) -> None:
    registry = Registry(home)
    registry.add("mine", "vitmatte", refiner(tmp_path / "r.onnx", SIDE))
    assert registry.default() == "embedded", "a refiner never runs by itself"
    out = tmp_path / "out.png"
    options = CutOptions(kind="matte", model="classic", quality="best")
    result = cut(photograph, out, options)
    assert "mine refined" in result.outcome.method
    alpha, rgb = np.asarray(Image.open(out)), np.asarray(Image.open(photograph))
    between = (alpha > 0) & (alpha < 255)
    off = np.abs(alpha.astype(int) - rgb[..., 0])[between]
    assert np.mean(off <= 1) > 0.9

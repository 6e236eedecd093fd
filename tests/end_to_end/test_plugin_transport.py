"""The plug-ins' way to a real server: h2 instead of grpcio, and the job that hosts run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from serving import Server, noisy_disc

from frisket.client.address import Address
from frisket.client.errors import Cancelled, TransportError
from frisket.client.h2_transport import H2Transport
from frisket.client.options import Change, Edge, HintSet, LayerSpec, Options, Point
from frisket.client.transport import Transport
from frisket.hosts import link
from frisket.hosts.job import Job
from frisket.protocol.formats import PixelFormat
from frisket.protocol.grid import TileRect

WIDTH, HEIGHT = 1900, 1300


class Layer:
    """A layer in memory that is read and painted as a host does it."""

    def __init__(self) -> None:
        self.pixels = noisy_disc(WIDTH, HEIGHT)
        self.alpha = np.full((HEIGHT, WIDTH), 77, np.uint8)
        self.coarse: np.ndarray | None = None
        rgb = PixelFormat.RGB8
        self.spec = LayerSpec(WIDTH, HEIGHT, rgb, WIDTH, HEIGHT, rgb)

    def proxy(self) -> bytes:
        return self.pixels.tobytes()

    def read_tile(self, rect: TileRect) -> bytes:
        part = self.pixels[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]
        return part.tobytes()

    def fill(self, rect: TileRect, opaque: bool) -> None:
        self._part(rect)[:] = 255 if opaque else 0

    def paint(self, rect: TileRect, alpha: bytes, coarse: bool) -> None:
        values = np.frombuffer(alpha, np.uint8).reshape(rect.height, rect.width)
        self._part(rect)[:] = values

    def _part(self, rect: TileRect) -> np.ndarray:
        return self.alpha[rect.y : rect.y + rect.height, rect.x : rect.x + rect.width]

    def recolour(self, rect: TileRect, colours: bytes) -> None:
        raise AssertionError("not asked for")

    def refresh(self) -> None:
        if self.coarse is None:
            self.coarse = self.alpha.copy()

    def progress(self, share: float, text: str) -> None:
        assert 0 <= share <= 1


def h2(server: Server) -> H2Transport:
    return H2Transport(Address(server.address.target, server.address.token))


def cut(connect: Callable[[], Transport], options: Options, **more: object) -> Layer:
    layer = Layer()
    Job(layer, layer, connect, options, "test", **more).run()  # type: ignore[arg-type]
    return layer


@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
def test_same_alpha_by_both_ways(server: Server, quality: str) -> None:
    options = Options(quality=quality)
    by_h2 = cut(lambda: h2(server), options)
    by_grpcio = cut(server.connect, options)
    assert (by_h2.alpha == by_grpcio.alpha).all()
    assert by_h2.coarse is not None
    assert by_h2.alpha[HEIGHT // 2, WIDTH // 2] > 200
    assert by_h2.alpha[0, 0] < 50


def test_capabilities(server: Server) -> None:
    info = link.ask(lambda: h2(server))
    assert info.models
    assert sum(model.is_default for model in info.models) == 1


def test_wrong_token(server: Server) -> None:
    with pytest.raises(TransportError) as caught:
        link.ask(lambda: H2Transport(Address(server.address.target, "wrong")))
    assert caught.value.reason == "BAD_TOKEN"
    assert "settings" in link.explain(caught.value)


def test_unknown_model(server: Server) -> None:
    with pytest.raises(TransportError) as caught:
        cut(lambda: h2(server), Options(model="nonesuch"))
    assert caught.value.reason == "UNKNOWN_MODEL"


@pytest.mark.parametrize(
    "change",
    [
        Change(hints=HintSet(points=(Point(5, 5), Point(WIDTH // 2, HEIGHT // 2, False)))),
        Change(edge=Edge(shift_px=-12)),
    ],
    ids=["hints", "edge"],
)
def test_a_change_in_an_open_session_equals_a_fresh_one(server: Server, change: Change) -> None:
    changes = [change, None]
    live = cut(lambda: h2(server), Options(), next_change=lambda outcome: changes.pop(0))
    options = Options()
    if change.hints is not None:
        options = replace(options, hints=change.hints)
    if change.edge is not None:
        options = replace(options, edge=change.edge)
    fresh = cut(lambda: h2(server), options)
    assert (live.alpha == fresh.alpha).all()


def test_dropped_from_outside(server: Server) -> None:
    layer = Layer()
    job = Job(layer, layer, lambda: h2(server), Options(), "test", cancelled=lambda: True)
    with pytest.raises(Cancelled):
        job.run()

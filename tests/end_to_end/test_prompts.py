"""Boxes and points on their way to a prompted model, and what a hint costs in an open session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from graphs import sam_pair
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server

from frisket import CutOptions, cut
from frisket.client.drive import Driver
from frisket.client.events import Outcome
from frisket.client.options import Change, HintSet, Options, Point
from frisket.client.session import Session
from frisket.documents import ArrayRaster, Rect
from frisket.documents.colour import Colour
from frisket.jobs.hint_files import HintFiles
from frisket.jobs.layer_source import LayerSource
from frisket.jobs.store import AlphaStore
from frisket.models import Registry

WIDTH, HEIGHT = 1500, 1000


@pytest.fixture
def prompted(tmp_path: Path) -> Iterator[Server]:
    """A server whose model `mine` has an encoder of some weight."""
    home = tmp_path / "home"
    Registry(home).add("mine", "sam", sam_pair(tmp_path, "sam", slow=60))
    running = start_server(home, "--device", "cpu")
    yield running
    stop_server(running)


def centre(alpha: np.ndarray) -> tuple[float, float]:
    y, x = np.nonzero(alpha >= 128)
    return float(x.mean()), float(y.mean())


def test_a_hint_costs_a_decoder_run(prompted: Server) -> None:
    source = LayerSource(ArrayRaster(noisy_disc(WIDTH, HEIGHT), "RGB", Colour("RGB"), False))
    first = HintSet(points=(Point(400, 500),))
    session = Session(
        source.spec(), Options(model="mine", hints=first), source.proxy.data, tile_size=256
    )
    transport = prompted.connect()
    call = transport.matte()
    seconds = []
    with AlphaStore(session.grid) as store:
        driver = Driver(session, prompted.connect, source, store.take)
        moves = ((900, 300), (700, 600), (500, 400), (800, 700))
        for hints in (first, *(HintSet(points=(Point(x, y),)) for x, y in moves)):
            if seconds:
                driver.change(call, Change(hints=hints))
            else:
                driver.begin(call)
            outcome = driver.exchange(call)
            assert isinstance(outcome, Outcome)
            seconds.append(outcome.model_seconds)
            x, y = centre(store.read(Rect(0, 0, WIDTH, HEIGHT)))
            np.testing.assert_allclose((x, y), (hints.points[0].x, hints.points[0].y), atol=12)
    call.finish()
    transport.close()
    opening, *hinted = np.diff([0.0, *seconds])
    print(f"with the encoder {opening:.3f} s, hints {np.round(hinted, 3)} s")
    # The quickest of them: a busy machine may hold up any one.
    assert min(hinted) < opening / 2, "the encoder must not run again"


def test_nothing_said_is_reported(home: Path, photograph: Path, tmp_path: Path) -> None:
    Registry(home).add("mine", "sam", sam_pair(tmp_path, "sam"))
    result = cut(photograph, tmp_path / "out.png", CutOptions(kind="matte", model="mine"))
    assert "told to look at what stands out" in result.outcome.method


def test_the_command_passes_boxes_on(home: Path, photograph: Path, tmp_path: Path) -> None:
    Registry(home).add("mine", "sam", sam_pair(tmp_path, "sam"))
    out = tmp_path / "out.png"
    hints = HintFiles(((100, 50, 300, 200),), (), None, None)
    cut(photograph, out, CutOptions(kind="matte", model="mine", hints=hints))
    y, x = np.nonzero(np.asarray(Image.open(out)) >= 128)
    found = [x.min(), y.min(), x.max() + 1, y.max() + 1]
    np.testing.assert_allclose(found, [100, 50, 400, 250], atol=4)

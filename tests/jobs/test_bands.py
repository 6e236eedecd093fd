"""One layer on several servers at once: the bytes of one server, whatever becomes of another."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import TOKEN, Server, noisy_disc, start_server, stop_server

from frisket import CutOptions
from frisket.client.options import Options
from frisket.documents import Rect, open_document
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.matting import Run, matte

WIDTH, HEIGHT = 1300, 2100  # larger than its proxy, so that tiles travel


@pytest.fixture(scope="module")
def second(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("second"))
    yield running
    stop_server(running)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(noisy_disc(WIDTH, HEIGHT)).save(tmp_path / "giant.png")
    return tmp_path / "giant.png"


def run_on(
    servers: list[str], picture: Path, options: Options, seen: Callable[[str, int, int], None]
) -> Run:
    choice = ServerChoice(",".join(servers))
    with Connection(choice) as connection, open_document(picture) as document:
        raster = document.show(document.layers[0], "matte", CutOptions().result_options())
        return matte(
            raster, options, connection, tile_size=64, progress=seen, shared_px=WIDTH * HEIGHT
        )


def read(run: Run) -> np.ndarray:
    with run.store as store:
        return store.read(Rect(0, 0, WIDTH, HEIGHT))


@pytest.mark.parametrize("quality", ["standard", "best"])
def test_two_servers_give_the_bytes_of_one(
    server: Server, second: Server, picture: Path, monkeypatch: pytest.MonkeyPatch, quality: str
) -> None:
    monkeypatch.setenv("FRISKET_TOKEN", TOKEN)
    options = Options(model="fake", quality=quality)
    told: list[tuple[str, int, int]] = []
    alone = run_on([server.address.target], picture, options, lambda *_: None)
    both = [server.address.target, second.address.target]
    shared = run_on(both, picture, options, lambda *step: told.append(step))
    assert shared.outcome.subject == alone.outcome.subject is not None
    assert 0 < shared.session.tiles_sent < alone.session.tiles_sent, "the other one did its share"
    tiles = [done for stage, done, _ in told if stage == "tiles"]
    assert tiles == sorted(tiles) and tiles[-1] == shared.session.grid.count
    np.testing.assert_array_equal(read(shared), read(alone))


@pytest.mark.parametrize("servers", [1, 2])
def test_a_layer_is_let_go_of_as_soon_as_it_is_done(
    server: Server, second: Server, picture: Path, monkeypatch: pytest.MonkeyPatch, servers: int
) -> None:
    """Else a batch holds the pixels of many files until Python looks for cycles."""
    monkeypatch.setenv("FRISKET_TOKEN", TOKEN)
    targets = [server.address.target, second.address.target][:servers]
    gc.collect()
    gc.disable()
    try:
        run = run_on(targets, picture, Options(model="fake"), lambda *_: None)
        run.store.close()
        session = weakref.ref(run.session)
        del run
        assert session() is None
    finally:
        gc.enable()


def test_a_server_that_is_lost_half_way_leaves_its_share_to_the_other(
    server: Server, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_TOKEN", TOKEN)
    options, lost = Options(model="fake"), list[bool]()
    alone = run_on([server.address.target], picture, options, lambda *_: None)
    doomed = start_server(tmp_path / "doomed")

    def kill(stage: str, done: int, total: int) -> None:
        if stage == "tiles" and not lost:
            lost.append(True)
            stop_server(doomed)

    try:
        both = run_on([server.address.target, doomed.address.target], picture, options, kill)
    finally:
        stop_server(doomed)
    assert lost
    np.testing.assert_array_equal(read(both), read(alone))

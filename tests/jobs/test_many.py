"""Many documents over one connection, one after another, each with an end of its own."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command import layered
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server

from frisket.client.errors import NoServer, TransportError
from frisket.documents import LayerNotFound, UnreadableDocument
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.many import TaskOutcome, cut, cut_many
from frisket.jobs.task import CutOptions, NoSubject, Task

from .conftest import Counting

MATTE = CutOptions(kind="matte", model="fake")


def tasks(pictures: list[Path], folder: Path) -> list[Task]:
    return [Task(path, folder / f"out-{path.name}", MATTE) for path in pictures]


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_many_files_use_one_connection(
    connection: Connection, opener: Counting, pictures: list[Path], tmp_path: Path
) -> None:
    outcomes = list(cut_many(tasks(pictures, tmp_path), connection=connection))
    assert [outcome.unwrap().width for outcome in outcomes] == [500, 600, 700]
    assert (opener.opened, opener.closed) == (1, 0), "opened once, and left to its owner"
    alone = cut(pictures[1], tmp_path / "alone.png", MATTE, connection=connection)
    assert alone.output.read_bytes() == outcomes[1].unwrap().output.read_bytes()
    assert opener.opened == 1


def test_a_failing_task_is_an_outcome_and_the_next_goes_on(
    connection: Connection, opener: Counting, pictures: list[Path], tmp_path: Path
) -> None:
    grey = tmp_path / "grey.png"
    Image.new("RGB", (300, 200), (128, 128, 128)).save(grey)
    given = [
        Task(tmp_path / "missing.png", tmp_path / "a.png", MATTE),
        Task(layered(tmp_path / "in.psd"), tmp_path / "b.png", CutOptions("matte", ("Nobody",))),
        Task(pictures[0], tmp_path / "c.png", CutOptions("matte", model="nobody")),
        Task(grey, tmp_path / "d.png", CutOptions("matte", model="classic")),
        Task(pictures[0], tmp_path / "e.png", MATTE),
    ]
    before = files(tmp_path)
    outcomes = list(cut_many(given, connection=connection))
    assert [outcome.task for outcome in outcomes] == given
    errors = [type(outcome.error) for outcome in outcomes]
    assert errors == [UnreadableDocument, LayerNotFound, TransportError, NoSubject, type(None)]
    assert files(tmp_path) - before == {"e.png"}
    with pytest.raises(LayerNotFound, match="People/Disc"):
        outcomes[1].unwrap()


def test_an_outcome_holds_no_pixels(
    connection: Connection, pictures: list[Path], tmp_path: Path
) -> None:
    """Hundreds of failures may be kept until the morning."""
    wrong = Task(pictures[0], tmp_path / "a.png", CutOptions("matte", model="nobody"))
    [outcome] = cut_many([wrong], connection=connection)
    assert outcome.error is not None
    frames = [frame for frame, _ in traceback.walk_tb(outcome.error.__traceback__)]
    assert len(frames) > 2, "where it happened is still told"
    assert not any(frame.f_locals for frame in frames[1:])


def test_the_caller_decides_when_to_go_on_and_to_stop(
    connection: Connection, opener: Counting, pictures: list[Path], tmp_path: Path
) -> None:
    taken: list[Path] = []

    def offer() -> Iterator[Task]:
        for task in tasks(pictures, tmp_path):
            taken.append(task.source)
            yield task

    before = files(tmp_path)
    with contextlib.closing(cut_many(offer(), connection=connection)) as outcomes:
        assert taken == []
        next(outcomes)
        assert taken == pictures[:1]
        next(outcomes)
    assert taken == pictures[:2]
    assert files(tmp_path) - before == {"out-in-0.png", "out-in-1.png"}


@pytest.mark.parametrize("stage", ["reading", "coarse", "tiles", "writing"])
def test_an_interrupt_leaves_nothing(
    connection: Connection, pictures: list[Path], tmp_path: Path, stage: str
) -> None:
    def interrupt(now: str, done: int, total: int) -> None:
        if now == stage and not done == total == 1:
            raise KeyboardInterrupt

    before = files(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        list(cut_many(tasks(pictures, tmp_path), connection=connection, progress=interrupt))
    assert files(tmp_path) == before
    again = list(cut_many(tasks(pictures[:1], tmp_path), connection=connection))
    assert again[0].unwrap().output.exists(), "the connection is as good as before"


def test_every_layer_is_reported(connection: Connection, tmp_path: Path) -> None:
    from psd_tools import PSDImage

    source = tmp_path / "two.psd"
    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    for number, (width, height) in enumerate([(300, 200), (120, 90)]):
        disc = Image.fromarray(noisy_disc(width, height, number))
        document.append(document.create_pixel_layer(disc, name=f"Disc {number}", top=9, left=9))
    document.save(source)
    options = CutOptions("mask", all_layers=True, model="fake")
    result = cut(source, tmp_path / "out.psd", options, connection=connection)
    assert [(one.path, one.width, one.height) for one in result.layers] == [
        ("Disc 1", 120, 90),
        ("Disc 0", 300, 200),
    ]
    for one in result.layers:
        box = one.outcome.subject
        assert box is not None
        assert box.x + box.width <= one.width and box.y + box.height <= one.height
    assert result.outcome == result.layers[0].outcome
    assert (result.layer_path, result.width, result.height) == ("Disc 1", 120, 90)
    for name in ("layer_bytes", "uploaded_bytes", "tiles_total", "tiles_sent"):
        assert getattr(result, name) == sum(getattr(one, name) for one in result.layers)


def test_a_lost_server_is_replaced(pictures: list[Path], tmp_path: Path) -> None:
    """The first is killed between two tasks, the second while tiles travel."""
    servers = [start_server(tmp_path / f"home-{number}") for number in range(3)]
    left = list(servers)
    opener = Counting(lambda: left[0].connect())

    def kill() -> None:
        if len(left) > 1:
            stop_server(left.pop(0))

    def progress(stage: str, done: int, total: int) -> None:
        if stage == "tiles" and len(left) == 2:
            kill()

    try:
        with Connection(ServerChoice(), opener) as connection:
            outcomes = cut_many(tasks(pictures, tmp_path), connection=connection, progress=progress)
            done: list[TaskOutcome] = []
            for outcome in outcomes:
                done.append(outcome)
                kill()
        alphas = [np.asarray(Image.open(outcome.unwrap().output)) for outcome in done]
    finally:
        for server in servers:
            stop_server(server)
    assert [alpha.shape[1] for alpha in alphas] == [500, 600, 700]
    assert all(0 < (alpha == 255).mean() < 1 for alpha in alphas)
    assert opener.opened == opener.closed == 3


def test_a_server_that_comes_back_later_costs_one_task(
    server: Server, pictures: list[Path], tmp_path: Path
) -> None:
    absent = [True]

    def open_or_fail() -> object:
        if absent:
            raise NoServer("No server answers.")
        return server.connect()

    with Connection(ServerChoice(), Counting(open_or_fail)) as connection:  # type: ignore[arg-type]
        outcomes = cut_many(tasks(pictures[:2], tmp_path), connection=connection)
        assert isinstance(next(outcomes).error, NoServer)
        absent.clear()
        assert next(outcomes).unwrap().width == 600


def test_an_address_where_nobody_listens_is_told_once_a_task(
    pictures: list[Path], tmp_path: Path
) -> None:
    options = CutOptions("matte", server=ServerChoice("127.0.0.1:9"))
    given = [Task(path, tmp_path / f"{path.stem}-out.png", options) for path in pictures[:2]]
    for outcome in cut_many(given):
        assert isinstance(outcome.error, NoServer)
        assert "No server answers at 127.0.0.1:9" in str(outcome.error)

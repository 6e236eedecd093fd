"""Several documents at a time: the same files, told in order, bounded, and called off whole."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from serving import Server, noisy_disc, start_server, stop_server
from waiting import wait_until

from frisket.documents import DocumentError
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.many import cut, cut_many
from frisket.jobs.matting import Progress
from frisket.jobs.overlap import CalledOff, Overlap, Room
from frisket.jobs.task import CutOptions, Task


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(tmp_path_factory.mktemp("home"))
    yield running
    stop_server(running)


@pytest.fixture
def options(server: Server, tmp_path: Path) -> CutOptions:
    token = tmp_path / "token"
    token.write_text(server.address.token)
    token.chmod(0o600)
    return CutOptions("matte", model="fake", server=ServerChoice(server.address.target, token))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.is_file()}


def test_the_files_are_the_same_and_told_in_order(
    server: Server, options: CutOptions, pictures: list[Path], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG no more")
    sources = [pictures[2], broken, *pictures]
    given = [Task(path, tmp_path / f"out-{n}.png", options) for n, path in enumerate(sources)]
    outcomes = list(cut_many(given, jobs=3))
    assert [outcome.task for outcome in outcomes] == given
    assert isinstance(outcomes[1].error, DocumentError)
    with Connection(options.server) as connection:
        for number, path in ((0, pictures[2]), (2, pictures[0]), (3, pictures[1])):
            alone = cut(path, tmp_path / "alone.png", options, connection=connection)
            beside = outcomes[number].unwrap().output
            assert beside.read_bytes() == alone.output.read_bytes()


def test_an_interrupt_leaves_no_part(
    options: CutOptions, pictures: list[Path], tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    Image.fromarray(noisy_disc(3000, 2000)).save(large, compress_level=1)
    before = files(tmp_path)

    def interrupt(stage: str, done: int, total: int) -> None:
        if stage == "tiles":
            raise KeyboardInterrupt

    given = [Task(path, tmp_path / f"out-{path.stem}.png", options) for path in (large, *pictures)]
    with pytest.raises(KeyboardInterrupt):
        list(cut_many(given, jobs=3, progress=interrupt))
    made = files(tmp_path) - before
    assert made <= {f"out-{path.stem}.png" for path in pictures}, "nothing hidden is left"
    for name in made:
        Image.open(tmp_path / name).load()


def test_who_stops_asking_calls_off_what_is_at_work(
    options: CutOptions, pictures: list[Path], tmp_path: Path
) -> None:
    taken: list[Path] = []

    def offer() -> Iterator[Task]:
        for number in range(30):
            taken.append(pictures[number % 3])
            yield Task(taken[-1], tmp_path / f"out-{number}.png", options)

    with contextlib.closing(cut_many(offer(), jobs=3)) as outcomes:
        next(outcomes)
    assert len(taken) <= 4, "no more is begun than there are lanes"
    assert not [name for name in files(tmp_path) if name.startswith(".")]


def test_a_connection_is_shared_by_no_two(pictures: list[Path]) -> None:
    with pytest.raises(ValueError, match="share one connection"):
        cut_many([], connection=Connection(ServerChoice()), jobs=2)


def test_progress_is_that_of_the_next_outcome() -> None:
    seen: list[str] = []
    others_said = threading.Barrier(2)

    def do(name: str, progress: Progress) -> Iterator[str]:
        if name == "second":
            progress(name, 0, 1)
            others_said.wait(30)
        else:
            others_said.wait(30)
            progress(name, 0, 1)
        yield name

    overlap = Overlap(["first", "second"], [do, do], lambda stage, done, total: seen.append(stage))
    assert list(overlap.outcomes()) == ["first", "second"]
    assert seen == ["first"]


def test_what_offers_tasks_may_fail() -> None:
    def offer() -> Iterator[int]:
        yield 1
        raise OSError("the list is gone")

    overlap = Overlap(offer(), [lambda task, progress: [task]] * 2)
    outcomes = overlap.outcomes()
    assert next(outcomes) == 1
    with pytest.raises(OSError, match="the list is gone"):
        next(outcomes)


def test_a_task_may_have_several_outcomes_each_told_as_it_comes() -> None:
    told = threading.Event()

    def do(name: str, progress: Progress) -> Iterator[str]:
        yield f"{name}1"
        if name == "a":
            assert told.wait(30), "the first is told before there is a second"
        yield f"{name}2"

    seen = []
    for outcome in Overlap("abc", [do, do]).outcomes():
        seen.append(outcome)
        told.set()
    assert seen == ["a1", "a2", "b1", "b2", "c1", "c2"]


def test_what_need_not_wait_is_told_at_once() -> None:
    """Also what others have to tell; the first task ends when the rest has been told."""
    told = threading.Event()

    def do(name: str, progress: Progress) -> Iterator[str]:
        if name == "slow":
            assert told.wait(30)
        yield name

    overlap = Overlap(["slow", "b", "c"], [do, do], in_order=False)
    overlap.tell("before")
    outcomes = overlap.outcomes()
    seen = [next(outcomes) for _ in range(3)]
    overlap.tell("between")
    seen.append(next(outcomes))
    told.set()
    seen += outcomes
    assert seen[0] == "before" and seen[3:] == ["between", "slow"]
    assert set(seen[1:3]) == {"b", "c"}


class TestRoom:
    def test_the_bound_is_kept_and_the_first_comes_first(self) -> None:
        room, order = Room(100), list[str]()

        def work(name: str, pixels: int) -> None:
            with room.take(pixels):
                order.append(name)

        with room.take(60):
            large = threading.Thread(target=work, args=("large", 1000))
            large.start()
            wait_until(lambda: room.waiting == 1, "the large one waits")
            small = threading.Thread(target=work, args=("small", 10))
            small.start()
            wait_until(lambda: room.waiting == 2, "the small one does not pass it")
            assert order == []
        large.join(30)
        small.join(30)
        assert order == ["large", "small"]

    def test_a_closed_room_lets_nobody_wait(self) -> None:
        room, ends = Room(10), list[type[BaseException]]()

        def work() -> None:
            try:
                with room.take(5):
                    pass
            except CalledOff as error:
                ends.append(type(error))

        with room.take(10):
            waiting = threading.Thread(target=work)
            waiting.start()
            wait_until(lambda: room.waiting == 1, "somebody waits")
            room.close()
            waiting.join(30)
        assert ends == [CalledOff]

"""Places, fates, the queue and the pace: decided without any server."""

from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.errors import NoServer, transport_error
from frisket.documents import (
    LayerNotFound,
    OutputError,
    PlaceError,
    UnreadableDocument,
    UnsupportedDocument,
)
from frisket.jobs.batch.events import word_retry
from frisket.jobs.batch.fates import Fate, judge
from frisket.jobs.batch.pace import Pace
from frisket.jobs.batch.place import read_place
from frisket.jobs.batch.workqueue import Item, WorkQueue
from frisket.jobs.hint_files import BadHint
from frisket.jobs.inputs import find_tree
from frisket.jobs.names import BadName
from frisket.jobs.task import CutOptions, NoSubject, Task

OLD = (1e9, 1e9)


@pytest.fixture
def task(tmp_path: Path) -> Task:
    """A task whose input is a file that nobody is writing any more."""
    source = tmp_path / "in.png"
    source.write_bytes(b"")
    os.utime(source, OLD)
    return Task(source, tmp_path / "out.png")


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "fate"),
    [
        (NoSubject("nothing"), Fate.EMPTY),
        (BadHint("outside"), Fate.OWN),
        (LayerNotFound("in.psd", "x", []), Fate.OWN),
        (UnsupportedDocument("in.pcx", "unknown"), Fate.OWN),
        (UnreadableDocument("in.png", "truncated"), Fate.OWN),
        (caused(UnreadableDocument("in.png", "lost"), OSError(errno.EIO, "")), Fate.AGAIN),
        (OutputError("out.gif", "a cutout is not written as .gif"), Fate.OWN),
        (PlaceError("out.png", "the disk is full"), Fate.SHARED),
        (OSError(errno.ENOSPC, "No space left"), Fate.SHARED),
        (OSError(errno.EIO, "Input/output error"), Fate.AGAIN),
        (MemoryError(), Fate.AGAIN),
        (NoServer("none answers"), Fate.SHARED),
        (transport_error("UNAVAILABLE", "DRAINING", ""), Fate.SHARED),
        (transport_error("RESOURCE_EXHAUSTED", "BUSY", ""), Fate.AGAIN),
        (transport_error("RESOURCE_EXHAUSTED", "TOO_LARGE", ""), Fate.OWN),
        (transport_error("INVALID_ARGUMENT", "BAD_CLASS", ""), Fate.OWN),
        (transport_error("NOT_FOUND", "UNKNOWN_MODEL", ""), Fate.HOPELESS),
        (transport_error("UNAUTHENTICATED", "BAD_TOKEN", ""), Fate.HOPELESS),
        (transport_error("INTERNAL", "MODEL_FAILED", ""), Fate.AGAIN),
    ],
)
def test_what_an_error_means(task: Task, error: Exception, fate: Fate) -> None:
    assert judge(error, task) is fate


def test_a_file_that_is_being_written_and_one_that_is_gone(task: Task) -> None:
    error = UnreadableDocument(task.source, "truncated")
    os.utime(task.source)
    assert judge(error, task) is Fate.AGAIN
    task.source.unlink()
    assert judge(error, task) is Fate.OWN
    lost = Task(task.source.parent / "share" / "in.png", task.output)
    assert judge(error, lost) is Fate.SHARED


def test_where_results_and_journal_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = read_place("out")
    assert (place.base, place.journal) == (Path("out"), Path("out/.frisket"))
    assert place.template.fill({"sub": "a", "stem": "b", "kind": "matte", "ext": "png"}) == Path(
        "out/a/b-matte.png"
    )
    place = read_place("RUN.zip")
    assert (place.base, place.archive) == (Path("RUN"), Path("RUN.zip"))
    place = read_place("out/x-{stem}.{ext}")
    assert (place.base, place.journal) == (Path("out"), Path("out/.frisket"))
    place = read_place("out {{1}}/x{{-{stem}.{ext}")
    assert (place.base, place.journal) == (Path("out {1}"), Path("out {1}/.frisket"))
    assert place.template.fill({"stem": "b", "ext": "png"}) == Path("out {1}/x{-b.png")
    assert read_place("{dir}/{stem}.{ext}", Path("j")).journal == Path("j")
    with pytest.raises(BadName, match="--journal FOLDER"):
        read_place("{dir}/{stem}.{ext}")
    with pytest.raises(BadName, match="names one file"):
        read_place("out.tif")


def test_a_queue_waits_for_what_is_due_and_for_what_is_at_work() -> None:
    task = Task(Path("a"), Path("b"))
    queue = WorkQueue()
    queue.put([Item(0, 1, task), Item(time.time() + 0.2, 2, task)])
    queue.close()
    assert rows_of(queue.take()) == [1]
    queue.finish(Item(0, 3, task, attempts=1))
    assert [rows_of(queue.take()), rows_of(queue.take())] == [[3], [2]]
    taken: list[list[Item]] = []
    waiting = threading.Thread(target=lambda: taken.append(queue.take()))
    waiting.start()
    queue.finish(Item(0, 4, task))
    waiting.join(5)
    assert list(map(rows_of, taken)) == [[4]]
    queue.finish()
    queue.finish()
    assert queue.take() == []


def rows_of(items: list[Item]) -> list[int]:
    return [item.row for item in items]


def test_a_queue_hands_out_together_what_shares_a_matte() -> None:
    matte, cutout = CutOptions("matte"), CutOptions("cutout")
    high = CutOptions("cutout", quality="high")
    queue = WorkQueue()
    given = [("a", matte), ("a", cutout), ("a", high), ("b", matte), ("c", matte)]
    now = time.time()
    queue.put(
        Item(0 if name < "c" else now + 60, row, Task(Path(name), Path(str(row)), options))
        for row, (name, options) in enumerate(given)
    )
    queue.put([Item(now + 60, 9, Task(Path("c"), Path("9"), cutout))])
    assert [rows_of(queue.take()) for _ in range(3)] == [[0, 1], [2], [3]]
    queue.close()
    for _ in range(4):
        queue.finish()
    queue.stop()
    assert queue.take() == []


def test_a_stopped_queue_hands_nothing_out() -> None:
    queue = WorkQueue()
    queue.put([Item(time.time() + 60, 1, Task(Path("a"), Path("b")))])
    taken: list[list[Item]] = []
    waiting = threading.Thread(target=lambda: taken.append(queue.take()))
    waiting.start()
    queue.stop()
    waiting.join(5)
    assert taken == [[]]


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30))
def test_the_time_left_is_never_negative_and_ends_at_nothing(sizes: list[int]) -> None:
    pace = Pace()
    for size in sizes:
        pace.expect(size)
    assert pace.seconds_left() is None
    for size in sizes:
        pace.count(size, 1.0)
        left = pace.seconds_left()
        assert left is None or left >= 0
    assert pace.done == pace.total


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_a_tree_has_each_file_once(tmp_path: Path) -> None:
    (tmp_path / "in" / "more").mkdir(parents=True)
    (tmp_path / "in" / ".hidden").mkdir()
    (tmp_path / "in" / "out").mkdir()
    for name in ("b.png", "a.png", "more/c.png", ".hidden/d.png", "out/e.png"):
        (tmp_path / "in" / name).touch()
    (tmp_path / "in" / "more" / "back").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "again.png").symlink_to(tmp_path / "in" / "more" / "c.png")
    found = find_tree([str(tmp_path / "in")], tmp_path / "in" / "out")
    told = [(one.path.name, one.below) for one in found]
    assert told == [("a.png", ""), ("again.png", ""), ("b.png", "")], "c.png is again.png"


@pytest.mark.parametrize("error", ["a.png: cannot be read (permission denied)", "It ends early."])
def test_a_retry_is_a_sentence_of_its_own(error: str) -> None:
    assert word_retry(error) == f"{error.rstrip('.')}. It is tried again."
    assert ".." not in word_retry(error)


@pytest.mark.parametrize(
    "name", [f"{'x' * 300}/a.png", f"{'x/' * 900}{'y' * 3000}/a.png", "file/a.png"]
)
def test_a_folder_s_name_is_its_own_fault_and_a_lost_place_everyone_s(
    tmp_path: Path, task: Task, name: str
) -> None:
    place = read_place(str(tmp_path / "out"))
    place.make()
    (place.base / "file").touch()
    with pytest.raises(OutputError, match="the folder cannot be made") as caught:
        place.make_folder(place.base / name)
    assert judge(caught.value, task) is Fate.OWN
    (place.base / "file").unlink()
    place.base.rmdir()
    with pytest.raises(PlaceError, match="any more") as caught:
        place.make_folder(place.base / name)
    assert judge(caught.value, task) is Fate.SHARED

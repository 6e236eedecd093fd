"""A batch whose results are made by an engine: elsewhere, one by one, journal and names here."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from PIL import Image

from frisket import CutOptions
from frisket.client.errors import TransportError, transport_error
from frisket.cluster.errors import ClusterError, NodeLost, PackedError, pack_error
from frisket.cluster.ray_engine import RayEngine
from frisket.cluster.station import RemoteStation
from frisket.documents import OutputError, PlaceError, UnreadableDocument, UnsupportedDocument
from frisket.jobs import Batch
from frisket.jobs.batch.engine import LocalStation
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.run import Rules
from frisket.jobs.many import TaskOutcome
from frisket.jobs.matting import Progress
from frisket.jobs.task import NoSubject, Task


class Elsewhere:
    """Machines of a cluster: what they say travels, and at every third task one is lost."""

    def __init__(self) -> None:
        self.asked: list[Path] = []

    def open(self) -> ElsewhereStation:
        return ElsewhereStation(self.asked)


class ElsewhereStation:
    """One of those machines."""

    def __init__(self, asked: list[Path]) -> None:
        self._asked, self._remote = asked, RemoteStation(Path.cwd())

    def cut(self, tasks: Sequence[Task], _: Progress, /) -> Iterator[TaskOutcome]:
        self._asked.append(tasks[0].source)
        if len(self._asked) % 3 == 0:
            yield from (TaskOutcome(task, error=NodeLost("it was lost")) for task in tasks)
            return
        told = pickle.dumps(self._remote.cut(pickle.loads(pickle.dumps(tasks))))
        assert len(told) < 64 << 10, "no pixels travel"
        for task, found in zip(tasks, pickle.loads(told), strict=True):
            lost = isinstance(found, PackedError)
            yield TaskOutcome(task, **({"error": found.unpack()} if lost else {"result": found}))

    def close(self) -> None:
        self._remote.close()


@pytest.mark.parametrize(
    "error",
    [
        transport_error("NOT_FOUND", "UNKNOWN_MODEL", "no such model.", "0123456789abcdef", 1.5),
        UnreadableDocument("a.png", "cannot be read"),
        OutputError("b.png", "exists already", advice="name another place"),
        NoSubject("nothing there"),
        OSError(28, "No space left on device", "c.png"),
    ],
)
def test_an_error_arrives_as_it_was(error: Exception) -> None:
    packed = pickle.loads(pickle.dumps(pack_error(error)))
    assert isinstance(packed, PackedError)
    found = packed.unpack()
    assert (type(found), str(found), vars(found)) == (type(error), str(error), vars(error))
    if isinstance(error, OSError):
        assert (found.errno, found.filename) == (28, "c.png")  # type: ignore[attr-defined]
    if isinstance(error, TransportError):
        assert found.retry_s == 1.5  # type: ignore[attr-defined]


def test_a_lost_machine_costs_one_result_and_nothing_is_done_twice(work: Path) -> None:
    Image.new("RGB", (300, 200)).save("in/dark.png")
    Path("in/damaged.png").write_bytes(b"nothing")
    os.utime("in/damaged.png", (1, 1))
    engine, rules = Elsewhere(), Rules(jobs=1, delays_s=(0.01,), thumbnails=False)
    options = CutOptions("matte", model="fake")
    batch = Batch("in", "out", options, rules=rules, engine=engine)
    ends = {one.source.name: one.error for one in batch}
    assert [name for name, error in ends.items() if error] == ["damaged.png"]
    assert isinstance(ends["damaged.png"], UnsupportedDocument)
    assert len(engine.asked) == 7, "two machines were lost, and what they did was done again"
    list(Batch("in", "here", options, rules=rules))
    for file in Path("here").rglob("*.png"):
        assert Path("out", file.relative_to("here")).read_bytes() == file.read_bytes()
    assert list(Batch("in", "out", options, rules=rules, engine=engine)) == []
    assert not list(Path("out").rglob(".frisket-*")), "nothing half-written is left"


def test_without_ray_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ClusterError, match=r"\[ray\]"):
        RayEngine()


class Losing:
    """An engine whose results have no place any more when the first of them is made."""

    def __init__(self, error: Exception | None) -> None:
        self._error = error

    def open(self) -> LosingStation:
        return LosingStation(self._error)


class LosingStation(LocalStation):
    """One of its stations; what it makes, or how it fails, comes after the loss."""

    def __init__(self, error: Exception | None) -> None:
        super().__init__()
        self._error = error

    def cut(
        self, tasks: Sequence[Task], progress: Progress = lambda *told: None, /
    ) -> Iterator[TaskOutcome]:
        outcomes = list(super().cut(tasks, progress))
        if not Path("away").exists():
            Path("out").rename("away")
        for outcome in outcomes:
            yield outcome if self._error is None else TaskOutcome(outcome.task, error=self._error)


@pytest.mark.parametrize("error", [None, OutputError("b.png", "cannot be read again")])
def test_a_share_that_goes_while_a_result_is_made_is_no_file_s_fault(
    work: Path, error: Exception | None
) -> None:
    rules = Rules(jobs=1, delays_s=(0.01,), patience_s=0.1, thumbnails=False)
    options = CutOptions("matte", model="fake")
    batch = Batch("in", "out", options, rules=rules, engine=Losing(error), journal="journal")
    with pytest.raises(PlaceError, match="no folder out any more"):
        list(batch)
    with Journal.open(Path("journal")) as journal:
        assert journal.counts().failed == 0
    Path("away").rename("out")
    assert all(done.error is None for done in Batch("in", "out", options, journal="journal"))

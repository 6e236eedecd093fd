"""`from frisket.jobs import Batch`: typed results, callbacks, and a run that can be stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frisket import BadOption, CutOptions
from frisket.jobs import Batch
from frisket.jobs.batch import events
from frisket.jobs.batch.agenda import Action
from frisket.jobs.batch.batch import Again
from frisket.jobs.batch.journal import Journal
from frisket.jobs.batch.run import Rules
from frisket.jobs.batch.states import JournalBusy, State


def test_results_events_thumbnails_and_a_second_run(work: Path) -> None:
    told: list[events.Event] = []
    choices = [CutOptions("matte", model="fake"), CutOptions("cutout", model="fake")]
    batch = Batch("in", "out", choices, listen=told.append)
    assert {step.action for step in batch.plan()} == {Action.CUT}
    assert all(step.planned.task.options.batch for step in batch.plan()), "nobody waits for it"
    assert not Path("out").exists(), "a plan writes nothing"
    done = list(batch)
    assert len(done) == batch.summary.written == 6
    assert {one.output.name for one in done if one.source.name == "a.jpg"} == {
        "a-matte.png", "a-cutout.png",
    }  # fmt: skip
    assert all(one.result and one.result.output == one.output for one in done)
    assert sum(isinstance(event, events.ArtifactWritten) for event in told) == 6
    assert isinstance(told[0], events.JobStarted) and isinstance(told[-1], events.Completed)
    with Journal.open(batch.place.journal) as journal:
        for row in journal.rows([State.DONE]):
            small = journal.thumbnail(row.id, 256, "original")
            assert small is not None and small.startswith(b"\xff\xd8")
            large = journal.thumbnail(row.id, 1024, "matte")
            assert (large is not None) == row.verdict.needs_review
    assert list(batch) == [] and batch.summary.kept == 6
    assert {step.action for step in batch.plan()} == {Action.KEEP}


def test_a_thumbnail_shows_the_matte(work: Path) -> None:
    Image.open("in/a.jpg").resize((1500, 1000)).save("in/a.png")
    [done] = Batch("in/a.png", "out", kind="matte", model="fake")
    with Journal.open(Path("out/.frisket")) as journal:
        [row] = journal.rows()
        data = journal.thumbnail(row.id, 256, "matte")
    assert data is not None
    Path("small.png").write_bytes(data)
    small = np.asarray(Image.open("small.png")).astype(int)
    assert small.shape == (171, 256)
    reduced = Image.open(done.output).resize((256, 171), Image.Resampling.BOX)
    assert np.abs(small - np.asarray(reduced)).mean() < 1, "in two steps, and as JPEG"


def test_it_can_be_stopped_from_a_callback_and_goes_on(work: Path) -> None:
    batch = Batch("in", "out", model="fake", rules=Rules(jobs=1))
    for _ in batch:
        batch.stop()
    left = batch.summary.waiting
    assert left >= 1, "what was at work when it was stopped is finished"
    assert batch.summary.written + left == 3
    assert len(list(batch)) == left


def test_whoever_stops_asking_leaves_nothing_half_done(work: Path) -> None:
    for _ in Batch("in", "out", model="fake"):
        break
    hidden = list(Path("out").rglob(".frisket-*"))
    assert hidden == []
    with Journal.open(Path("out/.frisket")) as journal:
        counts = journal.counts()
    assert (counts.running, counts.done + counts.waiting) == (0, 3)


def test_one_run_at_a_time(work: Path) -> None:
    first = iter(Batch("in", "out", model="fake"))
    next(first)
    with pytest.raises(JournalBusy, match="Another run"):
        list(Batch("in", "out", model="fake"))
    assert len(list(first)) == 2


def test_a_person_asks_again_with_other_options(work: Path) -> None:
    """What the review page does: reject, and let one result be made with an option changed."""
    [done] = Batch("in/a.jpg", "out", kind="matte", model="fake")
    soft = done.output.read_bytes()
    with Journal.open(Path("out/.frisket")) as journal:
        [row] = journal.rows()
        row = journal.amend(replace(row, verdict=replace(row.verdict, decision="rejected")))
        journal.ask_again([row.id], "a person wants a hard edge", {"threshold": "0.5"})

    def adjust(chosen: CutOptions, changed: dict[str, str]) -> CutOptions:
        return CutOptions("matte", model="fake", threshold=float(changed["threshold"]))

    [again] = Batch("in/a.jpg", "out", kind="matte", model="fake", adjust=adjust)
    assert again.output.read_bytes() != soft
    assert set(np.unique(Image.open(again.output))) == {0, 255}
    assert list(Batch("in/a.jpg", "out", kind="matte", model="fake")) == []


def test_what_makes_no_sense(work: Path) -> None:
    with pytest.raises(BadOption, match="either options or keywords"):
        Batch("in", "out", CutOptions(), kind="matte")
    with pytest.raises(BadOption, match="did you mean 'quality'"):
        Batch("in", "out", qualty="high")  # type: ignore[call-arg]
    with pytest.raises(BadOption, match="did you mean 'failed'"):
        Batch("in", "out", again=Again(redo=["faild"]))


def test_files_of_strangers_are_replaced_on_demand_alone(work: Path) -> None:
    output = Path("out/a-matte.png")
    output.parent.mkdir()
    output.write_bytes(b"a stranger's")
    [refused] = Batch("in/a.jpg", "out", kind="matte", model="fake")
    assert "exists already" in str(refused.error)
    assert output.read_bytes() == b"a stranger's"
    redo = Again(redo=["failed"])
    [done] = Batch("in/a.jpg", "out", kind="matte", model="fake", overwrite=True, again=redo)
    assert done.error is None
    assert Image.open(output).size == (300, 200)


def test_results_beside_inputs_of_the_working_folder(work: Path) -> None:
    batch = Batch(".", "{dir}/{stem}-x.{ext}", kind="matte", journal=work / "journal")
    assert [step.planned.task.output.name for step in batch.plan()] == [
        "a-x.png", "b-x.png", "c-x.png",
    ]  # fmt: skip

"""Several results of one document: read, looked at by the model and solved once for all of them."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import layered
from PIL import Image
from serving import noisy_disc

from frisket.client.options import Edge
from frisket.documents import OutputError
from frisket.jobs.connection import Connection, ServerChoice
from frisket.jobs.hint_files import HintFiles
from frisket.jobs.many import cut, cut_many
from frisket.jobs.names import Template, plan_tasks
from frisket.jobs.task import CutOptions, CutResult, NoSubject, Task, group_tasks, share_matte

from .conftest import Counting

MATTE = CutOptions("matte", model="fake")
SUFFIXES = {"comparison": ".jpg", "mask": ".psd", "alpha": ".tif", "page": ".tif"}


def plan(source: Path, folder: Path, *choices: CutOptions) -> list[Task]:
    named = [f"{n}-{one.kind}{SUFFIXES.get(one.kind, '.png')}" for n, one in enumerate(choices)]
    return [Task(source, folder / name, one) for name, one in zip(named, choices, strict=True)]


def cut_together(tasks: list[Task], connection: Connection) -> list[CutResult]:
    [group] = group_tasks(tasks)
    return [outcome.unwrap() for outcome in cut_many([group], connection=connection)]


def check_bytes(results: list[CutResult], tasks: list[Task], connection: Connection) -> None:
    """Each is what it would be by itself."""
    for result, task in zip(results, tasks, strict=True):
        alone = task.output.with_name(f"alone-{task.output.name}")
        cut(task.source, alone, task.options, connection=connection)
        assert result.output.read_bytes() == alone.read_bytes(), task.options.kind


@pytest.mark.parametrize("quality", ["draft", "standard", "high"])
def test_one_matte_serves_all_that_show_it(
    connection: Connection, opener: Counting, pictures: list[Path], tmp_path: Path, quality: str
) -> None:
    base = CutOptions(model="fake", quality=quality)
    kinds = ("matte", "cutout", "comparison")
    choices = [replace(base, kind=kind) for kind in kinds]
    hard = replace(choices[0], threshold=0.5)
    tasks = plan(pictures[0], tmp_path, *choices, hard, replace(choices[1], decontaminate=False))
    results = cut_together(tasks, connection)
    assert opener.opened == 1
    assert len({result.call for result in results}) == 1, "one stream to the server"
    check_bytes(results, tasks, connection)


def test_another_depth_is_solved_anew_and_the_model_does_not_run_again(
    connection: Connection, pictures: list[Path], tmp_path: Path
) -> None:
    tasks = plan(
        pictures[0], tmp_path, MATTE, replace(MATTE, depth=16), replace(MATTE, kind="cutout")
    )
    results = cut_together(tasks, connection)
    assert results[0].call == results[2].call != results[1].call
    assert results[0].outcome.model_seconds > 0
    assert results[1].outcome.model_seconds == 0
    assert results[1].coarse == results[0].coarse
    check_bytes(results, tasks, connection)


def test_layers_of_a_document(connection: Connection, tmp_path: Path) -> None:
    source = layered(tmp_path / "in.psd")
    tasks = plan(source, tmp_path, *(replace(MATTE, kind=kind) for kind in ("mask", "cutout")))
    results = cut_together(tasks, connection)
    assert results[0].call == results[1].call
    check_bytes(results, tasks, connection)


def test_an_alpha_that_takes_the_place_of_another_is_found_without_it(
    connection: Connection, tmp_path: Path
) -> None:
    source = tmp_path / "in.tif"
    half = np.full((200, 300), 255, np.uint8)
    half[:, 150:] = 0
    Image.fromarray(np.dstack([noisy_disc(300, 200), half])).save(source)
    alpha = replace(MATTE, kind="alpha", existing="replace")
    tasks = plan(source, tmp_path, MATTE, alpha)
    results = cut_together(tasks, connection)
    assert results[0].call != results[1].call
    check_bytes(results, tasks, connection)


def test_one_that_fails_takes_none_with_it(
    connection: Connection, pictures: list[Path], tmp_path: Path
) -> None:
    taken = tmp_path / "0-matte.png"
    taken.write_bytes(b"mine")
    tasks = plan(pictures[0], tmp_path, MATTE, MATTE, MATTE)
    tasks[0] = replace(tasks[0], overwrite=False)
    tasks[1] = replace(tasks[1], output=tmp_path / "1.gif")
    [group] = group_tasks(tasks)
    outcomes = list(cut_many([group], connection=connection))
    assert [type(outcome.error) for outcome in outcomes] == [OutputError, OutputError, type(None)]
    assert taken.read_bytes() == b"mine"


def test_nothing_found_is_told_for_each(connection: Connection, tmp_path: Path) -> None:
    grey = tmp_path / "grey.png"
    Image.new("RGB", (300, 200), (128, 128, 128)).save(grey)
    nothing = replace(MATTE, model="classic")
    tasks = plan(grey, tmp_path, nothing, replace(nothing, allow_empty=True), nothing)
    [group] = group_tasks(tasks)
    errors = [type(outcome.error) for outcome in cut_many([group], connection=connection)]
    assert errors == [NoSubject, type(None), NoSubject]


def test_an_untrusted_document_is_tried_once(
    connection: Connection, pictures: list[Path], tmp_path: Path
) -> None:
    tried: list[Path] = []
    choices = [CutOptions(kind, model="fake", sandbox=True) for kind in ("matte", "cutout")]
    [group] = group_tasks(plan(pictures[0], tmp_path, *choices))
    rehearse = lambda source, *more, **named: tried.append(source)  # noqa: E731
    for outcome in cut_many([group], connection=connection, rehearse=rehearse):
        outcome.unwrap()
    assert tried == [pictures[0]]


OTHER: dict[str, Any] = {
    "kind": "cutout", "layers": ("a",), "all_layers": True, "encoding": "ascii", "model": "other",
    "classes": ("cat",), "quality": "high", "normalise": "auto", "edge": Edge(1.0), "depth": 16,
    "existing": "replace", "preview": "keep", "convert": True, "sandbox": True,
    "decontaminate": False, "allow_empty": True, "threshold": 0.5, "batch": True,
    "hints": HintFiles(((1, 2, 3, 4),)), "server": ServerChoice("127.0.0.1:1"),
}  # fmt: skip
WRITTEN = {
    "kind", "depth", "existing", "preview", "convert", "decontaminate", "allow_empty", "threshold",
    "outline", "cutline", "finish",
}  # fmt: skip


def test_what_only_says_how_it_is_written_shares_a_matte() -> None:
    task = Task(Path("a"), Path("b"), MATTE)
    for name, value in OTHER.items():
        other = Task(Path("a"), Path("c"), replace(MATTE, **{name: value}))
        assert share_matte(task, other) is (name in WRITTEN), name
    assert {one.name for one in fields(CutOptions)} == OTHER.keys() | WRITTEN
    assert not share_matte(task, replace(task, source=Path("other")))


def test_tasks_stay_in_their_order() -> None:
    tasks = [Task(Path(name), Path(f"{n}"), MATTE) for n, name in enumerate("aabacc")]
    groups = group_tasks(tasks)
    assert [[task.output.name for task in group] for group in groups] == [
        ["0", "1", "3"], ["2"], ["4", "5"],
    ]  # fmt: skip


def test_results_of_one_layer_follow_one_another(tmp_path: Path) -> None:
    from psd_tools import PSDImage

    source = tmp_path / "two.psd"
    document = PSDImage.new("RGB", (90, 60))
    for name in ("A", "B"):
        picture = Image.new("RGB", (40, 30))
        document.append(document.create_pixel_layer(picture, name=name))
    document.save(source)
    choices = [CutOptions(kind, all_layers=True) for kind in ("matte", "cutout")]
    tasks = plan_tasks([source], choices, Template(str(tmp_path / "{layer}-{kind}.{ext}")))
    names = [task.output.name for task in tasks]
    assert names == ["B-matte.png", "B-cutout.png", "A-matte.png", "A-cutout.png"]
    assert [len(group) for group in group_tasks(tasks)] == [2, 2]

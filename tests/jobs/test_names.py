"""Names of results: safe whatever a document says, and never one file for two results."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from frisket.jobs.inputs import Input
from frisket.jobs.names import (
    BadName,
    Template,
    beside,
    check_collisions,
    clean_name,
    plan_results,
    plan_tasks,
    spelt_out,
)
from frisket.jobs.task import CutOptions, Task


@given(st.text(max_size=400))
def test_a_name_from_a_document_is_one_part_of_a_path(name: str) -> None:
    clean = clean_name(name)
    assert Path(clean).name == clean and clean not in ("", ".", "..")
    assert not set(clean) & set('/\\:*?"<>|\0\n')
    assert not clean.startswith(".") and len(clean.encode()) <= 121
    assert clean_name(clean) == clean


@given(st.text(max_size=60).filter(lambda text: "\0" not in text and Path(text).name))
def test_a_path_that_is_spelt_out_stays(name: str) -> None:
    assert spelt_out(Path(name)).fill({"stem": "x"}) == Path(name)


@pytest.mark.parametrize("text", ["a\0b/{stem}.png", "a\0b", "\ud800{stem}.png"])
def test_what_no_system_takes_is_no_name(text: str) -> None:
    with pytest.raises(BadName, match="holds a character that no file's name has"):
        Template(text)
    task = Task(Path("x.png"), Path(text))
    with pytest.raises(BadName, match="can be no file's name"):
        check_collisions([task], derived=True)


def test_a_name_of_which_nothing_is_left_is_refused() -> None:
    source = Input(Path("x.png"), "")
    with pytest.raises(BadName, match="nothing is left of this name here"):
        plan_results(source, [CutOptions("matte")], Template("{sub}"))


@given(st.lists(st.sampled_from(["a.png", "b.png", "c.jpg", "a.jpg"]), unique=True))
def test_no_two_results_share_a_file(names: list[str]) -> None:
    sources = [Path("/nowhere") / name for name in names]
    try:
        tasks = plan_tasks(sources, [CutOptions("matte")], beside())
    except BadName:
        assert len({path.stem for path in sources}) < len(sources)
        return
    outputs = [task.output for task in tasks]
    assert len(set(outputs)) == len(outputs) == len(sources)
    assert not set(outputs) & set(sources)
    assert not any(task.overwrite for task in tasks)


def test_a_link_to_an_input_is_that_input(tmp_path: Path) -> None:
    source, link = tmp_path / "in.png", tmp_path / "link.png"
    Image.new("RGB", (8, 8)).save(source)
    link.symlink_to(source)
    template = Template(f"{tmp_path}/{{stem}}.png")
    with pytest.raises(BadName, match="would replace the input"):
        plan_tasks([link], [CutOptions("matte")], template, overwrite=True)


def test_classes_and_inputs_multiply(tmp_path: Path) -> None:
    options = CutOptions("matte", classes=("cat", "a/b"))
    tasks = plan_tasks([Path("x.png"), Path("y.png")], [options], Template("{stem}-{class}.tif"))
    assert [str(task.output) for task in tasks] == [
        "x-cat.tif", "x-a_b.tif", "y-cat.tif", "y-a_b.tif",
    ]  # fmt: skip
    assert [task.options.classes for task in tasks[:2]] == [("cat",), ("a/b",)]

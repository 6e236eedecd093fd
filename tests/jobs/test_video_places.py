"""What a run reads is never written over, and what is there already only when that is asked for."""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frisket.cli.video import _choose_output
from frisket.documents import OutputError
from frisket.jobs.hint_files import HintFiles
from frisket.jobs.video.options import VideoOptions
from frisket.jobs.video.places import check_output, list_present, name_picture, stamp_inputs
from frisket.jobs.video.source import open_source

OVER = VideoOptions("matte", overwrite=True)


def write_pictures(folder: Path, name: str = "shot.%04d.png", count: int = 4) -> Path:
    """Write small grey pictures with the numbers from 1; the pattern that names them."""
    folder.mkdir(exist_ok=True)
    for number in range(1, count + 1):
        write_grey(folder / (name % number), number)
    return folder / name


def write_grey(path: Path, level: int) -> Path:
    Image.fromarray(np.full((6, 8), level, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("asked", ["shot.%04d.png", "shot.*.png", ""])
def test_pictures_that_are_read_are_not_written_over(tmp_path: Path, asked: str) -> None:
    pattern = write_pictures(tmp_path / "in")
    source = open_source(pattern.parent / asked)
    with pytest.raises(OutputError, match=r"shot\.0001\.png: is read, and would be written over"):
        check_output(source, pattern, OVER)
    with pytest.raises(OutputError, match=r"shot\.0003\.png: is read"):
        check_output(source, pattern, replace(OVER, first=1, number=3))
    check_output(source, pattern, replace(OVER, number=5))
    check_output(source, pattern.with_name("matte.%04d.png"), OVER)


def test_a_link_to_the_folder_is_the_same_folder(tmp_path: Path) -> None:
    pattern = write_pictures(tmp_path / "in")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    with pytest.raises(OutputError, match="is read"):
        check_output(open_source(pattern), tmp_path / "link" / pattern.name, OVER)


def test_a_background_and_a_trimap_are_not_written_over(tmp_path: Path) -> None:
    source = open_source(write_pictures(tmp_path / "in"))
    behind = write_pictures(tmp_path / "behind", "b.%04d.png")
    with pytest.raises(OutputError, match="is read"):
        check_output(source, behind, VideoOptions(background=str(behind), overwrite=True))
    said = {0: HintFiles(trimap=behind.parent / "b.0002.png")}
    with pytest.raises(OutputError, match=r"b\.0002\.png: is read"):
        check_output(source, behind, replace(OVER, hints=said))


def test_every_picture_that_would_be_replaced_is_seen(tmp_path: Path) -> None:
    source = open_source(write_pictures(tmp_path / "in"))
    output = tmp_path / "m.%04d.png"
    for name in ("m.0003.png", "m.00003.png", "m.0005.png", "m.003.png", "n.0001.png"):
        write_grey(tmp_path / name, 9)
    assert list_present(source, output, OVER) == [tmp_path / "m.0003.png"]
    assert list_present(source, output, replace(OVER, last=2)) == []
    assert list_present(source, output, replace(OVER, number=5)) == [tmp_path / "m.0005.png"]
    assert list_present(source, tmp_path / "none" / "m.%04d.png", OVER) == []
    assert name_picture(source, output, replace(OVER, first=2, number=7), 3).name == "m.0008.png"


def test_numbers_are_those_of_the_pattern(tmp_path: Path) -> None:
    source = open_source(write_pictures(tmp_path / "in", "shot.%03d.v2.png"))
    assert [source.find_file(place).name for place in (0, 3)] == [  # type: ignore[union-attr]
        "shot.001.v2.png",
        "shot.004.v2.png",
    ]
    assert source.first_number == 1


def test_a_stamp_changes_with_each_file_that_is_read(tmp_path: Path) -> None:
    pattern = write_pictures(tmp_path / "in")
    behind, trimap = (write_grey(tmp_path / name, 3) for name in ("behind.png", "trimap.png"))
    wanted = VideoOptions(background=str(behind), hints={0: HintFiles(trimap=trimap)})
    stamps = {stamp_inputs(open_source(pattern), wanted)}
    for file in (pattern.with_name("shot.0002.png"), behind, trimap):
        os.utime(file, ns=(0, 0))
        stamps.add(stamp_inputs(open_source(pattern), wanted))
    assert len(stamps) == 4
    assert stamp_inputs(open_source(pattern), wanted) in stamps


def test_a_background_that_is_no_file_is_none_that_is_read(tmp_path: Path) -> None:
    source = open_source(write_pictures(tmp_path / "in"))
    stops = ", ".join(f"#{level:02x}0000 {level}%" for level in range(100))
    for background in ("white", f"linear-gradient({stops})"):
        assert stamp_inputs(source, VideoOptions(background=background)) == stamp_inputs(
            source, OVER
        )


def test_mp4_of_odd_sides_is_refused_before_any_work(tmp_path: Path) -> None:
    rgb = np.zeros((75, 101, 3), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "a.0001.png")
    source = open_source(tmp_path / "a.%04d.png")
    with pytest.raises(OutputError, match=r"odd sides, and these are 101 × 75 pixels; name a .mov"):
        check_output(source, tmp_path / "out.mp4", OVER)
    check_output(source, tmp_path / "out.mov", OVER)


@pytest.mark.parametrize(
    ("asked", "name"), [(".", "shot-cutout.mov"), ("../shot", "shot-cutout.mov")]
)
def test_a_folder_that_has_no_name_has_its_true_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, name: str
) -> None:
    (tmp_path / "shot").mkdir()
    monkeypatch.chdir(tmp_path / "shot")
    arguments = argparse.Namespace(output="", input=Path(asked))
    output = _choose_output(arguments, VideoOptions())
    assert output.resolve() == tmp_path / name

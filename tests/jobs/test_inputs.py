"""Which files a word means."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from frisket.documents import UnreadableDocument, open_document
from frisket.jobs.inputs import find_inputs, picture_suffixes


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_suffix_that_can_be_written_here_opens(tmp_path: Path) -> None:
    opened = set()
    for suffix in sorted(picture_suffixes() - {".psd", ".psb"}):
        format = Image.registered_extensions().get(suffix)
        if format not in Image.SAVE:
            continue
        path = tmp_path / f"in{suffix}"
        for mode in ("RGB", "L", "1"):
            try:
                Image.new(mode, (64, 48), 1).save(path, format)
                break
            except (OSError, ValueError):
                continue
        else:
            continue
        with open_document(path) as document:
            assert document.raster(document.find_layer(None)).proxy().size, suffix
        opened.add(suffix)
    assert {".png", ".jpg", ".jpeg", ".webp", ".tif", ".bmp", ".gif"} <= opened


def test_camera_raw_and_layers_count_as_pictures() -> None:
    assert {".psd", ".psb", ".tiff", ".dng", ".cr2"} <= picture_suffixes()
    assert not {".pdf", ".eps", ".txt", ".mpg", ""} & picture_suffixes()


def test_own_results_are_left_out_where_their_source_is(tmp_path: Path) -> None:
    touch(tmp_path, "a.psd", "a-mask.psd", "b-cutout.png", "c-matte.png", "c.JPG", ".d.png", "e")
    found = [path.name for path in find_inputs([str(tmp_path)])]
    assert found == ["a.psd", "b-cutout.png", "c.JPG"]
    found = [path.name for path in find_inputs([f"{tmp_path}/*.p*"])]
    assert found == ["a.psd", "b-cutout.png", "c-matte.png"]


def test_folders_below_are_reached_by_a_glob_only(tmp_path: Path) -> None:
    touch(tmp_path, "a.png")
    touch(tmp_path / "below", "b.png")
    assert [path.name for path in find_inputs([str(tmp_path)])] == ["a.png"]
    names = {path.name for path in find_inputs([f"{tmp_path}/**/*.png"])}
    assert names == {"a.png", "b.png"}


def test_a_name_with_the_signs_of_a_glob_is_itself(tmp_path: Path) -> None:
    touch(tmp_path, "a[1].png", "a1.png")
    assert [path.name for path in find_inputs([f"{tmp_path}/a[1].png"])] == ["a[1].png"]


def test_the_users_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    touch(tmp_path, "a.png")
    assert find_inputs(["~/a.png", "~/*.png"]) == [tmp_path / "a.png"]
    monkeypatch.chdir(tmp_path)
    touch(tmp_path, "~x.png")
    assert find_inputs(["~x.png"]) == [Path("~x.png")]


def test_nothing_found_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "notes.txt")
    with pytest.raises(UnreadableDocument, match="holds no picture"):
        find_inputs([str(tmp_path)])
    with pytest.raises(UnreadableDocument, match="no file matches"):
        find_inputs([f"{tmp_path}/*.png"])
    assert find_inputs([str(tmp_path / "gone.png")]) == [tmp_path / "gone.png"]

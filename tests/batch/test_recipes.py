"""Recipes: checked whole, with line and suggestion, and never different from the options."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from frisket.cli.batch_options import BATCH_OPTIONS
from frisket.cli.cut_options import CUT_OPTIONS
from frisket.cli.main import main
from frisket.cli.parser import UsageError
from frisket.cli.recipe_file import read_recipe
from frisket.cli.recipe_options import RECIPE_OPTIONS
from frisket.cli.recipe_schema import make_schema

ROOT = Path(__file__).resolve().parents[2]


def write(folder: Path, text: str) -> Path:
    file = folder / "shop.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_every_option_of_cut_is_one_of_batch_and_its_shaping_ones_of_recipes() -> None:
    batch = {row.name for row in BATCH_OPTIONS}
    assert {row.name for row in CUT_OPTIONS} <= batch
    spoken = {"json", "quiet", "verbose", "no-progress", "open"}
    assert {row.name for row in CUT_OPTIONS} - spoken <= set(RECIPE_OPTIONS)


def test_values_as_the_command_line_has_them(home: Path, tmp_path: Path) -> None:
    (tmp_path / "trimap.png").write_bytes(b"")
    values = read_recipe(
        write(
            tmp_path,
            'as = ["matte", "cutout"]\nlayer = "Person*"\nclasses = ["person", "dog"]\n'
            "shift = -0.5\ndepth = 16\nall-layers = false\nbox = [[1, 2, 30, 40], '5,6,7,8']\n"
            'point = ["-3,4"]\ntrimap = "trimap.png"\nthreshold = 0.5\n',
        )
    ).require()
    assert values == {
        "as": ["matte", "cutout"], "layer": ["Person*"], "classes": ("person", "dog"),
        "shift": -0.5, "depth": 16, "all-layers": False, "box": [(1, 2, 30, 40), (5, 6, 7, 8)],
        "point": [(3, 4, False)], "trimap": tmp_path / "trimap.png", "threshold": 0.5,
    }  # fmt: skip


def test_files_are_looked_for_in_the_recipe_s_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("shop", "elsewhere"):
        (tmp_path / folder).mkdir()
    for name in ("beach.png", "print.icc", "trimap.png"):
        (tmp_path / "shop" / name).write_bytes(b"")
    text = 'background = "./beach.png"\nicc = "print.icc"\ntrimap = "trimap.png"\n'
    file = write(tmp_path / "shop", text)
    monkeypatch.chdir(tmp_path / "elsewhere")
    values = read_recipe(file).require()
    found = [values["background"].path, values["icc"], values["trimap"]]
    assert found == [tmp_path / "shop" / name for name in ("beach.png", "print.icc", "trimap.png")]
    write(tmp_path / "shop", 'background = "white"\nicc = "srgb"\n')
    assert read_recipe(file).faults == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('\n\nqualitty = "high"', "line 3: qualitty: there is no such option; did you mean 'qual"),
        ('quality = "hihg"', "line 1: quality: 'hihg' is not possible; did you mean 'high'?"),
        ("# shift\nshift = 900", "line 2: shift: '900' does not lie between"),
        ("all-layers = 1", "line 1: all-layers is true or false, not 1"),
        ("depth = [8]", "depth is a text or a number"),
        ("[edge]\nshift = 1", "line 1: edge: there is no such option"),
        ('as = "matt"', "as: 'matt' is not possible; did you mean 'matte'?"),
        ('trimap = "gone.png"', "trimap: there is no file"),
        ('trimap = "file://elsewhere/x.png"', "line 1: trimap: 'file://elsewhere/x.png' names a"),
        ('background = "gone.png"', "line 1: background: there is no file"),
        ('icc = "gone.icc"', "line 1: icc: there is no file"),
        ('output = "out/{name}.png"', "{name} is no placeholder"),
        ('output = "out.png"', "names one file"),
        ('output = "a\\u0000b/{stem}.png"', "output: 'a\\x00b/{stem}.png' holds a character that"),
        ('output = "a\\u0000b"', "holds a character that no file's name has"),
        ("force = true", "force: there is no such option"),
        ("box = [1, 2, 3, 4]", "line 1: box: '1' is not X,Y,W,H"),
    ],
)
def test_a_fault_is_named_with_its_line(home: Path, tmp_path: Path, text: str, said: str) -> None:
    recipe = read_recipe(write(tmp_path, text))
    assert any(said in fault for fault in recipe.faults), recipe.faults
    with pytest.raises(UsageError):
        recipe.require()


def test_every_fault_is_told_before_anything_runs(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path, 'modle = "x"\nquality = "hihg"\nsmooth = "much"\n')
    assert main(["recipe", "check", str(file)]) == 2
    said = capsys.readouterr().err.splitlines()
    assert [re.search(r"line (\d)", line)[1] for line in said] == ["1", "2", "3"]  # type: ignore[index]
    assert main(["batch", str(tmp_path), "-o", str(tmp_path / "out"), "--recipe", str(file)]) == 2
    assert "2 more: frisket recipe check" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_is_no_recipe(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["recipe", "check", str(tmp_path / "gone.toml")]) == 2
    assert "There is no recipe" in capsys.readouterr().err
    assert main(["recipe", "check", str(write(tmp_path, "quality = \n"))]) == 2
    assert "not valid TOML" in capsys.readouterr().err
    assert main(["recipe", "check", str(tmp_path)]) == 2


def test_a_new_recipe_is_good_and_names_every_option(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.toml"
    assert main(["recipe", "new", str(file)]) == 0
    assert main(["recipe", "check", str(file)]) == 0
    assert main(["recipe", "new", str(file)]) == 5, "nothing is overwritten"
    text = file.read_text(encoding="utf-8")
    for name in RECIPE_OPTIONS:
        assert f"\n# {name} = " in text
    for name in ("trimap.png", "selection.png", "token", "ca.pem", "cert.pem", "key.pem"):
        (tmp_path / name).write_bytes(b"")
    everything = re.sub(r"^# ([a-z-]+ = )", r"\1", text, flags=re.MULTILINE)
    # No package adds steps here, a canvas is no crop, and white is no picture and not generated.
    others = ("background-fit", "background-offset", "generator")
    for name in ("step", "crop", "aspect", "min-resolution", *others):
        everything = re.sub(rf"^{name} = .*\n", "", everything, flags=re.MULTILINE)
    assert read_recipe(write(tmp_path, everything)).faults == ()
    capsys.readouterr()


def test_show_tells_values_and_where_they_come_from(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_QUALITY", "draft")
    file = write(tmp_path, "shift = 2\n")
    assert main(["recipe", "show", str(file)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "shift = 2.0  # recipe" in lines
    assert 'quality = "draft"  # FRISKET_QUALITY' in lines
    assert f'model = "fake"  # {home / "config.toml"}' in lines
    assert "depth = 8  # default" in lines
    assert main(["recipe", "show", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["options"]["shift"] == 2


def test_the_identity_of_a_recipe_is_of_what_shapes_results(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def identify(text: str) -> list[str]:
        assert main(["recipe", "show", str(write(tmp_path, text)), "--json"]) == 0
        identities: list[str] = json.loads(capsys.readouterr().out)["identities"]
        return identities

    assert identify("jobs = 1\nserver = 'a:1'\nno-sandbox = true") == identify("depth = 8")
    assert identify("shift = 1") != identify("shift = 2")
    hint = tmp_path / "trimap.png"
    hint.write_bytes(b"one")
    before = identify('trimap = "trimap.png"')
    hint.write_bytes(b"two")
    assert identify('trimap = "trimap.png"') != before, "a hint counts by its bytes"


def test_the_schema_is_fresh_and_knows_ranges_and_choices() -> None:
    script = ROOT / "scripts" / "generate_recipe_schema.py"
    assert subprocess.run([sys.executable, script, "--check"]).returncode == 0
    known = make_schema()["properties"]
    assert set(known) == set(RECIPE_OPTIONS)
    assert known["quality"]["enum"] == ["draft", "standard", "high", "best"]
    assert known["shift"]["minimum"] < 0 < known["shift"]["maximum"]
    assert known["threshold"]["exclusiveMinimum"] == 0
    assert known["as"]["anyOf"][1]["type"] == "array"
    assert make_schema()["additionalProperties"] is False

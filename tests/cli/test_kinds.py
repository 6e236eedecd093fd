"""An option that does not go with a kind of result: it is named, and what to do is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from frisket import BadOption, outline
from frisket.cli import cut, finish
from frisket.cli.cut_options import CUT_OPTIONS
from frisket.cli.exits import Exit
from frisket.cli.kinds import CUT_USES, FINISH_USES, check_kinds
from frisket.cli.main import main
from frisket.cli.options import Option
from frisket.cli.parser import UsageError
from frisket.cli.settings import fill
from frisket.jobs.deliver import DELIVERIES
from frisket.jobs.keywords import CutKeywords, read_keywords

_APART = ("output", "as", "quiet", "json", "no-progress", "step")  # nobody adds a step here
_VALUES = {
    "matte": "matte.png", "layer": "Image", "encoding": "utf-8", "generator": "default:seed=1",
    "min-resolution": "40", "shift": "3", "feather": "2", "path-name": "Cup", "tolerance": "1",
    "inset": "1", "speck": "9", "max-knots": "900", "offset": "1mm", "bleed": "1mm", "safe": "1mm",
    "spot": "KissCut", "gap": "2mm", "copies": "2", "existing": "replace", "threshold": "0.4",
}  # fmt: skip
_CHOICES = [one for one in finish.ROWS if one.name not in _APART]
_CUT_CHOICES = [one for one in CUT_OPTIONS if one.attribute in CUT_USES and one.name not in _APART]


def write_out(row: Option) -> list[str]:
    """Return an option as it is typed."""
    if row.is_switch:
        return [f"--{row.name}"]
    return [f"--{row.name}", _VALUES.get(row.name) or str(row.example)]


@pytest.fixture
def cup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a picture and its matte."""
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    y, x = np.mgrid[:90, :120]
    alpha = np.where(np.hypot(x - 60, y - 45) < 30, 255, 0).astype(np.uint8)
    Image.fromarray(alpha).save(tmp_path / "matte.png")
    Image.fromarray(np.stack([alpha // 2 + 60] * 3, -1)).save(tmp_path / "cup.tif")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("row", _CHOICES, ids=lambda row: row.name)
@pytest.mark.parametrize("kind", ["path", "cutline", "finished"])
def test_finish_takes_an_option_or_names_it(
    cup: Path, capsys: pytest.CaptureFixture[str], kind: str, row: Option
) -> None:
    matte = [] if row.name == "matte" else ["--matte", "matte.png"]
    output = "out.pdf" if kind == "cutline" else "out.tif"
    status = main(["finish", "cup.tif", "--as", kind, "-o", output, *matte, *write_out(row)])
    said = capsys.readouterr().err
    wanted = FINISH_USES.get(row.attribute, (kind,))
    if kind not in wanted:
        assert status == Exit.USAGE
        assert f"--{row.name} is for --as {' or '.join(wanted)}, not for --as {kind}" in said
        assert "leave it out" in said and not (cup / output).exists()
    elif status == Exit.OK:
        assert (cup / output).exists()
    else:  # it goes with the kind, and needs something more
        assert row.name in said


def test_what_moves_an_outline_is_named(cup: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["finish", "cup.tif", "--as", "path", "--shift", "3"]) == Exit.USAGE
    assert "--inset moves an outline" in capsys.readouterr().err


def test_who_says_no_kind_gets_a_finished_picture(
    cup: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["finish", "cup.tif", "--matte", "matte.png", "--bleed", "2mm"]) == Exit.USAGE
    assert "--bleed is for --as cutline, not for --as finished" in capsys.readouterr().err


@pytest.mark.parametrize("row", _CUT_CHOICES, ids=lambda row: row.name)
def test_cut_names_what_its_kinds_have_no_use_for(
    cup: Path, capsys: pytest.CaptureFixture[str], row: Option
) -> None:
    wanted = CUT_USES[row.attribute]
    for kind in DELIVERIES.keys() - {*wanted}:
        assert main(["cut", "cup.tif", "--as", kind, *write_out(row)]) == Exit.USAGE
        said = capsys.readouterr().err
        assert f"--{row.name} is for --as {' or '.join(wanted)}, not for --as {kind}" in said
    check_kinds([row.attribute], ["mask", wanted[0]], CUT_USES)
    check_kinds([row.attribute], [], CUT_USES)


def test_a_recipe_of_another_kind_is_told_which_option(cup: Path) -> None:
    from argparse import Namespace

    arguments = Namespace(kind=["path"], background="white")
    fill(arguments, CUT_OPTIONS)
    with pytest.raises(UsageError, match="--background is for --as finished, not for --as path"):
        cut.list_choices(arguments, sandbox=False)


def test_python_names_it_too(cup: Path) -> None:
    with pytest.raises(BadOption, match="background, crop: for kind='finished', not for"):
        read_keywords({"kind": "mask", "background": "white", "crop": "5%"}, CutKeywords, "cut()")
    with pytest.raises(BadOption, match="no option 'shift'"):
        outline("cup.tif", "out.tif", "matte.png", shift=3)  # type: ignore[call-arg]

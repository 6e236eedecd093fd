"""Options by name: what does not exist is refused in one sentence that lists what does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from frisket import BadOption, CutOptions, cut, matte, remove
from frisket.client.errors import NoServer
from frisket.client.options import Point
from frisket.finish.keywords import FinishKeywords
from frisket.jobs.keywords import CutKeywords, MatteKeywords, RemoveKeywords, read_keywords

SMALL = np.zeros((8, 8, 3), np.uint8)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quality": "ultra"}, "quality='ultra' is not possible: use draft, standard, high or"),
        ({"quality": "hihg"}, "did you mean 'high'"),
        ({"qualty": "high"}, "no option 'qualty' .did you mean 'quality'.*model"),
        ({"kind": "foo"}, "kind='foo' is not possible: use matte, alpha, mask"),
        ({"kind": "cut-out"}, "did you mean 'cutout'"),
        ({"depth": 12}, "depth=12 is not possible: use 8 or 16"),
        ({"existing": "keep"}, "use refuse, replace or multiply"),
        ({"preview": None}, "use mark, render or keep"),
        ({"normalise": "brightness"}, "normalise='brightness' is not possible"),
        ({"normalise": "auto,exposure,clahee"}, "did you mean 'clahe'"),
        ({"threshold": 2}, "threshold=2 is not possible: give a share"),
        ({"device": "gpu"}, "use auto, cpu, cuda or tensorrt"),
        ({"shift": "wide"}, "shift='wide' is not possible: give a number"),
        ({"boxes": [(1, 2, 3)]}, r"boxes has \(1, 2, 3\)"),
        ({"boxes": (1, 2, 3, 4)}, "boxes has 1: give each box as"),
        ({"points": [(1, 2, True, 4)]}, "points has"),
        ({"layers": 5}, "layers=5 is not possible: give a name or a list of names"),
    ],
)
def test_a_wrong_option_is_one_sentence(given: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match=said) as caught:
        cut(tmp_path / "none.png", tmp_path / "out.png", **given)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("given", [{"quality": "ultra"}, {"kind": "foo"}, {"depth": 12}])
def test_the_plain_value_checks_too(given: dict[str, Any]) -> None:
    with pytest.raises(BadOption, match="is not possible"):
        CutOptions(**given)


def test_a_string_is_one_name() -> None:
    assert CutOptions(layers="Portrait").layers == ("Portrait",)  # type: ignore[arg-type]
    assert CutOptions(classes=["dog", "cat"]).classes == ("dog", "cat")  # type: ignore[arg-type]


def test_what_a_picture_has_not_is_no_option() -> None:
    with pytest.raises(BadOption, match=r"remove\(\) has no option 'kind'"):
        remove(SMALL, kind="mask")  # type: ignore[call-overload]
    with pytest.raises(BadOption, match=r"matte\(\) has no option 'decontaminate'"):
        matte(SMALL, decontaminate=True)  # type: ignore[call-overload]


def test_options_and_keywords_are_not_mixed(tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="either options or keywords"):
        cut(tmp_path / "a.png", tmp_path / "b.png", CutOptions(), quality="high")


def test_every_keyword_arrives() -> None:
    given = CutKeywords(
        kind="matte", layers="A", model="m", quality="high", normalise="exposure, clahe",
        shift=2, feather=1.5, boxes=[(1, 2, 3, 4)], points=[(5, 6), (7, 8, False), Point(9, 9)],
        trimap="t.png", server="host:1", ca_file="ca.pem", device="cpu", decontaminate=False,
        certificate="own.pem", certificate_key="own-key.pem",
    )  # fmt: skip
    options = read_keywords(given, CutKeywords, "cut()")
    assert (options.edge.shift_px, options.edge.feather_px) == (2.0, 1.5)
    assert options.hints.points == (Point(5, 6), Point(7, 8, False), Point(9, 9))
    assert (options.hints.trimap, options.hints.prior) == (Path("t.png"), None)
    assert (options.server.address, options.server.ca_file) == ("host:1", Path("ca.pem"))
    assert options.server.certificate == Path("own.pem")
    assert options.server.key == Path("own-key.pem")
    assert (options.kind, options.quality, options.decontaminate) == ("matte", "high", False)


def test_every_keyword_is_an_option_of_something() -> None:
    """A name that is declared for type checkers is also read."""
    numbers = ("threshold", "shift", "feather", "contrast", "smooth", "fill_holes", "drop_specks")
    texts = ("model", "trimap", "prior", "server", "token_file", "ca_file", "classes", "layers")
    texts += ("certificate", "certificate_key")
    values: dict[str, Any] = {
        **dict.fromkeys(numbers, 0.5), **dict.fromkeys(texts, "x"),
        **dict.fromkeys(("sandbox", "allow_empty", "tls", "all_layers", "convert"), True),
        "boxes": [(0, 0, 1, 1)], "points": [(0, 0)], "quality": "high", "normalise": "auto",
        "path_name": "Cup", "tolerance": 1.0, "inset": 2.0, "speck": 4.0, "max_knots": 99,
        "clip": False, "offset": "1mm", "bleed": "2mm", "safe": 3, "ppi": 254.0, "spot": "KissCut",
        "white_ink": True, "varnish": True, "sheet": "90x60mm", "gap": "1mm", "copies": 2,
        "marks": True, "kind": "matte", "existing": "replace", "preview": "keep", "depth": 16,
        "key": "#00b140", "device": "cpu", "decontaminate": False,
    }  # fmt: skip
    # What finishing takes is held against its readers in tests/finish.
    names = set(CutKeywords.__annotations__) - set(FinishKeywords.__annotations__)
    assert names == set(values)
    assert set(MatteKeywords.__annotations__) < set(RemoveKeywords.__annotations__) < names
    for name in names:
        read = read_keywords({name: values[name]}, CutKeywords, "cut()")
        assert read != CutOptions(), name


def test_a_server_that_is_not_there(portrait: Path) -> None:
    with pytest.raises(NoServer, match=r"127\.0\.0\.1:1"):
        remove(portrait, server="127.0.0.1:1")

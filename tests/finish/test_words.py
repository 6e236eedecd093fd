"""What people write for a finish, and what is said of what makes no sense."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.cli.finish_options import EDGE_OPTIONS, FINISH_OPTIONS
from frisket.finish.background import Backdrop, Graded, Original, Solid, Transparent
from frisket.finish.canvas import Canvas, Crop
from frisket.finish.errors import BadFinish
from frisket.finish.geometry import Length
from frisket.finish.keywords import EdgedKeywords
from frisket.finish.options import read_finish
from frisket.finish.presets import list_presets
from frisket.finish.readers import NAMES, READERS
from frisket.finish.shadow import Cast, Drop
from frisket.finish.words import read_colour


@given(st.integers(0, 9999))
def test_lengths(value: int) -> None:
    read = READERS["crop"]
    assert read(f"{value}") == read(f"{value}px") == Length(value)
    assert read(f"{value}%").measure(200) == pytest.approx(value * 2)


def test_backgrounds(tmp_path: Path) -> None:
    read = READERS["background"]
    assert read("transparent") == Transparent()
    assert read("white") == read("#fff") == read("rgb(255, 255, 255)") == Solid((255, 255, 255))
    assert read("original:blur=4%,saturation=0") == Original(Length(0.04, True), 0.0)
    assert read("marble.jpg") == Backdrop(Path("marble.jpg"))
    found = read("linear-gradient(to right, red, rgb(0, 0, 255) 60%, white)")
    assert isinstance(found, Graded)
    assert [place for _, place in found.gradient.stops] == [0, 0.6, 1]
    assert found.gradient.angle == 90


def test_shadows() -> None:
    read = READERS["shadow"]
    assert read("drop") == Drop()
    assert read("drop:angle=90,opacity=20%,colour=rgb(1,2,3)") == Drop(
        angle=90, opacity=0.2, colour=(1, 2, 3)
    )
    assert read("cast:azimuth=30,height=60") == Cast(azimuth=30, height=60)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("background", "whte", "did you mean 'white'?"),
        ("background", "w" * 5000, "is no colour"),
        ("background", "linear-gradient(red)", "has fewer than two colours"),
        ("background", "original:blurr=3", "use blur, saturation"),
        ("shadow", "dropp", "did you mean 'drop'?"),
        ("shadow", "contact:angle=3", "'angle' is nothing that 'contact' has: use size"),
        ("shadow", "drop:opacity=140%", "does not lie between 0% and 100%"),
        ("canvas", "marktplace", "use marketplace, 4:5, 9:16, square, passport"),
        ("canvas", "0x100", "a side has 1 to 300000 pixels"),
        ("crop", "-5%", "is less than nothing"),
        ("aspect", "4:0", "is no ratio"),
        ("align", "middle", "use centre, top"),
        ("max_bytes", "lots", "is no number of bytes"),
        ("softness", "crips", "did you mean 'crisp'?"),
        ("also", "gif", "use jpg, jpeg, png, webp, avif"),
        ("icc", "adobe", "use keep, srgb"),
        ("step", "glow", "is no step"),
        ("dpi", "0", "does not lie between 1 and"),
    ],
)
def test_what_makes_no_sense_is_named(name: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=r"^'") as error:
        READERS[name](text)
    assert said in str(error.value)
    with pytest.raises(BadFinish, match=r"^--"):
        read_finish({name: text})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rgb(300,0,0)", "is no colour"),
        ("rgb(110%,0%,0%)", "is no colour"),
        ("hsl(0,200%,50%)", "is no colour"),
        ("#00000000", "is partly transparent: write an opaque colour"),
        ("#ffffff80", "is partly transparent"),
        ("rgba(255,0,0,0.5)", "is no colour"),
        ("linear-gradient(#fff8, red)", "is partly transparent"),
    ],
)
def test_colours_that_are_none_are_told(text: str, said: str) -> None:
    with pytest.raises(BadFinish) as error:
        read_finish({"background": text})
    assert said in str(error.value)


def test_an_opaque_colour_may_say_that_it_is() -> None:
    assert read_colour("#ff8000ff") == (255, 128, 0)


@pytest.mark.parametrize("name", ["background", "icc"])
def test_a_user_that_nobody_knows_is_a_folder(name: str) -> None:
    found = READERS[name]("~no-such-user/x.icc")
    assert getattr(found, "path", found) == Path("~no-such-user/x.icc")


@pytest.mark.parametrize(
    "given_together",
    [
        {"canvas": "square", "crop": "5%"},
        {"canvas": "square", "aspect": "4:5"},
        {"background": "white", "background_fit": "fit"},
        {"metadata": "none", "private": True},
        {"bits": 12},
    ],
)
def test_what_does_not_go_together(given_together: dict[str, object]) -> None:
    with pytest.raises(BadFinish):
        read_finish(given_together)


def test_nothing_given_is_no_finish() -> None:
    assert read_finish({}) is None
    assert read_finish({"shadow": [], "upsample": False, "overwrite": True}) is None


def test_a_canvas_brings_its_background_unless_another_is_named() -> None:
    plain = read_finish({"canvas": "marketplace"})
    assert plain is not None and plain.background == Solid((255, 255, 255))
    other = read_finish({"canvas": "marketplace", "background": "transparent"})
    assert other is not None and other.background == Transparent()


def test_the_users_own_canvases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path))
    (tmp_path / "canvases.toml").write_text(
        '[shop]\nwidth = 300\nheight = 200\nfill = 0.9\nalign = "bottom"\n'
    )
    list_presets.cache_clear()
    try:
        how = read_finish({"canvas": "shop"})
        assert how is not None and isinstance(how.canvas, Canvas)
        assert (how.canvas.width, how.canvas.fill.align) == (300, "bottom")
        (tmp_path / "canvases.toml").write_text("[shop]\nwidth = -3\nheight = 200\n")
        list_presets.cache_clear()
        with pytest.raises(BadFinish, match=r"canvases.toml, \[shop\]' has no width"):
            read_finish({"canvas": "shop"})
    finally:
        monkeypatch.undo()
        list_presets.cache_clear()


def test_every_keyword_is_read_and_every_option_is_a_keyword() -> None:
    assert set(EdgedKeywords.__annotations__) == set(NAMES)
    rows = {row.attribute for row in (*FINISH_OPTIONS, *EDGE_OPTIONS)}
    assert rows | {"overwrite"} == set(NAMES)


def test_numbers_may_be_numbers_and_several_may_be_one() -> None:
    how = read_finish({"crop": 12, "shadow": "drop", "also": "webp", "encode_quality": 80})
    assert how is not None
    assert how.canvas == Crop(Length(12))
    assert how.shadows == (Drop(),) and how.save.also == (".webp",)
    assert how.save.quality == 80


def test_a_table_of_a_gradient_goes_from_end_to_end() -> None:
    found = READERS["background"]("linear-gradient(black, white)")
    table = found.gradient.tabulate()[0]
    assert table[0].tolist() == [0, 0, 0] and table[-1].tolist() == [65535] * 3
    assert (np.diff(table[:, 0].astype(int)) >= 0).all()

"""What both hosts say, in which language, and which colours of a stroke they hear."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from frisket.client.events import Judgement, Outcome
from frisket.client.options import LayerSpec
from frisket.hosts import language
from frisket.hosts.strokes import (
    KEEP,
    REMOVE,
    SAFE_KEEP,
    SAFE_REMOVE,
    explain_colours,
    find_hints,
    read_sign,
)
from frisket.hosts.verdict import explain_nothing, phrase_doubts
from frisket.protocol.formats import PixelFormat

CATALOGUE = """# A comment.
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Look at '{name}'."
msgstr ""
"Sieh dir „{name}“ "
"an."

msgid "Not yet"
msgstr ""
"""


@pytest.fixture
def catalogues(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "de.po").write_text(CATALOGUE, encoding="utf-8")
    (tmp_path / "fr.po").write_text("this is no catalogue", encoding="utf-8")
    yield tmp_path
    language.speak({"LANG": "C"})


@pytest.mark.parametrize(
    ("environ", "spoken"),
    [
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANGUAGE": "sv:de", "LANG": "en_GB"}, "de"),
        ({"LC_ALL": "C.UTF-8", "LANG": "de_DE"}, ""),
        ({"LANG": "fr_FR"}, ""),
        ({"LANGUAGE": "en:de"}, ""),
        ({"LANG": "../de"}, ""),
    ],
)
def test_the_language_is_the_users(catalogues: Path, environ: dict[str, str], spoken: str) -> None:
    assert language.speak(environ, catalogues) == spoken
    wanted = "Sieh dir „{name}“ an." if spoken else "Look at '{name}'."
    assert language._("Look at '{name}'.") == wanted
    assert language._("Not yet") == "Not yet"
    assert language._("") == ""


@pytest.mark.parametrize(
    ("colour", "sign"),
    [
        (KEEP, 1), (SAFE_KEEP, 1), (REMOVE, -1), (SAFE_REMOVE, -1),
        ((0, 255, 0), 1), ((255, 0, 0), -1), ((60, 200, 90), 1), ((120, 0, 0), -1),
        ((0, 0, 0), 2), ((255, 255, 255), 2), ((128, 128, 128), 2), ((224, 172, 145), 2),
        ((255, 165, 0), 2), ((255, 255, 0), 2), ((200, 0, 200), 2),
    ],
)  # fmt: skip
def test_two_kinds_of_colour_count(colour: tuple[int, int, int], sign: int) -> None:
    assert read_sign(colour) == sign
    rgba = bytes(8) + bytes((*colour, 255)) * 2
    strokes = find_hints(rgba, 2, 2, (20, 20)).strokes
    assert [stroke.positive for stroke in strokes] == ([sign > 0] if sign != 2 else [])
    assert bool(explain_colours(rgba, 2, 2)) == (sign == 2)


def test_an_empty_layer_is_no_wrong_colour() -> None:
    assert explain_colours(bytes(16), 2, 2) == ""


def spec(form: PixelFormat) -> LayerSpec:
    return LayerSpec(40, 30, PixelFormat.RGB8, 40, 30, form)


@pytest.mark.parametrize(
    ("proxy", "form", "cause", "advice"),
    [
        (b"\x80" * 3600, PixelFormat.RGB8, "(to the model it is of one shade", "levels"),
        (bytes(3600), PixelFormat.RGB8, "(to the model it is black", "levels"),
        (b"\xff" * 3600, PixelFormat.RGB8, "(to the model it is white", "levels"),
        (b"\xff\xff\xff\0" * 1200, PixelFormat.RGBA8, "(it is transparent", ""),
        (b"\0\0\0\0\x80\x80\x80\xff" * 600, PixelFormat.RGBA8, "(to the model", "levels"),
        (bytes(range(200)) * 18, PixelFormat.RGB8, "", "Mark it."),
    ],
)
def test_nothing_found_says_why(proxy: bytes, form: PixelFormat, cause: str, advice: str) -> None:
    text = explain_nothing("Sky", spec(form), proxy, "Mark it.")
    assert text.startswith(f"No subject was found in 'Sky'{' ' + cause if cause else ''}")
    assert "so nothing was added. " in text
    assert text.endswith(".")
    assert advice in text


def test_doubts_are_told() -> None:
    unsure = Judgement(needs_review=True, reasons=("The model is unsure of this picture.",))
    told = phrase_doubts("Sky", Outcome(judgement=unsure))
    assert told == "Please check 'Sky': The model is unsure of this picture."
    assert phrase_doubts("Sky", Outcome()) == ""

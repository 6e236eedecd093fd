"""What GIMP's plug-in says, in every language it speaks: nothing escapes, nothing is left over."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from frisket.hosts import language

ROOT = Path(__file__).resolve().parent.parent.parent
PLUGIN = ROOT / "clients/gimp/frisket-cutout"
SOURCES = [
    *sorted((PLUGIN / "frisket_gimp").glob("*.py")),
    *(ROOT / "clients/frisket/hosts" / f"{name}.py" for name in ("link", "request", "strokes",
                                                                  "verdict")),
]  # fmt: skip
# Said elsewhere in English, and translated where it is shown.
PASSED_ON = {
    "Reading the layer": "clients/frisket/hosts/job.py",
    "Finding the subject": "clients/frisket/hosts/job.py",
    "Sharpening the edge": "clients/frisket/hosts/job.py",
    "The model is unsure of this picture.": "server/frisket/matting/engine/assess.py",
    "The subject touches most of the border.": "server/frisket/matting/engine/assess.py",
    "The edge is undecided in most of the picture.": "server/frisket/matting/engine/assess.py",
}
LANGUAGES = ("de", "es", "fr", "ja", "zh_CN")
# Names of things of programs, never shown or never translated.
UNTRANSLATED = re.compile(
    r"<Image>|<Layers>|The frisket authors|Apache-2\.0|Frisket$|Frisket strokes|Frisket tint|"
    r"R'G'B'|\{blurb\}|Layers Menu|Cancelled\."
)


def find_texts(node: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield every text of a module that is no docstring, and whether it is translated."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        called = isinstance(child, ast.Call) and getattr(child.func, "id", "") == "_"
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value, inside
        yield from find_texts(child, inside or called)


def all_texts() -> list[tuple[str, bool]]:
    return [each for path in SOURCES for each in find_texts(ast.parse(path.read_text("utf-8")))]


WANTED = {text for text, translated in all_texts() if translated and text} | set(PASSED_ON)


def test_no_text_of_the_interface_escapes() -> None:
    """What begins with a capital, or an underscore for a key, and has a space is for people."""
    escaped = {
        text
        for text, translated in all_texts()
        if not translated and re.match(r"_?[A-Z]", text) and " " in text
        and not UNTRANSLATED.search(text)
    }  # fmt: skip
    assert not escaped


@pytest.mark.parametrize("text", PASSED_ON)
def test_what_is_passed_on_is_still_said(text: str) -> None:
    assert text in (ROOT / PASSED_ON[text]).read_text("utf-8")


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_text_is_translated(name: str) -> None:
    path = PLUGIN / "locale" / f"{name}.po"
    entries = dict(language.read_entries(path.read_text("utf-8")))
    entries.pop("", None)
    assert set(entries) == WANTED
    language.read_catalogue(path)


def fields(text: str) -> list[str]:
    return sorted(field for _, field, _, _ in string.Formatter().parse(text) if field)


@pytest.mark.parametrize("name", LANGUAGES)
def test_translations_say_the_same_things(name: str) -> None:
    """The same places for names, the same end, and at most one letter for a key."""
    text = (PLUGIN / "locale" / f"{name}.po").read_text("utf-8")
    for original, translation in language.read_entries(text):
        if original:
            assert fields(original) == fields(translation), original
            assert translation.count("_") <= 1, original
            assert original.endswith("...") == translation.endswith(("...", "…")), original


@pytest.mark.parametrize("name", ["", *LANGUAGES])
def test_letters_of_the_keyboard_do_not_clash(name: str) -> None:
    """In one window each letter stands for one thing; GIMP's own are H, R, C, O, L and S."""
    path = PLUGIN / "locale" / f"{name}.po"
    entries = dict(language.read_entries(path.read_text("utf-8"))) if name else {}
    labels = {text for text in WANTED if "_" in text}
    windows = {
        "dialog": _labels_of("arguments.py", labels) | {"_View", "Full si_ze"},
        "server": {one for one in _labels_of("dialogs.py", labels) if one in SERVER},
        "strokes": _labels_of("strokedialog.py", labels),
    }
    for window, texts in windows.items():
        said = [entries.get(text, text) for text in texts]
        letters = [one[one.index("_") + 1].lower() for one in said if "_" in one]
        own = list("hrcols") if window == "dialog" and not name else []
        both = letters + own
        assert len(set(both)) == len(both), (window, sorted(both))


SERVER = {
    "_Cancel", "_Try it", "_OK", "_Use a server on another computer", "_Address (host:port)",
    "To_ken", "Certificate _file (optional)", "_Encrypt (TLS)",
}  # fmt: skip


def _labels_of(module: str, labels: set[str]) -> set[str]:
    tree = ast.parse((PLUGIN / "frisket_gimp" / module).read_text("utf-8"))
    return {text for text, _ in find_texts(tree)} & labels

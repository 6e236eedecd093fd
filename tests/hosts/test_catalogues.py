"""What both plug-ins say, in every language they speak: nothing escapes, nothing is left over."""

from __future__ import annotations

import ast
import re
import string
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from frisket.hosts import language
from frisket.models.manifest import read_shipped

ROOT = Path(__file__).resolve().parent.parent.parent
GIMP = ROOT / "clients/gimp/frisket-cutout/frisket_gimp"
KRITA = ROOT / "clients/krita/pykrita/frisket_cutout"
SHARED = ROOT / "clients/frisket/hosts"
WORDED = ("link", "request", "settings", "strokes", "verdict")
SOURCES = [
    *sorted(GIMP.glob("*.py")),
    *sorted(KRITA.glob("*.py")),
    *(SHARED / f"{name}.py" for name in WORDED),
]
# Said elsewhere in English, and translated where it is shown.
PASSED_ON = {
    "Reading the layer": "clients/frisket/hosts/job.py",
    "Finding the subject": "clients/frisket/hosts/job.py",
    "Sharpening the edge": "clients/frisket/hosts/job.py",
    "The model is unsure of this picture.": "server/frisket/matting/engine/assess.py",
    "Another model sees another subject.": "server/frisket/matting/engine/assess.py",
    "The subject touches most of the border.": "server/frisket/matting/engine/assess.py",
    "The edge is undecided in most of the picture.": "server/frisket/matting/engine/assess.py",
}
# Menus show no refiner, and no model that only tests ask for.
TITLES = {
    spec.name: spec.title
    for spec in read_shipped().values()
    if spec.listed and spec.role == "matte"
}
LANGUAGES = ("de", "es", "fr", "ja", "zh_CN")
# Names of things of programs, never shown or never translated.
UNTRANSLATED = re.compile(
    r"<Image>|<Layers>|The frisket authors|Apache-2\.0|Frisket$|Frisket strokes|Frisket tint|"
    r"R'G'B'|\{blurb\}|Layers Menu|Cancelled\.|Frisket mask|Frisket selection|"
    r"Arrange a Layer Above|add_new_transparency_mask"
)
# What shows a text of ours to a person; for the others the test of long texts has to do.
SHOWING = {
    "addButton", "addItem", "addRow", "add_button", "make_button", "new_with_mnemonic",
    "new_with_mnemonic_from_widget", "say", "setInformativeText", "setSuffix", "setText",
    "setToolTip",
    "set_text", "set_title", "set_tooltip_text", "shine", "warn", "GivenUp", "QCheckBox", "QLabel",
    "QPushButton", "Refused", "format_secondary_text",
}  # fmt: skip
# Keys, units and values of programs among the arguments of those.
SILENT = re.compile(r"|on|off|error|starting| px|<span style='color:|'>&#9679;</span> |\n|[ .:]+")


def find_texts(node: ast.AST, inside: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield every text of a module that is no docstring, and whether it is translated."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        called = isinstance(child, ast.Call) and getattr(child.func, "id", "") == "_"
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value, inside
        yield from find_texts(child, inside or called)


def find_shown(tree: ast.AST) -> Iterator[str]:
    """Yield every text that stands as it is among the arguments of what shows texts."""
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        if name in SHOWING:
            for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
                yield from find_bare(argument)


def find_bare(node: ast.AST) -> Iterator[str]:
    """Yield the texts of an expression, without those that go into calls."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, (ast.JoinedStr, ast.IfExp, ast.BinOp, ast.BoolOp, ast.FormattedValue)):
        for child in ast.iter_child_nodes(node):
            yield from find_bare(child)


def all_texts() -> list[tuple[str, bool]]:
    return [each for path in SOURCES for each in find_texts(ast.parse(path.read_text("utf-8")))]


WANTED = {text for text, translated in all_texts() if translated and text}
WANTED |= set(PASSED_ON) | set(TITLES.values())


def test_no_text_of_the_interface_escapes() -> None:
    """What begins with a capital, or an underscore for a key, and has a space is for people."""
    escaped = {
        text
        for text, translated in all_texts()
        if not translated and re.match(r"_?[A-Z]", text) and " " in text
        and not UNTRANSLATED.search(text)
    }  # fmt: skip
    assert not escaped


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_short_text_that_is_shown_escapes(path: Path) -> None:
    shown = find_shown(ast.parse(path.read_text("utf-8")))
    escaped = {text for text in shown if not SILENT.fullmatch(text)}
    assert not {text for text in escaped if not UNTRANSLATED.search(text)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_nothing_takes_the_place_of_the_translator(path: Path) -> None:
    """A parameter or variable that is called `_` too would be called in its place."""
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    if any((each.asname or each.name) == "_" for node in imports for each in node.names):
        stored = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        assert "_" not in stored | {node.arg for node in nodes if isinstance(node, ast.arg)}


def test_the_scan_finds_what_escapes() -> None:
    code = "box.setText('Cut'); box.setToolTip(_('Well')); x.addRow('Model' if a else f'{b} px', w)"
    assert list(find_shown(ast.parse(code))) == ["Cut", "Model", " px"]


def test_kritas_actions_are_called_alike_before_and_after_they_are_translated() -> None:
    path = KRITA.parent.parent / "actions/frisket_cutout.action"
    texts = {node.findtext("text") for node in ElementTree.parse(path).iter("Action")}
    assert len(texts) == 7
    assert texts <= WANTED


@pytest.mark.parametrize("text", PASSED_ON)
def test_what_is_passed_on_is_still_said(text: str) -> None:
    assert text in (ROOT / PASSED_ON[text]).read_text("utf-8")


def test_every_model_has_a_title_of_its_own() -> None:
    assert all(TITLES.values())
    assert len(set(TITLES.values())) == len(TITLES)
    assert all(len(title) <= 48 for title in TITLES.values())


def read(name: str) -> dict[str, str]:
    text = (language.CATALOGUES / f"{name}.po").read_text("utf-8")
    return {key: value for key, value in language.read_entries(text) if key}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_text_is_translated(name: str) -> None:
    assert set(read(name)) == WANTED
    language.read_catalogue(language.CATALOGUES / f"{name}.po")


def fields(text: str) -> list[str]:
    return sorted(field for _, field, _, _ in string.Formatter().parse(text) if field)


@pytest.mark.parametrize("name", LANGUAGES)
def test_translations_say_the_same_things(name: str) -> None:
    """The same places for names, the same end, and at most one letter for a key."""
    for original, translation in read(name).items():
        assert fields(original) == fields(translation), original
        assert translation.count("_") <= 1, original
        assert original.endswith("...") == translation.endswith(("...", "…")), original


@pytest.mark.parametrize("name", LANGUAGES)
def test_titles_stay_apart_in_every_language(name: str) -> None:
    entries = read(name)
    assert len({entries[title] for title in TITLES.values()}) == len(TITLES)


@pytest.mark.parametrize("name", ["", *LANGUAGES])
def test_letters_of_the_keyboard_do_not_clash(name: str) -> None:
    """In one window each letter stands for one thing.

    GIMP's own are H, R, C, O, L and S, Qt's in a dialog C and O, and those of Krita's menus
    count in its docker, and M, which mirrors its view.
    """
    entries = read(name) if name else {}
    server = labels_of(SHARED / "settings.py")
    windows = {
        "dialog": (labels_of(GIMP / "arguments.py") | EDGE | {"_View", "Full si_ze"}, "hrcols"),
        "server": (server | {"_Cancel", "_Try it", "_OK"}, ""),
        "strokes": (labels_of(GIMP / "strokedialog.py"), ""),
        "menu": (labels_of(GIMP / "plugin.py"), ""),
        "question": ({"_Replace", "_Intersect", "Re_fine", "_Cancel"}, ""),
        "Krita's server": (server, "co"),
        "Krita's docker": (marked_in_krita(), "fevilsrtnwhm"),
    }
    for window, (texts, own) in windows.items():
        said = [entries.get(text, text) for text in texts]
        letters = [one[one.index("_") + 1].lower() for one in said if "_" in one]
        both = letters + ([] if name else list(own))
        assert len(set(both)) == len(both), (window, sorted(both))


def labels_of(path: Path) -> set[str]:
    texts = find_texts(ast.parse(path.read_text("utf-8")))
    return {text for text, translated in texts if translated and "_" in text}


def marked_in_krita() -> set[str]:
    """The labels of the docker that keep their letter; dialogs are windows of their own."""
    trees = [
        ast.parse(path.read_text("utf-8")) for path in KRITA.glob("*.py") if path.stem != "dialogs"
    ]
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    marking = (call for call in calls if getattr(call.func, "id", "") == "mark_key")
    found = {text for call in marking for text, _ in find_texts(call) if "_" in text}
    return found | {label for label in EDGE if label in ("Shift ed_ge", "_Drop specks")}


EDGE = {
    text for text in labels_of(SHARED / "request.py")
    if text not in ("_Replace", "_Intersect", "Re_fine")
}  # fmt: skip

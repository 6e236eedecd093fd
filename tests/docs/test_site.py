"""The documentation builds without a warning, can be read offline, and says what is true."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
from command_reference import read_parsers

from frisket.jobs.keywords import CutKeywords
from frisket.v1 import matting_pb2, models_pb2

ROOT = Path(__file__).resolve().parents[2]
FETCHED = re.compile(r"""<(?:script|img|iframe)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'> ]+""")
STYLES = re.compile(r"""<link\b(?=[^>]*stylesheet)[^>]*href=["']?(?:https?:)?//[^>]+""")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^frisket ([a-z]+)", re.MULTILINE)
# Pages whose text is about frisket's own commands and no other program's.
OURS = (
    "index",
    "matting",
    "models",
    "cli",
    "paths",
    "cutlines",
    "batch",
    "finishing",
    "watch",
    "start/artist",
    "start/studio",
    "start/prepress",
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("mkdocs", "material", "mkdocstrings"):
        pytest.importorskip(name, reason="the documentation's packages are missing: make docs")
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(out)],
        capture_output=True, text=True, cwd=ROOT, timeout=250,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_page_is_there(site: Path) -> None:
    names = ["index", "rembg", "glossary", "troubleshooting", "reference/cli", "project/security"]
    assert [name for name in names if not (site / f"{name}.html").is_file()] == []


def test_examples_are_shown_whole(site: Path) -> None:
    pages = {
        "start/prepress": ("night.sh", "night.py"),
        "clients": ("stream_client.py", "matte_image.js"),
        "python": ("web_service.py",),
        "batch": ("folder.py", "droplet.py"),
        "finishing": ("finish_shop.py",),
    }
    for page, names in pages.items():
        html = (site / f"{page}.html").read_text(encoding="utf-8")
        shown = unescape(re.sub("<[^>]+>", "", html))
        for name in names:
            code = (ROOT / "examples" / name).read_text(encoding="utf-8").strip()
            assert code in shown, name


def test_nothing_is_fetched_from_the_network(site: Path) -> None:
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert FETCHED.findall(text) + STYLES.findall(text) == [], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"(?:@import|url\()\s*[\"']?https?:", sheet.read_text("utf-8")), sheet


def test_search_works_from_a_folder(site: Path) -> None:
    assert (site / "search" / "search_index.js").is_file(), "a browser reads no JSON from a file:"


def test_the_references_hold_everything(site: Path) -> None:
    protocol = (site / "reference" / "protocol.html").read_text(encoding="utf-8")
    for file in (matting_pb2.DESCRIPTOR, models_pb2.DESCRIPTOR):
        for name, message in file.message_types_by_name.items():
            assert f"message {name}" in protocol
            assert [field.name for field in message.fields if field.name not in protocol] == []
        for enum in file.enum_types_by_name.values():
            assert [value.name for value in enum.values if value.name not in protocol] == []
    commands = (site / "reference" / "cli.html").read_text(encoding="utf-8")
    for parser in read_parsers():
        assert f">{parser.prog}<" in commands
        shown = [action for action in parser._actions if action.help != argparse.SUPPRESS]
        names = [name for action in shown for name in action.option_strings]
        assert [name for name in names if name not in commands] == []
    python = (site / "reference" / "python.html").read_text(encoding="utf-8")
    for name in ("remove", "matte", "cut", "aremove", "CutOptions", "NoSubject"):
        assert f">{name}<" in python.replace("</span>", "<").replace("<<", "<")


def test_pages_name_options_and_commands_that_exist() -> None:
    parsers = list(read_parsers())
    options = {name for parser in parsers for name in parser._option_string_actions}
    commands = {parser.prog.split()[1] for parser in parsers if " " in parser.prog}
    for name in OURS:
        text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
        assert set(OPTION.findall(text)) - {"--traceback"} <= options, name
        used = {command for block in BLOCK.findall(text) for command in COMMAND.findall(block)}
        assert used <= commands, name


def test_every_keyword_of_python_is_told() -> None:
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`([a-z_]+)`", page))
    assert set(CutKeywords.__annotations__) - told == set()


def test_every_switch_of_rembg_has_a_row() -> None:
    page = (ROOT / "docs" / "rembg.md").read_text(encoding="utf-8")
    switches = """-m -a -af -ab -ae -om -ppm -dc -vm -bgc -x -w -d -p -h -l -t -o --model
        --alpha-matting --alpha-matting-foreground-threshold --alpha-matting-background-threshold
        --alpha-matting-erode-size --only-mask --post-process-mask --decontaminate --vitmatte
        --bgcolor --extras --watch --delete_input --accept-usage-cost --port --host --log_level
        --threads --no-ui --output_specifier"""
    assert [switch for switch in switches.split() if f"`{switch}" not in page] == []
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `-")]
    ours = {option for row in rows for option in OPTION.findall(row[2])}
    known = {name for parser in read_parsers() for name in parser._option_string_actions}
    assert ours <= known


def test_the_readme_links_to_files() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert len(targets) > 8
    assert [target for target in targets if not (ROOT / target).exists()] == []

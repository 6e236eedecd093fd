"""One table of exit statuses: the page that scripts are written by tells every one."""

from __future__ import annotations

import re
from pathlib import Path

from frisket.cli.exits import Exit

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_lists_every_status() -> None:
    page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    table = page[page.index("## Exit statuses") : page.index("Whatever the status")]
    assert [int(status) for status in re.findall(r"^\| (\d+) \|", table, re.M)] == list(Exit)


def test_no_command_has_numbers_of_its_own() -> None:
    for path in sorted((ROOT / "clients" / "frisket" / "cli").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        own = re.findall(r"return [1-9]\d*$|sys\.exit\(\d+\)|EXIT_\w+", text, re.M)
        assert not own, path.name

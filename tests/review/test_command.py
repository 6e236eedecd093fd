"""`frisket review` from the command line."""

from __future__ import annotations

import http.client
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from command import FRISKET, frisket, refused
from made_run import MadeRun
from review_kit import Served

from frisket.cli.exits import Exit


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no Ctrl-C to one process")
def test_the_page_is_served_until_it_is_ended(made: MadeRun) -> None:
    command = [*FRISKET, "review", str(made.out), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "4 results, 2 to look at\n"
        address = urlsplit(process.stdout.readline().strip())
        assert address.hostname == "127.0.0.1"
        connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=20)
        connection.request("GET", f"/?{address.query}")
        assert connection.getresponse().status == 303
        connection.close()
        process.send_signal(signal.SIGINT)
        assert "all decisions are in the journal" in process.stdout.read()
        assert process.wait(20) == Exit.OK


def test_the_page_as_one_file(made: MadeRun, tmp_path: Path) -> None:
    page = tmp_path / "look.html"
    done = frisket("review", made.out, "--export", page)
    assert done.returncode == Exit.OK, done.stderr
    assert "6 results" in done.stdout
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_port_that_is_taken(made: MadeRun, shared: Served) -> None:
    port = shared.server.server_port
    said = refused(Exit.USAGE, "review", made.out, "--port", port, "--no-open")
    assert f"listens on port {port}; give another --port" in said


def damage(journal: Path) -> None:
    for file in (journal, journal.with_name(f"{journal.name}-wal")):  # the newest pages
        file.write_bytes(b"\x5a" * 9000)


def make_newer(journal: Path) -> None:
    with sqlite3.connect(journal) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()


@pytest.mark.parametrize(
    ("break_it", "told"), [(damage, "is damaged"), (make_newer, "by a newer frisket")]
)
def test_journals_that_cannot_be_used(
    made: MadeRun, tmp_path: Path, break_it: Callable[[Path], None], told: str
) -> None:
    run = tmp_path / "copy"
    shutil.copytree(made.out, run)
    break_it(run / ".frisket" / "journal.sqlite")
    assert told in refused(Exit.BAD_OUTPUT, "review", run, "--no-open")


def test_a_folder_without_a_run(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "nowhere"):
        assert "There is no journal" in refused(Exit.BAD_OUTPUT, "review", place, "--no-open")

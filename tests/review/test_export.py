"""The exported page is one file, bounded, and never half of one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from made_run import MadeRun

from frisket.documents import OutputError
from frisket.review.export import export_page

PICTURE = re.compile(r'id="p(\d+)-(\d+)-(original|matte)"')


def test_what_asks_for_an_eye_has_larger_pictures(made: MadeRun, tmp_path: Path) -> None:
    page = tmp_path / "look.html"
    done = export_page(made.journal, made.out, page)
    text = page.read_text(encoding="utf-8")
    assert (done.results, done.bytes, done.smaller) == (6, len(text.encode()), 0)
    large = {int(number) for number, pixels, _ in PICTURE.findall(text) if pixels == "1024"}
    assert large == {row.id for row in made.journal.rows() if row.verdict.needs_review}
    assert not re.search(r"""(src|href)=["'](?!data:|#)""", text), "it needs no other file"
    assert "unsafe" not in text


def test_names_from_files_end_no_script(made: MadeRun, tmp_path: Path) -> None:
    made.fail("</script><script>alert(1).png".replace("/", "\N{DIVISION SLASH}"), "</script>")
    page = tmp_path / "look.html"
    export_page(made.journal, made.out, page)
    text = page.read_text(encoding="utf-8")
    data = re.search(r'id="frisket-data">(.*?)</script>', text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["rows"][-1]["said"] == "</script>"


def test_little_room_is_for_the_most_doubtful(made: MadeRun, tmp_path: Path) -> None:
    page = tmp_path / "look.html"
    export_page(made.journal, made.out, page)
    whole = page.read_text(encoding="utf-8")
    small = [len(one) for one in re.findall(r'<script type="text/plain" id="p3-.*', whole)]
    done = export_page(made.journal, made.out, page, room=sum(small[:2]) + 10)
    kept = PICTURE.findall(page.read_text(encoding="utf-8"))
    assert {number for number, _, _ in kept} == {"3"}, "that of the lowest score"
    assert (done.bare, done.smaller) == (3, 2)


def test_a_place_where_nothing_can_be_written(made: MadeRun, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        export_page(made.journal, made.out, tmp_path / "nowhere" / "look.html")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of a file's size")
def test_a_disk_that_fills_up_leaves_what_was_there(made: MadeRun, tmp_path: Path) -> None:
    page = tmp_path / "look.html"
    page.write_text("before")
    code = f"""
import resource, signal
from pathlib import Path
from frisket.jobs.batch.journal import Journal
from frisket.review.export import export_page
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal.open(Path({str(made.journal.folder)!r}))
resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))
export_page(journal, Path({str(made.out)!r}), Path({str(page)!r}))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "cannot be written" in done.stderr
    assert page.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith(".")] == []

"""Files are named by path or by the URL that file managers and browsers hand over."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from frisket.cli.main import main
from frisket.jobs.paths import read_path


@pytest.mark.skipif(sys.platform == "win32", reason="paths of this kind")
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a/b.tif", "a/b.tif"),
        ("file:///a/b.tif", "/a/b.tif"),
        ("FILE:///a/My%20picture%231.tif", "/a/My picture#1.tif"),
        ("file://localhost/a/b.tif", "/a/b.tif"),
        ("file:/a/b.tif", "/a/b.tif"),
        ("files/b.tif", "files/b.tif"),
    ],
)
def test_a_url_is_a_path(text: str, path: str) -> None:
    assert read_path(text) == Path(path)


def test_another_machines_file_is_refused() -> None:
    with pytest.raises(ValueError, match="another machine"):
        read_path("file://server/share/b.tif")


def test_the_command_takes_urls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "My picture.png"
    Image.new("RGB", (30, 20)).save(path)
    assert main(["layers", path.as_uri()]) == 0
    assert "30" in capsys.readouterr().out

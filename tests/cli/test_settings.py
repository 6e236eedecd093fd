"""Where options come from, and that every error names its source."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import frisket, refused


def used_quality(*arguments: str) -> str:
    done = frisket("cut", "a.jpg", "--overwrite", "--json", *arguments)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["method"])


def test_option_before_variable_before_file_before_default(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = home / "config.toml"
    default = used_quality()
    config.write_text('model = "fake"\nquality = "draft"\n')
    draft = used_quality()
    assert draft != default
    monkeypatch.setenv("FRISKET_QUALITY", "standard")
    assert used_quality() == default
    assert used_quality("--quality", "draft") == draft
    monkeypatch.setenv("FRISKET_QUALITY", "")
    assert used_quality() == draft, "an empty variable says nothing"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('quality = "hgh"', "quality: 'hgh' is not possible; did you mean 'high'?"),
        ('qualty = "high"', "there is no option 'qualty'; did you mean 'quality'?"),
        ("shift = 900", "shift: '900' does not lie between -100 and 100"),
        ("sandbox = 1", "sandbox is true or false, not 1"),
        ("quality = [1]", "quality is a text or a number"),
        ("quality = ", "is not valid TOML"),
        ("[server]\naddress = 1", "server is a text or a number"),
        ('output = "x"', "there is no option 'output'"),
    ],
)
def test_a_mistake_in_the_file_names_the_file(
    home: Path, folder: Path, text: str, said: str
) -> None:
    config = home / "config.toml"
    config.write_text(text)
    sentence = refused(2, "cut", "a.jpg")
    assert said in sentence and str(config) in sentence


def test_a_mistake_in_a_variable_names_it(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_DEVICE", "gpu")
    assert "FRISKET_DEVICE: 'gpu' is not possible" in refused(2, "cut", "a.jpg")
    assert "FRISKET_DEVICE" in refused(2, "evaluate", ".")


def test_the_working_folder_names_no_server(home: Path, folder: Path) -> None:
    for name in ("config.toml", "frisket.toml", ".frisket.toml"):
        Path(name).write_text('server = "127.0.0.1:9"\n')
    assert frisket("cut", "a.jpg").returncode == 0


def test_the_variable_and_the_file_choose_the_server(
    home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "config.toml").write_text('server = "127.0.0.1:9"\n')
    assert "127.0.0.1:9" in refused(7, "cut", "a.jpg")
    monkeypatch.setenv("FRISKET_SERVER", "127.0.0.1:11")
    assert "127.0.0.1:11" in refused(7, "cut", "a.jpg")
    done = frisket("cut", "a.jpg", "--server", "", "-m", "fake")
    assert done.returncode == 0, "an empty option is the local server again"

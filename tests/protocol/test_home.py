"""Client and server find the same folder, wherever the platform or the user puts it."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest

from frisket.protocol import home as place


@pytest.fixture(autouse=True)
def nobody_says_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("FRISKET_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def test_a_tilde_means_the_users_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_HOME", "~/models")
    assert place.home() == tmp_path / "models"
    assert place.run_folder() == tmp_path / "models" / "run"


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, ".local/share/frisket"),
        ("linux", {"XDG_DATA_HOME": "elsewhere"}, "elsewhere/frisket"),
        ("darwin", {"XDG_DATA_HOME": "elsewhere"}, "Library/Application Support/frisket"),
        ("win32", {}, "AppData/Local/frisket"),
        ("win32", {"LOCALAPPDATA": "Local"}, "Local/frisket"),
        ("win32", {"FRISKET_HOME": "chosen", "LOCALAPPDATA": "Local"}, "chosen"),
    ],
)
def test_every_platform_has_its_place(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    variables: dict[str, str],
    expected: str,
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    for name, folder in variables.items():
        monkeypatch.setenv(name, str(tmp_path / folder))
    assert place.home() == tmp_path / PurePath(expected)


def test_an_empty_variable_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("FRISKET_HOME", "")
    monkeypatch.setenv("XDG_DATA_HOME", "")
    assert place.home() == tmp_path / ".local/share/frisket"

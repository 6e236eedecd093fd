from __future__ import annotations

from pathlib import Path

import pytest

from frisket.cli.better_model import suggest_model


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_it_is_said_once() -> None:
    assert suggest_model("u2netp") == ""
    assert "frisket models pull u2netp" in suggest_model("embedded")
    assert suggest_model("embedded") == ""


def test_it_is_not_said_where_it_cannot_be_remembered(home: Path) -> None:
    home.write_text("no folder")
    assert suggest_model("embedded") == ""

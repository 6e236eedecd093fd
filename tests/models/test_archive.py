"""Models travel in one file; what is damaged, forged or strange is refused."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from graphs import convolution

from frisket.models import (
    ModelFileError,
    Registry,
    Source,
    UnknownModel,
    WrongHash,
    manifest,
)

from .web import DATA


def test_add_export_import_remove(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    assert registry.add("mine", "u2net", file).present
    registry.export("mine", tmp_path / "mine.zip")
    other = Registry(tmp_path / "other")
    assert other.import_(tmp_path / "mine.zip").name == "mine"
    assert other.open("mine").device == "cpu"
    other.remove("mine")
    with pytest.raises(UnknownModel):
        other.info("mine")


def test_damaged_archive_leaves_nothing(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    registry.add("mine", "u2net", file)
    registry.export("mine", tmp_path / "a.zip")
    data = bytearray((tmp_path / "a.zip").read_bytes())
    at = data.find(b"Conv")
    data[at] ^= 1
    (tmp_path / "a.zip").write_bytes(data)
    other = Registry(tmp_path / "other")
    with pytest.raises((ModelFileError, WrongHash)):
        other.import_(tmp_path / "a.zip")
    assert not list((tmp_path / "other").glob("models/*"))


def test_a_known_model_travels_and_stays_the_pinned_one(
    server: str, registry: Registry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exported here, imported there; an archive with other weights under its name is refused."""
    shipped = dict(manifest.shipped())
    pinned = Source("w.onnx", server, hashlib.sha256(DATA).hexdigest(), part="graph")
    shipped["u2netp"] = replace(shipped["u2netp"], sources=(pinned,))
    monkeypatch.setattr(manifest, "shipped", lambda: shipped)
    registry.pull("u2netp")
    registry.export("u2netp", tmp_path / "u.zip")
    other = Registry(tmp_path / "other")
    assert other.import_(tmp_path / "u.zip").present
    assert (tmp_path / "other" / "models" / "u2netp" / "w.onnx").read_bytes() == DATA
    (models / "u2netp" / "w.onnx").write_bytes(b"other weights")
    registry.export("u2netp", tmp_path / "forged.zip")
    third = Registry(tmp_path / "third")
    with pytest.raises(WrongHash):
        third.import_(tmp_path / "forged.zip")
    assert not third.info("u2netp").present

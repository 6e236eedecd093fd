"""Models travel in one file; what is damaged, forged or strange is refused."""

from __future__ import annotations

import hashlib
import json
import zipfile
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

from .web import DATA, pin


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
    shipped = dict(manifest.read_shipped())
    pinned = Source("w.onnx", server, hashlib.sha256(DATA).hexdigest(), part="graph")
    shipped["u2netp"] = replace(shipped["u2netp"], sources=(pinned,))
    monkeypatch.setattr(manifest, "read_shipped", lambda: shipped)
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


def write_archive(file: Path, name: object, members: dict[str, bytes]) -> Path:
    """An archive as ``export`` writes it, of whatever is given."""
    hashes = {member: hashlib.sha256(data).hexdigest() for member, data in members.items()}
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("frisket-model.json", json.dumps({"name": name, "sha256": hashes}))
        for member, data in members.items():
            archive.writestr(member, data)
    return file


def write_record(**changes: object) -> bytes:
    parts = {"encoder": "encoder.onnx", "decoder": "decoder.onnx"}
    record = {"added": True, "family": "sam", "parts": parts, "sha256s": {}}
    return json.dumps({**record, **changes}).encode()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/b", "classic", "embedded", ["x"], None]
)
def test_a_strange_name_harms_no_model(
    registry: Registry, models: Path, tmp_path: Path, name: object
) -> None:
    registry.add("mine", "u2net", convolution(tmp_path / "m.onnx", (1, 3, 320, 320)))
    before = sorted(tmp_path.rglob("*"))
    file = write_archive(tmp_path / "a.zip", name, {"model.json": write_record()})
    with pytest.raises(ModelFileError):
        registry.import_(file)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, file])
    assert registry.open("mine", "cpu", 1).info.present


STRANGE = {
    "no record": {"encoder.onnx": b"", "decoder.onnx": b""},
    "no decoder": {"encoder.onnx": b"", "model.json": write_record()},
    "a part too few": {"model.json": write_record(parts={"encoder": "encoder.onnx"})},
    "a part elsewhere": {
        "encoder.onnx": b"",
        "model.json": write_record(parts={"encoder": "encoder.onnx", "decoder": "../up.onnx"}),
    },
    "parts that are no table": {"model.json": write_record(parts=["encoder"])},
    "another family": {"model.json": write_record(family="nix")},
    "no JSON": {"model.json": b"[" * 100_000},
}


@pytest.mark.parametrize("kind", STRANGE)
def test_a_model_that_does_not_fit_its_family_is_refused(
    registry: Registry, models: Path, tmp_path: Path, kind: str
) -> None:
    file = write_archive(tmp_path / "a.zip", "mine", STRANGE[kind])
    with pytest.raises(ModelFileError) as error:
        registry.import_(file)
    assert str(error.value).endswith(".")
    assert not list(models.glob("*")) and "mine" not in {info.name for info in registry.list()}


def test_a_record_that_points_elsewhere_is_no_model(registry: Registry, models: Path) -> None:
    folder = models / "mine"
    folder.mkdir(parents=True)
    parts = {"encoder": "../../encoder.onnx", "decoder": "decoder.onnx"}
    (folder / "model.json").write_bytes(write_record(parts=parts))
    with pytest.raises(UnknownModel):
        registry.open("mine")


def test_built_in_models_need_not_travel(registry: Registry, tmp_path: Path) -> None:
    for name in ("classic", "embedded"):
        with pytest.raises(ModelFileError, match="part of frisket"):
            registry.export(name, tmp_path / "a.zip")
    assert not (tmp_path / "a.zip").exists()


def test_an_archive_is_held_to_a_pinned_md5(
    server: str, registry: Registry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "u2netp", server)
    file = write_archive(tmp_path / "a.zip", "u2netp", {"w.onnx": b"other weights"})
    with pytest.raises(WrongHash, match="md5"):
        registry.import_(file)
    assert not (models / "u2netp").exists()

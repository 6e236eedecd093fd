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
    BadSignature,
    ConsentRequired,
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


def test_what_lies_beside_a_model_does_not_travel(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    registry.add("mine", "u2net", convolution(tmp_path / "m.onnx", (1, 3, 320, 320)))
    (models / "mine/.DS_Store").write_bytes(b"of a file manager")
    registry.export("mine", tmp_path / "mine.zip")
    assert Registry(tmp_path / "other").import_(tmp_path / "mine.zip").present


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


def write_model(tmp_path: Path, name: str = "theirs", **changes: object) -> Path:
    """An archive of a sound model of the family u2net, with a record as told."""
    graph = convolution(tmp_path / "sound.onnx", (1, 3, 320, 320)).read_bytes()
    record = {"added": True, "family": "u2net", "parts": {"graph": "u2net.onnx"}, **changes}
    members = {"u2net.onnx": graph, "model.json": json.dumps(record).encode()}
    return write_archive(tmp_path / f"{name}.zip", name, members)


def test_an_archive_replaces_nothing_unasked(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    registry.add("mine", "u2net", convolution(tmp_path / "m.onnx", (1, 3, 320, 320), seed=5))
    before = (models / "mine" / "u2net.onnx").read_bytes()
    file = write_model(tmp_path, "mine", licence="MIT")
    with pytest.raises(ModelFileError, match="mine is here already; say --force"):
        registry.import_(file)
    assert (models / "mine" / "u2net.onnx").read_bytes() == before
    assert registry.import_(file, replace=True).licence == "MIT"
    assert (models / "mine" / "u2net.onnx").read_bytes() != before
    assert sorted(each.name for each in models.iterdir()) == ["mine"]


def test_an_archive_consents_to_nothing(registry: Registry, tmp_path: Path) -> None:
    file = write_model(tmp_path, family="rmbg", parts={"graph": "u2net.onnx"}, accepted=True)
    with pytest.raises(ConsentRequired):
        registry.import_(file)
    with pytest.raises(ConsentRequired):
        registry.pull("bria-rmbg-2.0")
    record = json.dumps({"accepted": True}).encode()
    with pytest.raises((ConsentRequired, ModelFileError)):
        registry.import_(write_archive(tmp_path / "b.zip", "bria-rmbg-2.0", {"model.json": record}))
    with pytest.raises(ConsentRequired):
        registry.pull("bria-rmbg-2.0")


def test_an_archive_holds_its_model_and_nothing_else(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    record = json.dumps({"added": True, "family": "u2net", "parts": {"graph": "u2net.onnx"}})
    members = {"u2net.onnx": b"", "model.json": record.encode(), "extra.sh": b"echo"}
    with pytest.raises(ModelFileError, match=r"extra\.sh, which is no part of mine"):
        registry.import_(write_archive(tmp_path / "a.zip", "mine", members))
    assert not models.exists()


def test_what_an_archive_says_cannot_steer_a_terminal(registry: Registry, tmp_path: Path) -> None:
    said = "\x1b[31mMIT\n\u202eliw" + "x" * 10_000
    licence = registry.import_(write_model(tmp_path, licence=said)).licence
    assert licence.startswith("?[31mMIT??liwx") and licence.isprintable() and len(licence) <= 200
    with pytest.raises(ModelFileError) as error:
        registry.import_(write_model(tmp_path, "x").rename(tmp_path / "y.zip"))
        registry.import_(write_archive(tmp_path / "a.zip", "x\n\x1b[31mred", {}))
    assert str(error.value).isprintable()


def test_a_folder_with_a_strange_name_is_no_model(registry: Registry, models: Path) -> None:
    """As an older frisket may have left it."""
    folder = models / "x\n\x1b[31mred"
    folder.mkdir(parents=True)
    (folder / "model.json").write_bytes(write_record())
    assert all(info.name.isprintable() for info in registry.list())


@pytest.mark.parametrize("name", ["frisket-model.json", "model.json"])
def test_texts_of_an_archive_are_bounded(registry: Registry, tmp_path: Path, name: str) -> None:
    file = tmp_path / "a.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b" " * (2 << 20))
        if name == "model.json":
            archive.writestr("frisket-model.json", json.dumps({"name": "a", "sha256": {}}))
    with pytest.raises(ModelFileError, match="not written by"):
        registry.import_(file)


def test_an_archives_model_is_tried_too(registry: Registry, models: Path, tmp_path: Path) -> None:
    record = json.dumps({"added": True, "family": "u2net", "parts": {"graph": "u2net.onnx"}})
    graph = convolution(tmp_path / "m.onnx", (1, 3, 77, 77)).read_bytes()
    members = {"u2net.onnx": graph, "model.json": record.encode()}
    with pytest.raises(BadSignature, match="1x3x320x320"):
        registry.import_(write_archive(tmp_path / "a.zip", "mine", members))
    assert not models.exists()


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

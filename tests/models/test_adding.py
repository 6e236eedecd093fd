"""The user's own weights are checked, run once, and kept whole or not at all."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import onnx
import psutil
import pytest
from graphs import convolution, endless
from processes import is_gone

from frisket.models import (
    BadSignature,
    ConsentRequired,
    ModelFileError,
    Registry,
    WrongHash,
    adding,
    trial_run,
)


def test_ben2_asks_for_its_licence_too(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 1024, 1024))
    with pytest.raises(ConsentRequired, match="MIT"):
        registry.add("ben2", "", file)
    assert not registry.info("ben2").present
    registry.add("ben2", "", file, accept_licence=True)
    assert registry.open("ben2").info.licence.startswith("MIT")


def test_models_that_an_earlier_frisket_added_are_found(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    """Its records name files, not parts."""
    registry.add("mine", "u2net", convolution(tmp_path / "m.onnx", (1, 3, 320, 320)))
    path = models / "mine" / "model.json"
    record = json.loads(path.read_text())
    del record["parts"]
    path.write_text(json.dumps(record))
    assert registry.info("mine").present
    assert registry.open("mine").info.family == "u2net"


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "u2net", "a b"])
def test_add_refuses_bad_names(registry: Registry, models: Path, tmp_path: Path, name: str) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    with pytest.raises((ModelFileError, WrongHash)):
        registry.add(name, "u2net", file)
    assert not (models / "u2net").exists()


def test_a_known_model_takes_only_its_own_file(registry: Registry, tmp_path: Path) -> None:
    """Weights of a known name are those that were pinned, from wherever they come."""
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    with pytest.raises(WrongHash, match=r"u2netp\.onnx is not the file that was pinned"):
        registry.add("u2netp", "", file)
    assert not registry.info("u2netp").present
    modnet = convolution(tmp_path / "modnet.onnx", (1, 3, "h", "w"))  # type: ignore[arg-type]
    assert registry.add("modnet", "", modnet).present, "no hash of it is known"
    assert registry.open("modnet").info.family == "modnet"
    registry.remove("modnet")
    assert not registry.info("modnet").present


def test_a_new_name_needs_a_family(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    with pytest.raises(ModelFileError, match="say --family"):
        registry.add("mine", "", file)
    with pytest.raises(ModelFileError, match=r"there are .*u2net"):
        registry.add("mine", "nix", file)
    with pytest.raises(ModelFileError, match=r"has 1 file\(s\) .*, 2 given"):
        registry.add("mine", "u2net", [file, file])
    with pytest.raises(ModelFileError, match="family 'modnet'"):
        registry.add("modnet", "u2net", file)


def test_a_full_disk_keeps_nothing_that_was_added(
    registry: Registry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(ModelFileError, match="could not be stored: No space left"):
        registry.add("mine", "u2net", file)
    assert not (models / "mine").exists()


def test_what_is_here_is_replaced_only_when_that_is_asked(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    registry.add("mine", "u2net", file, accept_licence=True)
    with pytest.raises(ModelFileError, match="mine is here already; say --force"):
        registry.add("mine", "u2net", file)
    (models / "mine" / "left-behind.onnx").touch()
    assert registry.add("mine", "u2net", file, licence="MIT", replace=True).licence == "MIT"
    kept = {each.name for each in (models / "mine").iterdir()}
    assert kept == {"model.json", "u2net.onnx"}
    assert json.loads((models / "mine" / "model.json").read_text())["accepted"], "as before"


def test_a_failure_leaves_the_older_weights(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    registry.add("mine", "u2net", convolution(tmp_path / "m.onnx", (1, 3, 320, 320)))
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    with pytest.raises(BadSignature):
        wrong = convolution(tmp_path / "w.onnx", (1, 3, 77, 77))
        registry.add("mine", "u2net", wrong, replace=True)
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_weights_in_a_second_file_are_refused(
    registry: Registry, models: Path, tmp_path: Path
) -> None:
    """They would stay behind, and every cut would fail."""
    model = onnx.load(str(convolution(tmp_path / "m.onnx", (1, 3, 320, 320))))
    file = tmp_path / "outside.onnx"
    onnx.save_model(
        model, str(file), save_as_external_data=True, location="outside.data", size_threshold=0
    )
    with pytest.raises(ModelFileError, match="keeps weights in another file"):
        registry.add("mine", "u2net", file)
    assert not models.exists()


def test_a_graph_without_an_end_is_given_up(
    registry: Registry, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trial_run, "LIMIT_S", 4.0)
    others = set(psutil.Process().children())  # servers that other tests keep
    with pytest.raises(ModelFileError, match="check run of mine did not end within 4 s"):
        registry.add("mine", "u2net", endless(tmp_path / "m.onnx"))
    assert not models.exists()
    assert all(is_gone(child.pid) for child in set(psutil.Process().children()) - others)


def test_too_large_a_file_is_refused_unread(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "m.onnx"
    with file.open("wb") as sparse:
        sparse.truncate(adding.MAX_FILE_BYTES + 1)
    with pytest.raises(ModelFileError, match="larger than 4 GiB"):
        registry.add("mine", "u2net", file)


def test_no_licence_is_claimed_that_was_not_told(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    assert registry.add("mine", "u2net", file).licence == "unknown"
    assert registry.add("ours", "u2net", file, licence="MIT").licence == "MIT"
    other = Registry(tmp_path / "elsewhere")
    for name, licence in (("mine", "unknown"), ("ours", "MIT")):
        registry.export(name, tmp_path / f"{name}.zip")
        assert other.import_(tmp_path / f"{name}.zip").licence == licence


def test_the_published_weights_of_a_family_may_need_consent(
    registry: Registry, tmp_path: Path
) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 1024, 1024))
    with pytest.raises(ConsentRequired, match="family rmbg forbid commercial use"):
        registry.add("mine", "rmbg", file)
    added = registry.add("mine", "rmbg", file, accept_licence=True)
    assert (added.licence, added.commercial) == ("unknown", False)

"""Which models there are, which runs, and what is said where one cannot."""

from __future__ import annotations

from pathlib import Path

import pytest
from graphs import convolution

from frisket.models import (
    DeviceUnavailable,
    DownloadFailed,
    ModelFileError,
    NotPresent,
    Registry,
    UnknownModel,
)


def test_unknown_model_names_the_others(registry: Registry) -> None:
    with pytest.raises(UnknownModel, match=r"present: classic.*u2netp"):
        registry.open("nix")


def test_missing_weights_name_the_command(registry: Registry) -> None:
    with pytest.raises(NotPresent, match="frisket models pull u2netp"):
        registry.open("u2netp")


def test_a_home_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where a folder should be")
    registry = Registry(tmp_path / "home")
    with pytest.raises(ModelFileError, match=r"cannot be (read|written)"):
        registry.set_default("classic")
    with pytest.raises((DownloadFailed, ModelFileError)):
        registry.pull("u2netp")
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    with pytest.raises(ModelFileError, match="could not be stored"):
        registry.add("mine", "u2net", file)


def test_what_is_said_of_a_model_comes_from_its_manifest(registry: Registry) -> None:
    assert "'embedded', which is part of frisket, is better" in registry.info("classic").notice
    assert registry.info("embedded").notice == ""
    assert "background" not in registry.info("deeplab").cuttable
    assert registry.info("deeplab").cuttable[0] == "aeroplane"
    assert "fake" not in {info.name for info in registry.list()}
    assert registry.info("fake").present and registry.pull("classic").present


@pytest.mark.parametrize("record", [b"", b'{"added": tr', b"[1, 2]"])
def test_a_damaged_record_is_of_its_own_model_alone(
    registry: Registry, models: Path, record: bytes
) -> None:
    (models / "broken").mkdir(parents=True)
    (models / "broken/model.json").write_bytes(record)
    assert "broken" not in {info.name for info in registry.list()}
    assert registry.open("classic") is not None and registry.default()
    registry.remove("broken")
    assert not (models / "broken").exists()


def test_cuda_is_strict(registry: Registry) -> None:
    with pytest.raises(DeviceUnavailable, match="--device cpu"):
        registry.open("classic", device="cuda")


def test_default_can_be_chosen(u2netp: Registry) -> None:
    assert u2netp.default() == "u2netp"
    u2netp.set_default("classic")
    assert u2netp.default() == "classic"

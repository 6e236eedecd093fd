"""Downloads are resumed, verified, and kept only when they are whole."""

from __future__ import annotations

import errno
import hashlib
from pathlib import Path

import pytest

from frisket.models import (
    DownloadFailed,
    Source,
    WrongHash,
)
from frisket.models.download import fetch

from .web import DATA, Handler, source


def test_fetch_verifies_and_reports_progress(server: str, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    fetch(source(server), tmp_path / "w.onnx", lambda a, b: seen.append((a, b)))
    assert (tmp_path / "w.onnx").read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert not list(tmp_path.glob("*.part"))


def test_wrong_hash_keeps_nothing(server: str, tmp_path: Path) -> None:
    with pytest.raises(WrongHash, match="nothing of it was kept"):
        fetch(source(server, "0" * 64), tmp_path / "w.onnx")
    assert list(tmp_path.iterdir()) == []


def test_md5_is_checked_where_it_is_all_that_is_known(server: str, tmp_path: Path) -> None:
    with pytest.raises(WrongHash, match="md5"):
        fetch(Source("w.onnx", server, md5="0" * 32), tmp_path / "w.onnx")
    found = fetch(Source("w.onnx", server, md5=hashlib.md5(DATA).hexdigest()), tmp_path / "w.onnx")
    assert found == hashlib.sha256(DATA).hexdigest()


def test_truncated_download_resumes(server: str, tmp_path: Path) -> None:
    Handler.cut_at = 300_000
    with pytest.raises(DownloadFailed, match="broke off"):
        fetch(source(server), tmp_path / "w.onnx")
    assert not (tmp_path / "w.onnx").exists()
    Handler.cut_at = None
    fetch(source(server), tmp_path / "w.onnx")
    assert (tmp_path / "w.onnx").read_bytes() == DATA
    assert Handler.ranges[-1].startswith("bytes=")


@pytest.mark.parametrize("address", ["{}/missing", "http://127.0.0.1:1/none"])
def test_no_server_is_one_sentence(server: str, tmp_path: Path, address: str) -> None:
    with pytest.raises(DownloadFailed, match="could not be fetched"):
        fetch(source(address.format(server)), tmp_path / "w.onnx")


def test_a_longer_partial_file_is_fetched_anew(server: str, tmp_path: Path) -> None:
    """What is left of another file under this name cannot be continued."""
    (tmp_path / "w.onnx.part").write_bytes(DATA + b"more")
    fetch(source(server), tmp_path / "w.onnx")
    assert (tmp_path / "w.onnx").read_bytes() == DATA


def test_a_partial_file_of_something_else_is_not_kept(server: str, tmp_path: Path) -> None:
    (tmp_path / "w.onnx.part").write_bytes(b"x" * 1000)
    with pytest.raises(WrongHash):
        fetch(source(server), tmp_path / "w.onnx")
    assert list(tmp_path.iterdir()) == []
    fetch(source(server), tmp_path / "w.onnx")
    assert (tmp_path / "w.onnx").read_bytes() == DATA


def test_full_disk(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("frisket.models.download.os.fsync", full)
    with pytest.raises(DownloadFailed, match="disk is full"):
        fetch(source(server), tmp_path / "w.onnx")
    assert list(tmp_path.iterdir()) == []

"""What differs on Windows, tried with a stand-in for it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from frisket.client import discovery
from frisket.client.errors import NoServer
from frisket.client.h2_transport import H2Transport
from frisket.documents.io.output import atomic_output

OPEN_FILES = Path("/proc/self/fd")


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Windows that renames and removes no file that is open, like the real one."""
    if not OPEN_FILES.is_dir():
        pytest.skip("this system does not list open files")
    replace, unlink = Path.replace, Path.unlink

    def refuse_open(path: Path) -> None:
        held = [each.readlink() for each in OPEN_FILES.iterdir() if each.is_symlink()]
        if path in held:
            raise PermissionError(13, "The process cannot access the file", str(path))

    def replace_closed(self: Path, target: Path) -> Path:
        refuse_open(self)
        return replace(self, target)

    def unlink_closed(self: Path, missing_ok: bool = False) -> None:
        refuse_open(self)
        unlink(self, missing_ok)

    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(Path, "replace", replace_closed)
    monkeypatch.setattr(Path, "unlink", unlink_closed)


@pytest.mark.usefixtures("windows")
def test_an_output_takes_its_place(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    with atomic_output(target) as out:
        out.write(b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.usefixtures("windows")
def test_an_output_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), atomic_output(tmp_path / "out.bin") as out:
        out.write(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_local_server_outlives_the_console_that_started_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And shows no window beside GIMP or Krita."""
    asked: dict[str, Any] = {}

    def refuse(command: list[str], **how: Any) -> None:
        asked.update(how)
        raise OSError("no process is started in this test")

    monkeypatch.setenv("FRISKET_HOME", str(tmp_path))
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
    monkeypatch.setattr(subprocess, "CREATE_NO_WINDOW", 0x8000000, raising=False)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    monkeypatch.setattr(discovery, "mark_process", lambda pid: "1")  # Windows would be asked
    with pytest.raises(NoServer):
        discovery.ensure(H2Transport)
    assert asked["creationflags"] == 0x8000200
    assert not asked["start_new_session"]

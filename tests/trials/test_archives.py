"""Hostile archives and graphs on the command line: nothing shadows, wipes, consents or escapes."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from command import FRISKET, frisket
from graphs import convolution, endless
from trials.kit import posix

pytestmark = posix

RECORD = {"added": True, "family": "u2net", "sha256s": {"u2net.onnx": "x"}}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    return convolution(tmp_path / "graph.onnx", (1, 3, 320, 320))


def archive(folder: Path, name: str, record: object, **members: bytes) -> Path:
    """An archive of whatever is given, with true hashes."""
    members = {"model.json": json.dumps(record).encode(), **members}
    hashes = {member: hashlib.sha256(data).hexdigest() for member, data in members.items()}
    path = folder / f"{len(list(folder.iterdir()))}.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("frisket-model.json", json.dumps({"name": name, "sha256": hashes}))
        for member, data in members.items():
            packed.writestr(member, data)
    return path


def listed() -> dict[str, dict[str, object]]:
    models = json.loads(frisket("models", "list", "--json").stdout)["models"]
    return {str(model["name"]): model for model in models}


def refuse(file: Path, *options: str) -> str:
    done = frisket("models", "import", file, *options)
    assert done.returncode == 6, done.stderr
    assert len(done.stderr.strip().splitlines()) == 1 and "\x1b" not in done.stderr
    return done.stderr


def test_the_built_in_model_stays(home: Path, tmp_path: Path) -> None:
    for name in ("embedded", "classic"):
        refuse(archive(tmp_path, name, RECORD))
        refuse(archive(tmp_path, name, RECORD), "--force")
    assert listed()["embedded"]["state"] == "default"


def test_a_present_model_stays(home: Path, tmp_path: Path, graph: Path) -> None:
    frisket("models", "add", "mine", "--family", "u2net", "--file", graph)
    kept = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    refuse(archive(tmp_path, "mine", RECORD))
    refuse(archive(tmp_path, "mine", RECORD), "--force")
    sound = {"u2net.onnx": graph.read_bytes()}
    assert "--force" in refuse(archive(tmp_path, "mine", RECORD, **sound))
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == kept
    done = frisket("models", "import", archive(tmp_path, "mine", RECORD, **sound), "--force")
    assert done.returncode == 0, done.stderr


def test_consent_is_the_users(home: Path, tmp_path: Path) -> None:
    refuse(archive(tmp_path, "bria-rmbg-2.0", {"accepted": True}))
    done = frisket("models", "pull", "bria-rmbg-2.0")
    assert done.returncode == 6 and "accept-licence" in done.stderr


def test_no_name_reaches_the_terminal(home: Path, tmp_path: Path, graph: Path) -> None:
    sound = {"u2net.onnx": graph.read_bytes()}
    refuse(archive(tmp_path, "x\n\x1b[31mred", RECORD, **sound))
    told = {**RECORD, "licence": "\x1b[31mred\n"}
    assert frisket("models", "import", archive(tmp_path, "mine", told, **sound)).returncode == 0
    for words in (["list"], ["show", "mine"]):
        assert "\x1b" not in frisket("models", *words).stdout


def test_a_record_points_nowhere_else(home: Path, tmp_path: Path, graph: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.copy(graph, elsewhere / "u2net.onnx")
    record = {**RECORD, "sha256s": {str(elsewhere / "u2net.onnx"): "x"}}
    refuse(archive(tmp_path, "pathy", record))
    assert "pathy" not in listed()


@pytest.mark.parametrize("way", ["add", "import"])
def test_an_endless_graph_ends_with_ctrl_c(home: Path, tmp_path: Path, way: str) -> None:
    graph = endless(tmp_path / "loop.onnx")
    words = ["add", "loop", "--family", "u2net", "--file", str(graph)]
    if way == "import":
        packed = archive(tmp_path, "loop", RECORD, **{"u2net.onnx": graph.read_bytes()})
        words = ["import", str(packed)]
    job = subprocess.Popen([*FRISKET, "models", *words], stderr=subprocess.PIPE, text=True)
    time.sleep(4)
    assert job.poll() is None
    job.send_signal(signal.SIGINT)
    said = job.communicate(timeout=6)[1]
    assert job.returncode == 130 and "Interrupted" in said
    assert not home.exists() or not list(home.rglob("*.onnx"))

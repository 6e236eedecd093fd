from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from graphs import convolution

from frisket.models import (
    ConsentRequired,
    DeviceUnavailable,
    DownloadFailed,
    ModelFileError,
    NotPresent,
    Registry,
    UnknownModel,
    WrongHash,
    manifest,
)
from frisket.models.download import fetch
from frisket.models.manifest import Source

DATA = bytes(range(256)) * 4096


class Handler(BaseHTTPRequestHandler):
    cut_at: int | None = None
    stall_at: int | None = None
    ranges: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        start = int(asked.split("=")[1].rstrip("-")) if asked else 0
        type(self).ranges.append(asked or "")
        if start > len(DATA):
            self.send_error(416)
            return
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        body = DATA[start:]
        if (stall := type(self).stall_at) is not None:
            self.wfile.write(body[:stall])
            self.wfile.flush()
            while type(self).stall_at is not None:
                time.sleep(0.02)
            return
        cut = type(self).cut_at
        self.wfile.write(body if cut is None else body[:cut])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    Handler.cut_at, Handler.stall_at, Handler.ranges = None, None, []
    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


def source(url: str, sha256: str = "") -> Source:
    return Source("w.onnx", url, sha256 or hashlib.sha256(DATA).hexdigest())


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


def test_a_damaged_file_is_fetched_anew(
    server: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "u2netp", server)
    registry.pull("u2netp")
    file = registry._files(registry._spec("u2netp"))[0]
    file.write_bytes(b"rotten")
    registry.pull("u2netp")
    assert file.read_bytes() == DATA


def pin(monkeypatch: pytest.MonkeyPatch, name: str, url: str) -> None:
    """Let a known model come from a local server."""
    shipped = dict(manifest.shipped())
    md5 = hashlib.md5(DATA).hexdigest()
    shipped[name] = replace(shipped[name], sources=(Source("w.onnx", url, md5=md5),))
    monkeypatch.setattr(manifest, "shipped", lambda: shipped)


INTERRUPTED = """
import signal, sys
from dataclasses import replace
from frisket.cli.main import main
from frisket.models import manifest
from frisket.models.manifest import Source
shipped = dict(manifest.shipped())
source = Source("w.onnx", sys.argv[1], sys.argv[2])
shipped["u2netp"] = replace(shipped["u2netp"], sources=(source,))
manifest.shipped = lambda: shipped
# Whatever runs the tests in the background has had Ctrl-C ignored for all below it.
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.exit(main(["models", "pull", "u2netp"]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="interrupts by a signal")
def test_an_interrupted_pull_goes_on_from_there(server: str, tmp_path: Path) -> None:
    """Ctrl-C while bytes are still to come; the second command asks for the rest only."""
    sha256 = hashlib.sha256(DATA).hexdigest()
    command = [sys.executable, "-c", INTERRUPTED, server, sha256]
    env = {**os.environ, "FRISKET_HOME": str(tmp_path)}
    Handler.stall_at = 700_000
    pull = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    part = tmp_path / "models" / "u2netp" / "w.onnx.part"
    for _ in range(300):
        if part.exists() and part.stat().st_size >= 500_000:
            break
        time.sleep(0.05)
    pull.send_signal(signal.SIGINT)
    said = pull.communicate(timeout=30)[1]
    Handler.stall_at = None
    assert pull.returncode == 130, said
    assert said.strip() == "frisket: Interrupted; the same command again goes on from there."
    assert not (part.parent / "w.onnx").exists()
    Handler.ranges.clear()
    again = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
    assert again.returncode == 0, again.stderr
    assert Handler.ranges[0].startswith("bytes="), "it must not begin at nothing"
    assert (part.parent / "w.onnx").read_bytes() == DATA and not part.exists()


LIMITED = """
import resource, sys
from dataclasses import replace
from pathlib import Path
from frisket.models import ModelError, Registry, manifest
from frisket.models.manifest import Source
shipped = dict(manifest.shipped())
shipped["u2netp"] = replace(shipped["u2netp"], sources=(Source("w.onnx", sys.argv[2]),))
manifest.shipped = lambda: shipped
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    Registry(Path(sys.argv[1])).pull("u2netp")
except ModelError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files are limited by setrlimit")
def test_no_room_for_real(server: str, tmp_path: Path) -> None:
    """A limit of the system's own stops the file half way."""
    command = [sys.executable, "-c", LIMITED, str(tmp_path), server]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "The disk is full; w.onnx was not stored" in done.stdout, done.stderr
    assert not [p for p in tmp_path.rglob("*") if p.is_file() and p.name != "model.json"]


def test_full_disk(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("frisket.models.download.os.fsync", full)
    with pytest.raises(DownloadFailed, match="disk is full"):
        fetch(source(server), tmp_path / "w.onnx")
    assert list(tmp_path.iterdir()) == []


def test_pull_records_the_hash(
    server: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "u2netp", server)
    assert registry.pull("u2netp").present
    assert registry.default() == "u2netp"
    Handler.ranges.clear()
    registry.pull("u2netp")
    assert not Handler.ranges, "what is here and right is not fetched again"


def test_unknown_model_names_the_others(registry: Registry) -> None:
    with pytest.raises(UnknownModel, match=r"present: classic.*u2netp"):
        registry.open("nix")


def test_missing_weights_name_the_command(registry: Registry) -> None:
    with pytest.raises(NotPresent, match="frisket models pull u2netp"):
        registry.open("u2netp")


def test_non_commercial_needs_consent_and_is_never_default(registry: Registry) -> None:
    with pytest.raises(ConsentRequired, match="non-commercial"):
        registry.pull("bria-rmbg-2.0")
    assert all(i.commercial for i in registry.list() if i.default)


def test_consent_is_recorded_before_anything_is_fetched(
    server: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "bria-rmbg-2.0", server)
    with pytest.raises(ConsentRequired, match="BRIA RMBG"):
        registry.pull("bria-rmbg-2.0")
    assert not Handler.ranges and not registry._folder("bria-rmbg-2.0").exists()
    Handler.cut_at = 300_000
    with pytest.raises(DownloadFailed):
        registry.pull("bria-rmbg-2.0", accept_licence=True)
    Handler.cut_at = None
    assert registry.pull("bria-rmbg-2.0").present, "the yes of the first time holds"
    with pytest.raises(ConsentRequired, match="never the default"):
        registry.set_default("bria-rmbg-2.0")
    assert registry.default() == "embedded"


def test_ben2_asks_for_its_licence_too(registry: Registry, tmp_path: Path) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 1024, 1024))
    with pytest.raises(ConsentRequired, match="MIT"):
        registry.add("ben2", "", file)
    assert not registry.info("ben2").present
    registry.add("ben2", "", file, accept_licence=True)
    assert registry.open("ben2").info.licence.startswith("MIT")


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


@pytest.mark.parametrize("name", ["../up", "", ".hidden", "u2net", "a b"])
def test_add_refuses_bad_names(registry: Registry, tmp_path: Path, name: str) -> None:
    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    with pytest.raises((ModelFileError, WrongHash)):
        registry.add(name, "u2net", file)
    assert not (registry._models / "u2net").exists()


def test_cuda_is_strict(registry: Registry) -> None:
    with pytest.raises(DeviceUnavailable, match="--device cpu"):
        registry.open("classic", device="cuda")


def test_default_can_be_chosen(u2netp: Registry) -> None:
    assert u2netp.default() == "u2netp"
    u2netp.set_default("classic")
    assert u2netp.default() == "classic"


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
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = convolution(tmp_path / "m.onnx", (1, 3, 320, 320))
    monkeypatch.setattr("frisket.models.registry.shutil.copyfile", full)
    with pytest.raises(ModelFileError, match="could not be stored: No space left"):
        registry.add("mine", "u2net", file)
    assert not (registry._models / "mine").exists()


def test_a_known_model_travels_and_stays_the_pinned_one(
    server: str, registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exported here, imported there; an archive with other weights under its name is refused."""
    shipped = dict(manifest.shipped())
    pinned = Source("w.onnx", server, hashlib.sha256(DATA).hexdigest())
    shipped["u2netp"] = replace(shipped["u2netp"], sources=(pinned,))
    monkeypatch.setattr(manifest, "shipped", lambda: shipped)
    registry.pull("u2netp")
    registry.export("u2netp", tmp_path / "u.zip")
    other = Registry(tmp_path / "other")
    assert other.import_(tmp_path / "u.zip").present
    assert other._files(other._spec("u2netp"))[0].read_bytes() == DATA
    registry._files(registry._spec("u2netp"))[0].write_bytes(b"other weights")
    registry.export("u2netp", tmp_path / "forged.zip")
    third = Registry(tmp_path / "third")
    with pytest.raises(WrongHash):
        third.import_(tmp_path / "forged.zip")
    assert not third.info("u2netp").present

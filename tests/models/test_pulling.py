"""A known model is pulled: verified, remembered, asked about its licence."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import wait_until

from frisket.models import (
    ConsentRequired,
    DownloadFailed,
    Registry,
)

from .web import DATA, Handler, pin


def test_a_damaged_file_is_fetched_anew(
    server: str, registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "u2netp", server)
    registry.pull("u2netp")
    file = models / "u2netp" / "w.onnx"
    file.write_bytes(b"rotten")
    registry.pull("u2netp")
    assert file.read_bytes() == DATA


def test_other_weights_that_a_release_pins_are_fetched(
    server: str, registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "u2netp", server)
    registry.pull("u2netp")
    file, record = models / "u2netp/w.onnx", models / "u2netp/model.json"
    older = b"the weights of an older release"
    file.write_bytes(older)
    told = json.loads(record.read_text())
    told["sha256s"]["w.onnx"] = hashlib.sha256(older).hexdigest()
    record.write_text(json.dumps(told))
    registry.pull("u2netp")
    assert file.read_bytes() == DATA


INTERRUPTED = """
import signal, sys
from dataclasses import replace
from frisket.cli.main import main
from frisket.models import Source, manifest
shipped = dict(manifest.read_shipped())
source = Source("w.onnx", sys.argv[1], sys.argv[2], part="graph")
shipped["u2netp"] = replace(shipped["u2netp"], sources=(source,))
manifest.read_shipped = lambda: shipped
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
    wait_until(lambda: part.exists() and part.stat().st_size >= 500_000, "half of the file")
    pull.send_signal(signal.SIGINT)
    said = pull.communicate(timeout=60)[1]
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
from frisket.models import ModelError, Registry, Source, manifest
shipped = dict(manifest.read_shipped())
source = Source("w.onnx", sys.argv[2], part="graph")
shipped["u2netp"] = replace(shipped["u2netp"], sources=(source,))
manifest.read_shipped = lambda: shipped
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


def test_pull_records_the_hash(
    server: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "u2netp", server)
    assert registry.pull("u2netp").present
    assert registry.default() == "u2netp"
    Handler.ranges.clear()
    registry.pull("u2netp")
    assert not Handler.ranges, "what is here and right is not fetched again"


def test_non_commercial_needs_consent_and_is_never_default(registry: Registry) -> None:
    with pytest.raises(ConsentRequired, match="non-commercial"):
        registry.pull("bria-rmbg-2.0")
    assert all(i.commercial for i in registry.list() if i.default)


def test_consent_is_recorded_before_anything_is_fetched(
    server: str, registry: Registry, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin(monkeypatch, "bria-rmbg-2.0", server)
    with pytest.raises(ConsentRequired, match="BRIA RMBG"):
        registry.pull("bria-rmbg-2.0")
    assert not Handler.ranges and not (models / "bria-rmbg-2.0").exists()
    Handler.cut_at = 300_000
    with pytest.raises(DownloadFailed):
        registry.pull("bria-rmbg-2.0", accept_licence=True)
    Handler.cut_at = None
    assert registry.pull("bria-rmbg-2.0").present, "the yes of the first time holds"
    with pytest.raises(ConsentRequired, match="never the default"):
        registry.set_default("bria-rmbg-2.0")
    assert registry.default() == "embedded"

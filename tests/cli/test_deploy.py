"""What runs a server for good: the printed unit, the socket before it, the container file."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from command import frisket, refused
from serving import start_server, stop_server

from frisket.cli.main import build_parser

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"


def verify(folder: Path, *units: str) -> list[str]:
    """Return what systemd says against units that lie in a folder."""
    ran = subprocess.run(
        ["systemd-analyze", "verify", *(folder / unit for unit in units)],
        capture_output=True, text=True, timeout=60, env={"SYSTEMD_UNIT_PATH": f"{folder}:"},
    )  # fmt: skip
    return [line for line in ran.stderr.splitlines() if "frisket" in line]


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "50% $HOME"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "embedded").touch(0o600)
    (folder / "embedded").write_text("a-token-of-a-server\n")
    return folder


def test_the_unit_hands_secrets_over_and_nothing_else_changes(strange: Path) -> None:
    done = frisket(
        "serve", "--model", "embedded", "--token-file=embedded", "--drain", "7", "--print-unit"
    )
    assert done.returncode == 0, done.stderr
    [command] = re.findall("^ExecStart=(.*)", done.stdout, re.M)
    assert command.endswith(
        "-m frisket serve --model embedded --token-file=${CREDENTIALS_DIRECTORY}/token --drain 7"
    )
    assert "LoadCredential=token:" in done.stdout and "TimeoutStopSec=22" in done.stdout
    assert "/50%% $HOME/embedded" in done.stdout


@pytest.mark.parametrize("spelt", ["./embedded", "..//50% $HOME/embedded", "embedded"])
def test_the_unit_hands_a_secret_over_however_its_path_is_spelt(strange: Path, spelt: str) -> None:
    done = frisket("serve", "--token-file", spelt, "--print-unit")
    [command] = re.findall("^ExecStart=(.*)", done.stdout, re.M)
    assert command.endswith("serve --token-file ${CREDENTIALS_DIRECTORY}/token")


def test_what_the_server_would_refuse_is_refused(strange: Path) -> None:
    assert "can be reached" in refused(7, "serve", "--listen", "0.0.0.0:7777", "--print-unit")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_systemd_takes_the_units(strange: Path, tmp_path: Path) -> None:
    done = frisket("serve", "--token-file", "embedded", "--print-unit")
    (tmp_path / "frisket.service").write_text(done.stdout)
    for unit in (DEPLOY / "systemd").iterdir():
        shutil.copy(unit, tmp_path)
    assert verify(tmp_path, "frisket.service", "frisket.socket", "frisket-proxy.service") == []


def test_a_unit_is_told_when_the_server_answers_and_when_it_leaves(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(path))
        line.settimeout(60)
        server = start_server(tmp_path, "--drain", "0", environment={"NOTIFY_SOCKET": str(path)})
        try:
            assert line.recv(100) == b"READY=1"
            server.process.terminate()
            assert line.recv(100) == b"STOPPING=1"
        finally:
            stop_server(server)


def test_the_container_starts_a_server_that_the_command_line_knows() -> None:
    """There is no Docker where tests run: its command is parsed as the command would."""
    text = (DEPLOY / "Containerfile").read_text()
    words: list[str] = []
    for name in ("ENTRYPOINT", "CMD"):
        [line] = re.findall(rf"^{name} \[(.*)\]$", text, re.M)
        words += [word.strip('"') for word in line.split(", ")]
    assert words[0] == "frisket"
    arguments = build_parser("serve").parse_args(words[1:])
    assert arguments.listen == "0.0.0.0:7777"
    assert arguments.token_file and arguments.tls_cert and arguments.tls_key

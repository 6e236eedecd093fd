"""The local server made visible: seen, stopped, restarted, replaced after an update."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from command import frisket, refused
from processes import wait_until_gone
from waiting import wait_until

from frisket.protocol.local_state import read_states


@pytest.fixture(autouse=True)
def clean(home: Path) -> Iterator[None]:
    """Leave no server behind, announced or not."""
    yield
    for process in psutil.process_iter(["pid", "cmdline"]):
        with contextlib.suppress(psutil.Error):
            local = "frisket.server" in (process.info["cmdline"] or [])
            if local and process.environ().get("FRISKET_HOME") == str(home):
                process.kill()


def ask(*words: str, status: int = 0) -> Any:
    done = frisket("server", *words, "--json")
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def test_models_are_loaded_pinned_and_unloaded(home: Path) -> None:
    loaded = {"model": "classic", "device": "cpu", "pinned": True}
    assert ask("load", "classic", "--pin") == loaded
    assert ask("status")[0]["models_in_memory"] == ["classic"]
    assert frisket("server", "unload", "classic").stdout == "classic is not in memory\n"
    assert ask("status")[0]["models_in_memory"] == []
    assert "no model 'nobody'" in refused(6, "server", "load", "nobody")
    assert "name one" in refused(2, "server", "unload", "classic", "--server", "a:1,b:1")


def test_a_life(home: Path, photograph: Path, tmp_path: Path) -> None:
    assert ask("status", status=7) == []
    assert frisket("server", "stop").stdout == "No local server ran.\n"
    frisket("cut", photograph, "-o", tmp_path / "a.png", "--model", "classic")
    (seen,) = ask("status")
    assert seen["answers"] and seen["own"]
    # The embedded one is asked for its opinion.
    assert seen["models_in_memory"] == ["classic", "embedded"]
    assert "token" not in json.dumps(seen)
    log = ask("log")
    assert any("listens on" in line for line in log["lines"])
    fresh = ask("restart")
    assert fresh["stopped"][0]["pid"] == seen["pid"] != fresh["started"][0]["pid"]
    wait_until_gone(seen["pid"])
    (stopped,) = ask("stop")["stopped"]
    assert not stopped["forced"]
    wait_until_gone(stopped["pid"])
    assert read_states() == []
    assert len(ask("log")["lines"]) > len(log["lines"]), "a restart keeps what was written"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_nobody_else_may_look(home: Path) -> None:
    (home / "run").mkdir(parents=True, mode=0o755)
    ask("restart")
    assert (home / "run").stat().st_mode & 0o777 == 0o700
    files = list((home / "run").iterdir())
    assert len(files) == 2
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)


def test_each_device_has_a_server_and_a_log(home: Path) -> None:
    ask("restart", "--device", "cpu")
    ask("restart", "--device", "auto")
    assert {one["device"] for one in ask("status")} == {"cpu", "auto"}
    assert len({one["log"] for one in ask("status")}) == 2
    (stopped,) = ask("stop", "--device", "cpu")["stopped"]
    assert stopped["device"] == "cpu"
    assert [one["device"] for one in ask("status")] == ["auto"]


@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="this system cannot stop a process")
def test_a_server_that_hangs_is_shown_and_ended(home: Path) -> None:
    pid = ask("restart")["started"][0]["pid"]
    os.kill(pid, signal.SIGSTOP)
    (seen,) = ask("status", status=7)
    assert not seen["answers"] and seen["error"]
    (stopped,) = ask("stop", "--wait", "0.5")["stopped"]
    assert stopped["forced"]
    wait_until_gone(pid)


def test_an_update_replaces_the_server(home: Path) -> None:
    """What was started by another version is asked to leave, and a fresh one answers."""
    old = ask("restart")["started"][0]["pid"]
    (state,) = (home / "run").glob("server*.json")
    announced = json.loads(state.read_text())
    state.write_text(json.dumps({**announced, "version": "0.0.9"}))
    assert frisket("doctor").returncode == 0
    (seen,) = ask("status")
    assert seen["pid"] != old
    wait_until_gone(old)


def test_a_server_that_nobody_is_sent_to_leaves(home: Path) -> None:
    pid = ask("restart")["started"][0]["pid"]
    (state,) = (home / "run").glob("server*.json")
    state.unlink()
    wait_until_gone(pid)


def make_environment(folder: Path) -> str:
    """Return the Python of another environment that has frisket too."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
    shared = sysconfig.get_path("purelib")
    line = f"import site; site.addsitedir({shared!r})\n"
    Path(paths["purelib"], "shared.pth").write_text(line, encoding="utf-8")
    return str(python)


def test_two_environments_share_a_home_in_peace(home: Path, tmp_path: Path) -> None:
    python = make_environment(tmp_path / "other")
    code = "import sys; from frisket.cli.main import main; sys.exit(main(sys.argv[1:]))"

    def other(*words: str) -> Any:
        command = [python, "-c", code, "server", *words, "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    mine = ask("restart")["started"][0]["pid"]
    theirs = other("restart")["started"][0]["pid"]
    assert mine != theirs
    for _ in range(2):
        assert frisket("doctor").returncode == 0
        assert {one["pid"] for one in other("status")} == {mine, theirs}
    assert [one["pid"] for one in ask("status") if one["own"]] == [mine]
    assert [one["pid"] for one in other("status") if one["own"]] == [theirs]
    assert [one["pid"] for one in ask("stop")["stopped"]] == [mine]
    assert [one["pid"] for one in ask("stop", "--all")["stopped"]] == [theirs]


def take_port(port: int) -> socket.socket:
    """Listen where a server has just died; the system may still be closing its socket."""
    taken: list[socket.socket] = []

    def take() -> bool:
        with contextlib.suppress(OSError):
            taken.append(socket.create_server(("127.0.0.1", port)))
        return bool(taken)

    wait_until(take, "the port to be free")
    return taken[0]


def test_nothing_is_sent_to_who_took_a_dead_servers_port(
    home: Path, photograph: Path, tmp_path: Path
) -> None:
    dead = ask("restart")["started"][0]
    os.kill(dead["pid"], signal.SIGKILL)
    wait_until_gone(dead["pid"])
    visitors = []
    port = int(dead["target"].rpartition(":")[2])
    with take_port(port) as stranger:

        def listen() -> None:
            with contextlib.suppress(OSError):
                while True:
                    visitors.append(stranger.accept())

        threading.Thread(target=listen, daemon=True).start()
        out = tmp_path / "a.png"
        done = frisket("cut", photograph, "-o", out, "--model", "classic")
    assert done.returncode == 0, done.stderr
    assert out.exists()
    assert visitors == []


def test_a_model_that_is_missing_is_told_before_it_says_that_it_serves(home: Path) -> None:
    done = frisket("serve", "--model", "u2netp")
    assert done.returncode == 7
    assert "serves on" not in done.stdout
    assert "weights of u2netp are not on this machine" in done.stderr


def test_a_token_is_made_once(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    assert frisket("serve", "--make-token", file).returncode == 0
    assert sys.platform == "win32" or file.stat().st_mode & 0o777 == 0o600
    made = file.read_text()
    assert "exists already" in refused(7, "serve", "--make-token", file)
    assert file.read_text() == made
    missing = tmp_path / "no" / "token"
    assert "cannot be written" in refused(7, "serve", "--make-token", missing)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_a_token_that_all_may_read_is_told(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    frisket("serve", "--make-token", file)
    file.chmod(0o644)
    done = frisket("serve", "--token-file", file, "--model", "u2netp")
    assert f"chmod 600 {file}" in done.stderr

"""A line of the access log: JSON that nothing a client says can break."""

from __future__ import annotations

import json
import logging
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.protocol.reasons import Reason
from frisket.server.config import ConfigError
from frisket.server.telemetry.log import describe, log_call, open_log
from frisket.server.telemetry.meter import Meter, Method
from frisket.server.telemetry.trace import Trace


@pytest.fixture
def closed() -> Iterator[None]:
    yield
    open_log("", local=False)


def trace(outcome: str = "OK", client: str = "") -> Trace:
    made = Trace(Meter(), Method.MATTE)
    made.outcome, made.client = outcome, client
    return made


@given(st.text())
def test_a_line_is_one_line_of_printable_ascii(name: str) -> None:
    line = describe(trace(client=name))
    assert line.isascii() and line.isprintable()
    client = json.loads(line)["client"]
    assert len(client) == len(name) and client.isprintable()


@pytest.mark.usefixtures("closed")
def test_a_file_is_its_owners_and_is_looked_up_again_after_it_was_moved(tmp_path: Path) -> None:
    path = tmp_path / "calls.log"
    open_log(str(path), local=True)
    first, second = trace(), trace()
    log_call(first)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.rename(tmp_path / "calls.log.1")
    log_call(second)
    assert json.loads((tmp_path / "calls.log.1").read_text())["id"] == first.id
    assert json.loads(path.read_text())["id"] == second.id


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize(("local", "logged"), [(True, 1), (False, 2)])
def test_a_local_server_logs_failures_only(
    capfd: pytest.CaptureFixture[str], local: bool, logged: int
) -> None:
    open_log("-", local)
    log_call(trace())
    log_call(trace(Reason.BAD_TILE.value))
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == logged
    assert json.loads(lines[-1])["outcome"] == "BAD_TILE"


@pytest.mark.usefixtures("closed")
def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--access-log: .* cannot be written"):
        open_log(str(tmp_path), local=False)
    assert logging.getLogger("frisket.access").propagate is False


@pytest.mark.usefixtures("closed")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_told_once_and_costs_no_call(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    open_log("/dev/full", local=False)
    for _ in range(3):
        log_call(trace())
    assert len(caplog.messages) == 1 and "No space left" in caplog.messages[0]
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.usefixtures("closed")
def test_a_folder_that_is_gone_costs_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    open_log(str(folder / "calls.log"), local=False)
    shutil.rmtree(folder)
    for _ in range(3):
        log_call(trace())
    assert len(caplog.messages) == 1
    folder.mkdir()
    last = trace()
    log_call(last)
    assert json.loads((folder / "calls.log").read_text())["id"] == last.id

"""A local server's announcement: for its user's eyes, read whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frisket.protocol.choices import DEVICES
from frisket.protocol.local_state import (
    LocalServer,
    read_state,
    read_states,
    remove_state,
    state_file,
    write_state,
)

SERVER = LocalServer("127.0.0.1:5000", "s3cret", 4711, "0.1.0")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path))
    return tmp_path


def test_what_is_written_is_read() -> None:
    write_state(SERVER)
    assert read_state() == SERVER
    assert list(state_file().parent.iterdir()) == [state_file()], "nothing half-written is left"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
def test_only_its_user_may_read_it() -> None:
    old = os.umask(0)
    try:
        write_state(SERVER)
    finally:
        os.umask(old)
    assert state_file().stat().st_mode & 0o777 == 0o600


def test_each_device_has_an_announcement_of_its_own() -> None:
    for number, device in enumerate(DEVICES):
        write_state(dataclasses.replace(SERVER, pid=number, device=device))
    found = [server.pid for device in DEVICES if (server := read_state(device))]
    assert found == list(range(len(DEVICES)))


def test_a_server_of_another_protocol_is_read_all_the_same() -> None:
    """Who finds it decides: `doctor` names it, `find` passes it by."""
    other = dataclasses.replace(SERVER, protocol=99)
    write_state(other)
    assert read_state() == other


def test_nothing_announced_is_nobody() -> None:
    assert read_state() is None
    remove_state(SERVER)


garbage = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"[]", b"{}", b"null", b"4", b'"text"', b"\xff\xfe", b'{"target": 1}']),
    st.fixed_dictionaries(
        {
            "target": st.one_of(st.integers(), st.none(), st.just("host:1")),
            "token": st.one_of(st.integers(), st.just("t")),
            "pid": st.one_of(st.text(max_size=3), st.integers()),
            "version": st.one_of(st.integers(), st.just("0.1.0")),
            "protocol": st.one_of(st.text(max_size=3), st.integers()),
        }
    ).map(lambda state: json.dumps(state).encode()),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(garbage)
def test_garbage_is_nobody(data: bytes) -> None:
    state_file().parent.mkdir(parents=True, exist_ok=True)
    state_file().write_bytes(data)
    server = read_state()
    if server is not None:
        values = dataclasses.astuple(server)
        assert [type(value) for value in values] == [str, str, int, str, int, str, str, str]


def test_another_servers_announcement_is_not_removed() -> None:
    write_state(SERVER)
    successor = dataclasses.replace(SERVER, pid=4712)
    write_state(successor)
    remove_state(SERVER)
    assert read_state() == successor
    remove_state(successor)
    assert not state_file().exists()


def test_two_environments_do_not_meet() -> None:
    here, there = (dataclasses.replace(SERVER, environment=name) for name in ("/a", "/b"))
    write_state(here)
    write_state(there)
    assert read_state(environment="/a") == here
    assert read_state(environment="/b") == there
    assert read_state() is None
    remove_state(here)
    assert read_states() == [there]


def test_the_newest_comes_first() -> None:
    names = ["/a", "/b", "/c"]
    for age, name in enumerate(names):
        server = dataclasses.replace(SERVER, environment=name)
        write_state(server)
        stamp = 1_000_000_000 - age
        os.utime(state_file(environment=name), (stamp, stamp))
    assert [server.environment for server in read_states()] == names


def test_a_server_in_another_language_may_leave_out_what_it_does_not_know() -> None:
    state_file().parent.mkdir(parents=True)
    least = {"target": "127.0.0.1:1", "token": "t", "pid": 1, "version": "2", "colour": "red"}
    state_file().write_text(json.dumps(least))
    assert read_state() == LocalServer("127.0.0.1:1", "t", 1, "2")


def test_the_page_tells_every_field() -> None:
    page = Path(__file__).resolve().parents[2].joinpath("docs", "server.md").read_text("utf-8")
    section = page[page.index("### Discovery") : page.index("## Tokens")]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    told = {name.strip(" `") for row in rows for name in row.split(",")}
    assert told == {field.name for field in dataclasses.fields(LocalServer)}

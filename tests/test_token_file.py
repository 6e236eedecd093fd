"""A token is one line of visible ASCII; anything else is told in a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frisket.token_file import (
    MAX_TOKENS,
    SCOPES,
    BadToken,
    Grant,
    make_token,
    read_grants,
    read_token,
    read_variable,
)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"x", "too short"),
        (b"first-line\nsecond-line\n", "more than one line"),
        (b"two words here", "visible ASCII"),
        ("schl\u00fcssel-wort".encode(), "visible ASCII"),
        (b"\xff\xfe\x00\x80 not text", "visible ASCII"),
        (b"a" * 3_000_000, "too large"),
    ],
)
def test_what_is_no_token(tmp_path: Path, data: bytes, fault: str) -> None:
    file = tmp_path / "token"
    file.write_bytes(data)
    with pytest.raises(BadToken, match=fault) as caught:
        read_token(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_line_is_a_token(tmp_path: Path, end: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(b"correct-horse" + end)
    assert read_token(file) == "correct-horse"


def test_what_cannot_be_read_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadToken, match=r"cannot be read .*--make-token"):
        read_token(tmp_path / "token")


@pytest.mark.parametrize("token", ["two\nlines-of-it", "schl\u00fcssel", "with blank"])
def test_a_variable_that_cannot_travel_is_refused(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRISKET_TOKEN", token)
    with pytest.raises(BadToken, match="FRISKET_TOKEN"):
        read_variable()
    monkeypatch.delenv("FRISKET_TOKEN")
    assert read_variable() == ""


def test_tokens_differ(tmp_path: Path) -> None:
    made = []
    for name in "ab":
        make_token(tmp_path / name)
        made.append(read_token(tmp_path / name))
    assert made[0] != made[1]
    assert min(map(len, made)) >= 32


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_what_is_taken_can_travel_in_a_header(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(data)
    try:
        token = read_token(file)
    except BadToken:
        return
    assert token.isascii() and token.isprintable() and " " not in token


def write_private(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def test_a_servers_file_grants_each_token_its_scopes(tmp_path: Path) -> None:
    text = b"# artists\nartists-token matte\n\n  night-token\tmatte,models\r\nowners-token\n"
    assert read_grants(write_private(tmp_path / "tokens", text)) == (
        Grant("artists-token", frozenset({"matte"})),
        Grant("night-token", frozenset({"matte", "models"})),
        Grant("owners-token", frozenset(SCOPES)),
    )


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is empty"),
        (b"# only words\n", "is empty"),
        (b"good-token\nsecret\n", "line 2, is too short"),
        (b"secret-token everything", "line 1, must be a token and its scopes"),
        (b"secret-token matte, models", "line 1, must be a token and its scopes"),
        (b"secret-token matte,", "line 1, must be a token and its scopes"),
        ("schl\u00fcssel-wort matte".encode(), "line 1, has characters other than"),
        (b"\xff\xfe\x00\x80secret", "line 1, has characters other than"),
        (b"secret-token\nother-token\nsecret-token matte\n", "line 3, repeats a token"),
        (b"s" * 5000, "line 1, is too large"),
        (b"#" * (2 << 20), "too large"),
        (b"".join(b"secret-%d\n" % i for i in range(MAX_TOKENS + 1)), "more than 256 tokens"),
    ],
)
def test_what_is_no_list_of_tokens(tmp_path: Path, data: bytes, fault: str) -> None:
    file = write_private(tmp_path / "tokens", data)
    with pytest.raises(BadToken, match=fault) as caught:
        read_grants(file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)
    assert "secret" not in str(caught.value), "a log is no place for tokens"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such permissions")
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_who_may_write_tokens_may_come_in(tmp_path: Path, mode: int) -> None:
    file = write_private(tmp_path / "tokens", b"correct-horse\n")
    file.chmod(mode)
    with pytest.raises(BadToken, match="Others may write"):
        read_grants(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=200))
def test_what_is_granted_is_known(tmp_path: Path, data: bytes) -> None:
    try:
        grants = read_grants(write_private(tmp_path / "tokens", data))
    except BadToken:
        return
    assert all(grant.scopes and grant.scopes <= set(SCOPES) for grant in grants)
    assert all(grant.token.isascii() and grant.token.isprintable() for grant in grants)

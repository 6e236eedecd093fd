"""A token is one line of visible ASCII; anything else is told in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from frisket.token_file import BadToken, make_token, read_token, read_variable


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

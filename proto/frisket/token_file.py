"""The file that holds a server's token: written for its user's eyes only, and read with care."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from pathlib import Path

from frisket.protocol.errors import FrisketError

MIN_TOKEN_CHARACTERS = 8
MAX_TOKEN_CHARACTERS = 4096
"""It travels in a header of every call."""


class BadToken(FrisketError):
    """A token or its file cannot be used; the text is one sentence."""


def read_token(path: Path) -> str:
    """Return the token that a file holds: one line of visible ASCII characters.

    Raises:
        BadToken: the file cannot be read, or holds anything else.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_TOKEN_CHARACTERS + 3)
    except OSError as error:
        raise BadToken(
            f"The token file {path} cannot be read ({error.strerror}); "
            f"'frisket serve --make-token {path}' writes one."
        ) from error
    if fault := _find_fault(data):
        raise BadToken(f"The token file {path} {fault}.")
    return data.decode("ascii").strip()


def read_variable() -> str:
    """Return the token in the variable FRISKET_TOKEN; empty for none.

    Raises:
        BadToken: it cannot travel in a header.
    """
    token = os.environ.get("FRISKET_TOKEN", "")
    if not all("!" <= character <= "~" for character in token):
        raise BadToken("The token in FRISKET_TOKEN has characters other than visible ASCII.")
    return token


def _find_fault(data: bytes) -> str:
    """Return what is wrong with a token, as the end of a sentence; "" for nothing."""
    lines = data.strip().splitlines()
    if not lines:
        return "is empty"
    if len(data) > MAX_TOKEN_CHARACTERS + 2:
        return f"is too large: a token has at most {MAX_TOKEN_CHARACTERS} characters"
    if len(lines) > 1:
        return "has more than one line: a token is a single line"
    if not all(33 <= byte <= 126 for byte in lines[0].strip()):
        return "has characters other than visible ASCII"
    if len(lines[0].strip()) < MIN_TOKEN_CHARACTERS:
        return f"is too short: a token has at least {MIN_TOKEN_CHARACTERS} characters"
    return ""


def make_token(path: Path) -> None:
    """Write a new token into a new file that only its user can read.

    Raises:
        BadToken: the file is there already, or cannot be written.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadToken(f"{path} exists already; delete it first to make a new token.") from None
    except OSError as error:
        raise BadToken(f"{path} cannot be written: {error.strerror}.") from error
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    except OSError as error:
        with contextlib.suppress(OSError):
            path.unlink()
        raise BadToken(f"{path} cannot be written: {error.strerror}.") from error


def is_exposed(path: Path) -> bool:
    """Tell whether other users of this machine may read a file."""
    if sys.platform == "win32":
        return False
    with contextlib.suppress(OSError):
        return bool(path.stat().st_mode & stat.S_IROTH)
    return False

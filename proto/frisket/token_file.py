"""The file that holds a server's tokens: written for its user's eyes only, and read with care.

A client's file holds one token. A server's may hold many, one a line, each followed by what it
may be used for.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from frisket.protocol.errors import FrisketError

MIN_TOKEN_CHARACTERS = 8
MAX_TOKEN_CHARACTERS = 4096
"""It travels in a header of every call."""


MAX_TOKENS = 256
MAX_FILE_BYTES = 1 << 20
SCOPES = ("matte", "models", "admin")
"""What a token may be used for: to matte; to load and unload models; all calls there are."""


@dataclass(frozen=True)
class Grant:
    """A token, and what it may be used for: some of `SCOPES`."""

    token: str
    scopes: frozenset[str]


class BadToken(FrisketError):
    """A token or its file cannot be used; the text is one sentence."""


def read_token(path: Path) -> str:
    """Return the token that a file holds: one line of visible ASCII characters.

    Raises:
        BadToken: the file cannot be read, or holds anything else.
    """
    data = _read(path, MAX_TOKEN_CHARACTERS + 3)
    if fault := _find_fault(data):
        raise BadToken(f"The token file {path} {fault}.")
    return data.decode("ascii").strip()


def read_grants(path: Path) -> tuple[Grant, ...]:
    """Return the tokens that a server's file holds.

    A line is a token, or a token, a blank and its scopes with commas between them; without
    scopes it may be used for everything. Empty lines and lines that begin with # are passed over.

    Raises:
        BadToken: the file cannot be read, others may write it, or a line is none of these. The
            text never holds a token.
    """
    data = _read(path, MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise BadToken(f"The token file {path} is too large: it has more than 1 MiB.")
    if _mode(path) & (stat.S_IWGRP | stat.S_IWOTH):
        raise BadToken(f"Others may write the token file {path}; run: chmod 600 {path}")
    grants: dict[str, Grant] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith(b"#"):
            grant = _read_grant(line, f"The token file {path}, line {number},")
            if grant.token in grants:
                raise BadToken(f"The token file {path}, line {number}, repeats a token.")
            grants[grant.token] = grant
    if not 0 < len(grants) <= MAX_TOKENS:
        fault = f"has more than {MAX_TOKENS} tokens" if grants else "is empty"
        raise BadToken(f"The token file {path} {fault}.")
    return tuple(grants.values())


def _read_grant(line: bytes, where: str) -> Grant:
    token, *rest = line.split()
    if fault := _find_fault(token):
        raise BadToken(f"{where} {fault}.")
    wanted = [word.decode("ascii", "replace") for word in b"".join(rest).split(b",")]
    if len(rest) > 1 or (rest and not set(wanted) <= set(SCOPES)):
        scopes = ", ".join(SCOPES)
        raise BadToken(f"{where} must be a token and its scopes, some of {scopes}, with commas.")
    return Grant(token.decode("ascii"), frozenset(wanted if rest else SCOPES))


def read_variable() -> str:
    """Return the token in the variable FRISKET_TOKEN; empty for none.

    Raises:
        BadToken: it cannot travel in a header.
    """
    token = os.environ.get("FRISKET_TOKEN", "")
    if not all("!" <= character <= "~" for character in token):
        raise BadToken("The token in FRISKET_TOKEN has characters other than visible ASCII.")
    return token


def _read(path: Path, size: int) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError as error:
        raise BadToken(
            f"The token file {path} cannot be read ({error.strerror}); "
            f"'frisket serve --make-token {path}' writes one."
        ) from error


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
    return bool(_mode(path) & stat.S_IROTH)


def _mode(path: Path) -> int:
    """Return who may do what with a file; nothing for others where that is not known."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            return path.stat().st_mode
    return 0

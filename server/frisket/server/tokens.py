"""The tokens that a server knows now: those of its file are read again when it changes."""

from __future__ import annotations

import hmac
import logging
import time
from pathlib import Path

from frisket.server.config import Access, ConfigError
from frisket.token_file import SCOPES, BadToken, Grant, is_exposed, read_grants

log = logging.getLogger(__name__)

_LOOK_S = 1.0


class TokenList:
    """Says what a token may be used for.

    A file that cannot be used any more changes nothing: the tokens from before stay, and the
    log says why.

    Args:
        access: the token, or the file with tokens.

    Raises:
        ConfigError: the file cannot be used at the start.
    """

    def __init__(self, access: Access) -> None:
        self._file = access.token_file
        self._grants: tuple[Grant, ...] = (Grant(access.token, frozenset(SCOPES)),)
        self._looked = time.monotonic()
        self._state = _read_state(self._file)
        if self._file is not None:
            try:
                self._grants = read_grants(self._file)
            except BadToken as error:
                raise ConfigError(str(error)) from error

    def find(self, token: bytes) -> Grant | None:
        """Return a token's grant; None for an unknown one. No time tells how much is right."""
        self._look()
        found = None
        for grant in self._grants:
            if hmac.compare_digest(token, grant.token.encode()):
                found = grant
        return found

    def _look(self) -> None:
        """Read the file again when it is another one, once a second at most."""
        if self._file is None or time.monotonic() - self._looked < _LOOK_S:
            return
        self._looked = time.monotonic()
        state = _read_state(self._file)
        if state == self._state:
            return
        self._state = state
        try:
            self._grants = read_grants(self._file)
        except BadToken as error:
            log.warning("the tokens stay as they are: %s", error)
            return
        log.info("%d tokens read from %s", len(self._grants), self._file)
        if is_exposed(self._file):
            log.warning("every user of this machine can read %s", self._file)


def _read_state(file: Path | None) -> tuple[int, ...]:
    """Return what changes when a file is written or replaced; nothing where there is none."""
    try:
        found = file.stat() if file else None
    except OSError:
        found = None
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_mode) if found else ()

"""The access log: a line of JSON for each call that mattes."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import datetime, timezone
from logging.handlers import WatchedFileHandler
from pathlib import Path

from frisket.protocol.printable import make_printable
from frisket.server.config import STANDARD_ERROR, ConfigError
from frisket.server.telemetry.meter import OK
from frisket.server.telemetry.trace import Trace

_log = logging.getLogger("frisket.access")


def open_log(where: str, local: bool) -> None:
    """Let calls be logged.

    Args:
        where: a file, which is made for its owner alone and looked up again after it was moved;
            "-" is standard error; empty is nowhere.
        local: standard error is a file that is never cut while the server runs, so only calls
            that fail are logged there.

    Raises:
        ConfigError: the file cannot be written.
    """
    _log.propagate = False
    _log.handlers = [_open(where)] if where else [logging.NullHandler()]
    _log.setLevel(logging.WARNING if local and where == STANDARD_ERROR else logging.INFO)


def _open(where: str) -> logging.Handler:
    if where == STANDARD_ERROR:
        return logging.StreamHandler(sys.stderr)
    try:
        os.close(os.open(where, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
        return _File(Path(where), encoding="ascii")
    except OSError as error:
        raise ConfigError(f"--access-log: {where} cannot be written: {error.strerror}.") from error


class _File(WatchedFileHandler):
    """A file whose loss costs lines, but no call: a full disk, a folder that is gone."""

    _told = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line."""
        try:
            super().emit(record)
        except OSError:  # where it was moved away and cannot be made anew
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Say once, in a sentence, that lines are lost."""
        if not self._told:
            self._told = True
            why = sys.exc_info()[1]
            logging.getLogger(__name__).error("calls are not logged: %s", why)


def log_call(trace: Trace) -> None:
    """Log a call that has ended."""
    _log.log(logging.INFO if trace.outcome == OK else logging.WARNING, "%s", describe(trace))


def describe(trace: Trace) -> str:
    """Return the line of a call: JSON in ASCII, without control characters."""
    facts = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "id": trace.id,
        "method": trace.method.value,
        "client": make_printable(trace.client),
        "model": make_printable(trace.model),
        "width": trace.size[0],
        "height": trace.size[1],
        "outcome": trace.outcome,
        "seconds": round(trace.wall_s, 4),
        "explained": round(trace.explained_s, 4),
        "stages": {stage.value: round(spent, 4) for stage, spent in trace.seconds.items()},
    }
    return json.dumps(facts)

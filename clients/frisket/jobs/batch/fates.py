"""What becomes of a result after an error: given up, tried again, or a reason to stop the run."""

from __future__ import annotations

import enum
import errno
import time

from frisket.client.errors import NoServer, TransportError
from frisket.documents import (
    DocumentError,
    PlaceError,
    UnreadableDocument,
    UnsupportedDocument,
)
from frisket.jobs.choices import BadOption
from frisket.jobs.hint_files import BadHint
from frisket.jobs.task import NoSubject, Task
from frisket.protocol.reasons import Reason

# A younger file may still be on its way.
_FRESH_S = 30.0
_NO_ROOM = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS)
# Whoever asks again gets the same answer: a person has to change something first.
_LASTING = frozenset(
    {
        *(Reason.UNKNOWN_MODEL, Reason.MODEL_UNUSABLE, Reason.DEVICE_UNAVAILABLE),
        *(Reason.BAD_TOKEN, Reason.VERSION_MISMATCH),
        *(Reason.BAD_ADDRESS, Reason.BAD_CERTIFICATE, Reason.TLS_MISMATCH),
    }
)
_OWN_REASONS = frozenset(
    {
        *(Reason.BAD_HINT, Reason.BAD_CLASS, Reason.BAD_IMAGE, Reason.BAD_OPEN),
        *(Reason.BAD_PROXY, Reason.BAD_SIZE, Reason.TOO_LARGE),
    }
)
_SILENT = ("UNAVAILABLE", "DEADLINE_EXCEEDED")


class Fate(enum.Enum):
    """What an error means.

    EMPTY: there is no subject. OWN: this file will never do. AGAIN: this file may do later.
    SHARED: the server or the disk fails, for every file alike, perhaps for a while. HOPELESS: it
    does, and waiting does not help.
    """

    EMPTY = enum.auto()
    OWN = enum.auto()
    AGAIN = enum.auto()
    SHARED = enum.auto()
    HOPELESS = enum.auto()


def judge(error: Exception, task: Task) -> Fate:
    """Return what an error of a task means."""
    if isinstance(error, NoSubject):
        return Fate.EMPTY
    if isinstance(error, TransportError):
        return _judge_refusal(error)
    if isinstance(error, (NoServer, PlaceError)):
        return Fate.SHARED
    if isinstance(error, (UnreadableDocument, UnsupportedDocument)):
        return _judge_source(error, task)
    if isinstance(error, (DocumentError, BadHint, BadOption)):
        return Fate.OWN
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return Fate.SHARED
    return Fate.AGAIN


def is_lasting(error: TransportError) -> bool:
    """Return whether a server refuses until a person has changed something."""
    return error.reason in _LASTING


def _judge_refusal(error: TransportError) -> Fate:
    if error.reason in _OWN_REASONS:
        return Fate.OWN
    if is_lasting(error):
        return Fate.HOPELESS
    return Fate.SHARED if error.code in _SILENT else Fate.AGAIN


def _judge_source(error: DocumentError, task: Task) -> Fate:
    """Tell a file that is damaged from one that has not arrived, and from a share that is lost."""
    if not task.source.parent.is_dir():
        return Fate.SHARED
    try:
        young = time.time() - task.source.stat().st_mtime < _FRESH_S
    except FileNotFoundError:
        return Fate.OWN
    except OSError:
        return Fate.AGAIN
    return Fate.AGAIN if young or isinstance(error.__cause__, OSError) else Fate.OWN

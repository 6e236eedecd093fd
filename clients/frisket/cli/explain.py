"""Turns every error into one sentence and an exit status."""

from __future__ import annotations

import errno

from frisket.cli.exits import Exit
from frisket.client.errors import ClientError, TransportError
from frisket.documents import DocumentError, LayerNotFound, OutputError
from frisket.jobs.choices import BadOption
from frisket.jobs.hint_files import BadHint
from frisket.jobs.task import NoSubject
from frisket.protocol.errors import FrisketError
from frisket.protocol.reasons import Reason

_MODEL_REASONS = frozenset({Reason.UNKNOWN_MODEL, Reason.MODEL_UNUSABLE, Reason.MODEL_FAILED})
_HINT_REASONS = frozenset({Reason.BAD_HINT, Reason.BAD_CLASS})


def explain(error: Exception) -> tuple[str, Exit]:
    """Return the sentence for the user and the exit status."""
    if isinstance(error, FrisketError):
        return str(error), _status(error)
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this.", Exit.UNEXPECTED
    return (
        f"Something unexpected went wrong ({type(error).__name__}: {error}); "
        "run 'frisket --traceback …' and report what it prints.",
        Exit.UNEXPECTED,
    )


def _status(error: FrisketError) -> Exit:
    if isinstance(error, LayerNotFound):
        return Exit.NO_LAYER
    if isinstance(error, OutputError):
        return Exit.BAD_OUTPUT
    if isinstance(error, DocumentError):
        return Exit.BAD_INPUT
    if isinstance(error, NoSubject):
        return Exit.NO_SUBJECT
    if isinstance(error, (BadHint, BadOption)):
        return Exit.USAGE
    if isinstance(error, TransportError) and error.reason in _HINT_REASONS:
        return Exit.USAGE
    if isinstance(error, TransportError) and error.reason in _MODEL_REASONS:
        return Exit.MODEL
    # What is neither a document's nor a client's is a model's.
    return Exit.SERVER if isinstance(error, ClientError) else Exit.MODEL


def _system(error: OSError) -> tuple[str, Exit]:
    name = error.filename or "The system"
    if error.errno == errno.ENOSPC:
        return f"{name}: the disk is full.", Exit.BAD_OUTPUT
    return f"{name}: {error.strerror or error}.", Exit.BAD_OUTPUT

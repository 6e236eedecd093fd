"""Turns every error into one sentence and an exit status."""

from __future__ import annotations

import errno
import re

from frisket.cli.exits import Exit
from frisket.cli.parser import UsageError, suggest
from frisket.client.errors import ClientError, TransportError
from frisket.documents import DocumentError, LayerNotFound, OutputError
from frisket.finish.errors import BadFinish, EmptyMatte
from frisket.jobs.batch.states import JournalError
from frisket.jobs.choices import BadOption
from frisket.jobs.hint_files import BadHint
from frisket.jobs.names import BadName
from frisket.jobs.task import NoSubject
from frisket.protocol.errors import FrisketError
from frisket.protocol.limits import EDGE_LIMITS
from frisket.protocol.reasons import Reason

_MODEL_REASONS = frozenset({Reason.UNKNOWN_MODEL, Reason.MODEL_UNUSABLE, Reason.MODEL_FAILED})
_HINT_REASONS = frozenset({Reason.BAD_HINT, Reason.BAD_CLASS})

# The model's name, and the names that exist, as a server or the registry lists them.
_UNKNOWN_MODEL = re.compile(r"There is no model '([^']*)'; (.*)")
# Fields that a server's message may name, and the options that set them.
_OPTION_NAMES = tuple(
    (wire, f"--{wire.removesuffix('_px').replace('_', '-')}") for wire in EDGE_LIMITS if "_" in wire
)


def explain(error: Exception) -> tuple[str, Exit]:
    """Return the sentence for the user and the exit status."""
    if isinstance(error, UsageError):
        return str(error), Exit.USAGE
    if isinstance(error, FrisketError):
        return _word(error), _status(error)
    if isinstance(error, OSError):
        return _system(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for this.", Exit.UNEXPECTED
    return (
        f"Something unexpected went wrong ({type(error).__name__}: {error}); "
        "run 'frisket --traceback …' and report what it prints.",
        Exit.UNEXPECTED,
    )


def _word(error: FrisketError) -> str:
    """Return an error's sentence in the words of the command line, with what was meant."""
    if isinstance(error, LayerNotFound) and error.selector is not None:
        hint = suggest(error.selector, error.existing) or suggest(
            error.selector, [path.rpartition("/")[2] for path in error.existing]
        )
        return f"{error.path}: no layer is named {error.selector!r}{hint or '; ' + error.advice}"
    sentence = str(error)
    if match := _UNKNOWN_MODEL.match(sentence):
        name, lists = match[1], match[2]
        known = [word.strip(" .") for word in re.split(r"[,:;]", lists)]
        if hint := suggest(name, (word for word in known if word and " " not in word)):
            return f"There is no model {name!r}{hint}"
    for wire, name in _OPTION_NAMES:
        sentence = re.sub(rf"(?<![\w-]){wire}(?!\w)", name, sentence)
    return sentence


def _status(error: FrisketError) -> Exit:
    if isinstance(error, LayerNotFound):
        return Exit.NO_LAYER
    if isinstance(error, (OutputError, JournalError)):
        return Exit.BAD_OUTPUT
    if isinstance(error, (NoSubject, EmptyMatte)):
        return Exit.NO_SUBJECT
    if isinstance(error, DocumentError):
        return Exit.BAD_INPUT
    if isinstance(error, (BadFinish, BadHint, BadName, BadOption)):
        return Exit.USAGE
    if isinstance(error, TransportError) and error.reason == Reason.BAD_IMAGE:
        return Exit.BAD_INPUT
    if isinstance(error, TransportError) and error.reason in _HINT_REASONS:
        return Exit.USAGE
    if isinstance(error, TransportError) and error.reason in _MODEL_REASONS:
        return Exit.MODEL
    # What is neither a document's nor a client's is a model's.
    return Exit.SERVER if isinstance(error, ClientError) else Exit.MODEL


def _system(error: OSError) -> tuple[str, Exit]:
    reason = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
    where = f"{error.filename}: {reason}" if error.filename else f"Writing failed: {reason}"
    return f"{where}.", Exit.BAD_OUTPUT

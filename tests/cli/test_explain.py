"""Every error ends in one sentence and the status that `docs/cli.md` gives it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from frisket.cli.exits import Exit
from frisket.cli.explain import explain
from frisket.cli.parser import UsageError
from frisket.client.errors import NoServer, ProtocolError, transport_error
from frisket.documents import LayerNotFound, OutputError, UnreadableDocument
from frisket.jobs.hint_files import BadHint
from frisket.jobs.names import BadName
from frisket.jobs.task import NoSubject
from frisket.models import ModelError, UnknownModel
from frisket.protocol.reasons import Reason

FILE = Path("in.psd")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnreadableDocument(FILE, "it is empty"), Exit.BAD_INPUT),
        (LayerNotFound(FILE, "Nobody", ["Disc"]), Exit.NO_LAYER),
        (OutputError(FILE, "the folder is missing"), Exit.BAD_OUTPUT),
        (OSError(errno.ENOSPC, "No space left", "out.png"), Exit.BAD_OUTPUT),
        (PermissionError(errno.EACCES, "Permission denied", "out.png"), Exit.BAD_OUTPUT),
        (BadHint("The point lies outside."), Exit.USAGE),
        (BadName("Two results would be one file."), Exit.USAGE),
        (UsageError("There is no such option."), Exit.USAGE),
        (NoSubject("Nothing was found."), Exit.NO_SUBJECT),
        (NoServer("No server answers."), Exit.SERVER),
        (ProtocolError("Out of order."), Exit.SERVER),
        (ModelError("No such model."), Exit.MODEL),
        (MemoryError(), Exit.UNEXPECTED),
        (ZeroDivisionError("division by zero"), Exit.UNEXPECTED),
    ],
)
def test_an_error_has_its_status(error: Exception, status: Exit) -> None:
    sentence, found = explain(error)
    assert found is status
    assert sentence.strip() and "\n" not in sentence


@pytest.mark.parametrize("reason", ["", "NEW_REASON", *Reason])
def test_a_servers_reason_decides(reason: str) -> None:
    expected = {
        Reason.BAD_HINT: Exit.USAGE,
        Reason.BAD_CLASS: Exit.USAGE,
        Reason.BAD_IMAGE: Exit.BAD_INPUT,
        Reason.UNKNOWN_MODEL: Exit.MODEL,
        Reason.MODEL_UNUSABLE: Exit.MODEL,
        Reason.MODEL_FAILED: Exit.MODEL,
    }
    error = transport_error("INVALID_ARGUMENT", str(reason), "The server said so.")
    assert explain(error) == ("The server said so.", expected.get(reason, Exit.SERVER))  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("shift_px must lie between -100 and 100.", "--shift must lie between -100 and 100."),
        ("fill_holes must lie between 0 and 1.", "--fill-holes must lie between 0 and 1."),
        ("The file my_shift_px.png is odd.", "The file my_shift_px.png is odd."),
    ],
)
def test_options_are_named_and_fields_never(said: str, shown: str) -> None:
    assert explain(transport_error("INVALID_ARGUMENT", "BAD_OPEN", said))[0] == shown


@pytest.mark.parametrize("asked", ["u2netpp", "U2NETP", "2netp"])
def test_the_nearest_model_is_named(asked: str) -> None:
    sentence, status = explain(UnknownModel(asked, ["classic", "u2netp"], ["isnet", "sam"]))
    assert (sentence, status) == (
        f"There is no model '{asked}'; did you mean 'u2netp'?",
        Exit.MODEL,
    )


def test_all_models_are_named_where_none_is_near() -> None:
    sentence, _ = explain(UnknownModel("rembg", ["classic"], ["isnet"]))
    assert "classic" in sentence and "isnet" in sentence

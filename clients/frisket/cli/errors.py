"""Reports an error: a sentence for people, and one JSON object for scripts that ask for it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from frisket.cli.exits import Exit
from frisket.cli.style import complain


def report_error(
    error: Exception, as_json: bool, about: str = "", renamed: Mapping[str, str] | None = None
) -> Exit:
    """Report an error and return its exit status.

    Args:
        error: what went wrong.
        as_json: whether a line of JSON is printed too, with `error`, `status` and `hint`.
        about: the file concerned, where there are several and the sentence may not name it.
        renamed: what to call paths that mean nothing to the user.
    """
    # Imported when something has gone wrong, not at every start.
    from frisket.cli.explain import explain

    sentence, status = explain(error)
    for path, name in (renamed or {}).items():
        sentence = sentence.replace(path, name)
    if about and about not in sentence:
        sentence = f"{about}: {sentence}"
    report(sentence, status, as_json, input=about)
    return status


def report(sentence: str, status: Exit, as_json: bool, hint: str = "", **more: str) -> None:
    """Say a sentence on standard error, and on standard output as JSON where asked to."""
    complain(sentence)
    if as_json:
        hint = hint or sentence.partition("; ")[2]
        facts = {name: value for name, value in more.items() if value}
        found = {**facts, "error": sentence, "status": int(status), "hint": hint}
        print(json.dumps(found), flush=True)

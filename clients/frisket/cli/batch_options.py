"""The options of `frisket batch`: those of `frisket cut`, and what many files need beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from frisket.cli.cut_options import CUT_OPTIONS
from frisket.cli.options import Option, path

REDO = ("failed", "rejected", "review")
FAIL_ON = ("review",)
_GROUP = "batch"


def read_whole(text: str) -> int:
    """Return a whole number of 0 or more.

    Raises:
        ValueError: it is none.
    """
    value = int(text)
    if value < 0:
        raise ValueError(f"{text!r} is less than nothing")
    return value


def read_some(text: str) -> int:
    """Return a whole number of 1 or more.

    Raises:
        ValueError: it is none.
    """
    value = read_whole(text)
    if not value:
        raise ValueError(f"{text!r} is not enough")
    return value


# What differs from `frisket cut`.
_CHANGED: dict[str, dict[str, Any]] = {
    "output": {
        "help": "folder, template, or archive RUN.zip; the folders of the inputs are kept",
        "stored": False,
        "example": "out/{sub}/{stem}-{kind}.{ext}",
    },
    "sandbox": {"help": "decode in a child process with limits first; always so here"},
}
_OWN = (
    Option(
        "recipe", "TOML file with options; those of the command line count more",
        path, metavar="FILE", group=_GROUP, stored=False,
    ),
    Option(
        "jobs", "how many files are worked on at the same time; default: 3",
        read_some, metavar="N", default=3, group=_GROUP, stored=False, whole=True,
    ),
    Option(
        "no-sandbox", "trust the files: decode them in this process at once",
        group=_GROUP, stored=False,
    ),
    Option(
        "journal", "folder of the journal; default: .frisket in the folder of the results",
        path, metavar="FOLDER", group=_GROUP, stored=False,
    ),
    Option(
        "retries", "how often a file that failed is tried again; default: 3",
        read_whole, metavar="N", default=3, group=_GROUP, stored=False, whole=True,
    ),
    Option(
        "redo", "make again what was given up, what a person rejected, or what asks for "
        "an eye; may be repeated",
        str, choices=REDO, repeats=True, group=_GROUP, stored=False,
    ),
    Option(
        "engine", "where results are made: on this machine, or by the workers of a Ray cluster, "
        "one for each of --jobs; default: local",
        str, choices=("local", "ray"), default="local", group=_GROUP, stored=False,
    ),
    Option(
        "address", "of the Ray cluster's head; by default one is begun on this machine alone",
        str, metavar="HOST:PORT|auto", default="", group=_GROUP, stored=False,
        example="192.0.2.7:6379",
    ),
    Option("force", "make everything again", group=_GROUP, stored=False),
    Option(
        "fail-on", "end with status 10 where a result should be looked at",
        str, choices=FAIL_ON, default="", group=_GROUP, stored=False, example="review",
    ),
    Option("dry-run", "print what would be done, and do nothing", group=_GROUP, stored=False),
    Option("status", "print how far the batch in a folder is", group=_GROUP, stored=False),
    Option(
        "events", "print one line of JSON for everything that happens",
        group=_GROUP, stored=False,
    ),
    Option(
        "no-thumbnails", "keep no small pictures for the review page",
        group=_GROUP, stored=False,
    ),
)  # fmt: skip

BATCH_OPTIONS = (
    *(replace(row, **_CHANGED.get(row.name, {})) for row in CUT_OPTIONS),
    *_OWN,
)

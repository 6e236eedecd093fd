"""Exit statuses of the frisket command, one for each thing a script must tell apart."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    """See docs/cli.md."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    BAD_INPUT = 3
    NO_LAYER = 4
    BAD_OUTPUT = 5
    MODEL = 6
    SERVER = 7
    NO_SUBJECT = 8
    DIFFERENT = 9
    NEEDS_REVIEW = 10
    SOME_FAILED = 11
    PARTLY = 12
    NO_PLUGIN = 13
    BAD_PLUGIN = 14
    INTERRUPTED = 130

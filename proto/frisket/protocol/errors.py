"""The root of every error that frisket means for people."""

from __future__ import annotations


class FrisketError(Exception):
    """Something frisket cannot do; its text is one sentence that says what and what to do."""

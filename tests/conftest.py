"""What every test has in common."""

from __future__ import annotations

import signal

import hypothesis
from browsing import browser, open_page

__all__ = ["browser", "open_page"]

# Who starts tests in the background may ignore Ctrl-C for them; what they start must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A test says what holds, not how fast: a busy machine may take its time over an example.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

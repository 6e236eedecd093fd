"""What every test has in common."""

from __future__ import annotations

import hypothesis

# A test says what holds, not how fast: a busy machine may take its time over an example.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")

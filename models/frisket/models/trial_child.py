"""The process in which a stranger's model is tried; see `trial_run`."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import sys
from pathlib import Path

from .core.errors import ModelError
from .loading import check_run
from .trial_run import NO_MEMORY


def _restrict() -> None:
    """Allow no more memory than the machine has, and no core dump."""
    with contextlib.suppress(ImportError, ValueError, OSError, AttributeError):
        import resource

        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # What is written to; the space that is only reserved is many times larger.
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))


def main() -> int:
    """Serve as the child: one model on standard input, one line on standard output."""
    # From the parent, which made it of its own manifests.
    spec, files = pickle.load(sys.stdin.buffer)
    _restrict()
    found = None
    try:
        check_run(spec, {part: Path(file) for part, file in files.items()})
    except MemoryError:
        return NO_MEMORY
    except ModelError as error:
        found = {"kind": type(error).__name__, "text": str(error)}
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())

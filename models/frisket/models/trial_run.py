"""Trying a stranger's model in a process of its own: it may crash, hang or eat memory there."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from frisket.protocol.printable import make_printable

from .core import errors
from .core.errors import ModelFileError
from .core.spec import Spec

LIMIT_S = 300.0
"""The largest known model takes a tenth of it on two cores."""
NO_MEMORY = 3
"""The child's exit status when it was given no more."""


def try_apart(spec: Spec, files: Mapping[str, Path]) -> None:
    """Load a model's files and run them once, in a child that ends with this call.

    Args:
        spec: how it is fed.
        files: the file of every part.

    Raises:
        BadSignature, BadOutput, MissingExtra: what the run found.
        ModelFileError: the files cannot be loaded, or the child had to be ended.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        # Whatever interrupts this kills the child: a run in native code heeds no Ctrl-C.
        done = subprocess.run(
            [sys.executable, "-m", "frisket.models.trial_child"],
            input=pickle.dumps((spec, {part: str(file) for part, file in files.items()})),
            capture_output=True,
            timeout=LIMIT_S,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ModelFileError(
            f"The check run of {spec.name} did not end within {LIMIT_S:.0f} s; it was not added."
        ) from error
    except OSError as error:
        raise ModelFileError(f"The check run could not be started: {error.strerror}.") from error
    _judge(spec, done)


def _judge(spec: Spec, done: subprocess.CompletedProcess[bytes]) -> None:
    """Raise what the child found, or how it died."""
    if done.returncode == NO_MEMORY:
        raise ModelFileError(f"{spec.name} asks for more memory than this machine has.")
    if done.returncode:
        last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason"])[-1]
        reason = f"signal {-done.returncode}" if done.returncode < 0 else make_printable(last, 200)
        raise ModelFileError(f"{spec.name} ended the process that tried it ({reason}).")
    found = json.loads(done.stdout.splitlines()[-1])
    if found:
        kind = getattr(errors, found["kind"], ModelFileError)
        raise kind(found["text"])

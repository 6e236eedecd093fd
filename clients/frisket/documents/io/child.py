"""Work on untrusted bytes in a child process with limits.

A decoder that crashes, hangs or eats memory takes the child with it and not the program. The
child is a module of its own whose ``main`` is ``serve``; it answers nothing, or with an error.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..core import errors
from ..core.errors import DocumentError, UnreadableDocument

_MEMORY_EXIT = 3


@dataclass(frozen=True)
class SandboxLimits:
    """What the child may use.

    Attributes:
        memory: Bytes of address space; the interpreter and its libraries take about one GB.
        seconds: Time on the clock, and of each processor.
        written: Bytes of each file that it may write; by default none.
    """

    memory: int = 6 << 30
    seconds: int = 300
    written: int = 0


def run_child(
    module: str, path: str, request: dict[str, Any], limits: SandboxLimits, doing: str
) -> None:
    """Have a child do what a request says; return only if it came to no harm.

    Args:
        module: The module to run, which calls ``serve``.
        path: The file it is about, for messages.
        request: What it gets: values that JSON has.
        limits: What it may use.
        doing: What it does, for messages: "decoding".

    Raises:
        DocumentError: What the child raised, or that it had to be stopped.
    """
    told = {**request, "limits": [limits.memory, limits.seconds, limits.written]}
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        result = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(told),
            capture_output=True,
            text=True,
            timeout=limits.seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableDocument(
            path, f"{doing} took more than {limits.seconds} seconds"
        ) from error
    _judge(path, result, doing)


def _judge(path: str, result: subprocess.CompletedProcess[str], doing: str) -> None:
    """Turn what the child said, or how it died, into the same errors as without it."""
    if result.returncode == 0:
        answer = json.loads(result.stdout)
        if answer is not None:
            raise _revive(answer)
        return
    if result.returncode == _MEMORY_EXIT:
        raise UnreadableDocument(path, f"{doing} asked for more memory than it may have")
    if result.returncode < 0:
        raise UnreadableDocument(
            path, f"{doing} crashed (signal {-result.returncode})", advice="the file is damaged"
        )
    last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise UnreadableDocument(path, f"{doing} failed ({last})")


def _revive(answer: dict[str, Any]) -> DocumentError:
    kind = getattr(errors, str(answer.pop("kind")), DocumentError)
    error: DocumentError = kind.__new__(kind)
    error.__dict__.update(answer)
    Exception.__init__(error, error.compose_sentence())
    return error


def _restrict(memory: int, seconds: int, written: int) -> None:
    """Allow no more memory, time and bytes written than given, and no core dump."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent remains
        return
    wanted = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, written),
    )
    for kind, value in wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def serve(work: Callable[[dict[str, Any]], None]) -> int:
    """Serve as the child: one request on standard input, one answer on standard output."""
    request = json.load(sys.stdin)
    _restrict(*request["limits"])
    answer = None
    try:
        work(request)
    except DocumentError as error:
        answer = {"kind": type(error).__name__, **error.__dict__}
    except MemoryError:
        return _MEMORY_EXIT
    json.dump(answer, sys.stdout)
    return 0

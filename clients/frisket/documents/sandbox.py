"""Rehearsing an untrusted file in a child process with limits.

A decoder in C that crashes, hangs or eats memory takes the child with it and not the program.
The child opens the file, lists its layers and decodes the chosen ones from top to bottom; what
it survived, the parent may do again.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .core import errors
from .core.errors import DocumentError, UnreadableDocument

_MEMORY_EXIT = 3


@dataclass(frozen=True)
class SandboxLimits:
    """What the child may use.

    Attributes:
        memory: Bytes of address space; the interpreter and its libraries take about one GB.
        seconds: Time on the clock, and of each processor.
    """

    memory: int = 6 << 30
    seconds: int = 300


def decode_in_sandbox(
    path: str | os.PathLike[str],
    selectors: Sequence[str] = (),
    all_layers: bool = False,
    limits: SandboxLimits | None = None,
    encoding: str = "",
) -> None:
    """Open and decode a file in a child; return only if it came to no harm.

    Args:
        path: The file.
        selectors: Layers to decode, as for ``find_layers``; none means the default layer.
        all_layers: Decode every layer with pixels.
        limits: What the child may use.
        encoding: Of layer names, as for ``open_document``.

    Raises:
        DocumentError: What opening or decoding raised, or that the child had to be stopped.
    """
    bounds = limits or SandboxLimits()
    request = {
        "path": os.fspath(path),
        "selectors": list(selectors),
        "all": all_layers,
        "encoding": encoding,
        "memory": bounds.memory,
        "seconds": bounds.seconds,
    }
    result = _run_child(os.fspath(path), request, bounds.seconds)
    _judge(os.fspath(path), result)


def _run_child(
    path: str, request: dict[str, Any], seconds: int
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    try:
        return subprocess.run(
            [sys.executable, "-m", "frisket.documents.sandbox"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds,
            env=environment,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise UnreadableDocument(path, f"decoding took more than {seconds} seconds") from error


def _judge(path: str, result: subprocess.CompletedProcess[str]) -> None:
    """Turn what the child said, or how it died, into the same errors as without it."""
    if result.returncode == 0:
        answer = json.loads(result.stdout)
        if answer is not None:
            raise _revive(answer)
        return
    if result.returncode == _MEMORY_EXIT:
        raise UnreadableDocument(path, "decoding asked for more memory than it may have")
    if result.returncode < 0:
        raise UnreadableDocument(
            path, f"decoding crashed (signal {-result.returncode})", advice="the file is damaged"
        )
    last = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
    raise UnreadableDocument(path, f"decoding failed ({last})")


def _revive(answer: dict[str, Any]) -> DocumentError:
    kind = getattr(errors, str(answer.pop("kind")), DocumentError)
    error: DocumentError = kind.__new__(kind)
    error.__dict__.update(answer)
    Exception.__init__(error, error.compose_sentence())
    return error


def _restrict(memory: int, seconds: int) -> None:
    """Allow no more memory and time than given, no core dump, and no file written."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent remains
        return
    wanted = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    )
    for kind, value in wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def decode(path: str, selectors: Sequence[str], all_layers: bool, encoding: str) -> None:
    """Open a file and sweep over the layers once."""
    from .opening import open_document

    with open_document(path, encoding) as document:
        for layer in document.find_layers(selectors, all_layers):
            for _ in document.raster(layer).bands():
                pass


def main() -> int:
    """Serve as the child: one request on standard input, one answer on standard output."""
    request = json.load(sys.stdin)
    _restrict(request["memory"], request["seconds"])
    answer = None
    try:
        decode(request["path"], request["selectors"], request["all"], request["encoding"])
    except DocumentError as error:
        answer = {"kind": type(error).__name__, **error.__dict__}
    except MemoryError:
        return _MEMORY_EXIT
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())

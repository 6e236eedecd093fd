"""Work on untrusted bytes in a child process with limits.

A decoder in C that crashes, hangs or eats memory takes the child with it and not the program. The
child is a module of its own whose ``main`` is ``serve``; it answers nothing, or with an error. One
child serves many files, one after another: to start one takes longer than to decode most files.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any

from ..core import errors
from ..core.errors import DocumentError, UnreadableDocument

_MEMORY_EXIT = 3
# Then a fresh one comes: whatever files may have left behind in it goes with it.
_FILES_PER_CHILD = 200


@dataclass(frozen=True)
class SandboxLimits:
    """What the child may use.

    Attributes:
        memory: Bytes of address space; the interpreter and its libraries take about one GB.
        seconds: Time for one file on the clock, and of each processor.
        written: Bytes of each file that it may write; by default none.
    """

    memory: int = 6 << 30
    seconds: int = 300
    written: int = 0


class Workshop:
    """A child that works on one file after another; one thread at a time may ask it.

    It is started when it is first needed, and again when a file ended it.

    Args:
        module: The module to run, which calls ``serve``.
        doing: What it does, for messages: "decoding".
        limits: What it may use.
    """

    def __init__(self, module: str, doing: str, limits: SandboxLimits | None = None) -> None:
        self._module, self._doing = module, doing
        self._limits = limits or SandboxLimits()
        self._child: _Child | None = None

    def __enter__(self) -> Workshop:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child; the next file gets another."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def ask(self, path: str, request: dict[str, Any]) -> None:
        """Have the child do what a request says; return only if it came to no harm.

        Args:
            path: The file it is about, for messages.
            request: What it gets: values that JSON has.

        Raises:
            DocumentError: What the child raised, or that it had to be stopped.
        """
        child = self._child = self._child or _Child(self._module, self._limits)
        answer = child.ask(request)
        if answer is None:
            self.close()
            raise child.tell_end(path, self._doing)
        if child.served >= _FILES_PER_CHILD:
            self.close()
        if answer["error"] is not None:
            raise _revive(answer["error"])


class _Child:
    """A running child, and how it ended."""

    def __init__(self, module: str, limits: SandboxLimits) -> None:
        self._seconds, self.served, self._late = limits.seconds, 0, False
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._said: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        words = (str(value) for value in (limits.memory, limits.seconds, limits.written))
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environment,
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the child's answer, or None where it ended instead."""
        assert self._process.stdin is not None and self._process.stdout is not None
        watch = threading.Timer(self._seconds, self._stop)
        watch.start()
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watch.cancel()
        self.served += 1
        answer: dict[str, Any] | None = json.loads(line) if line.endswith("\n") else None
        return answer

    def _stop(self) -> None:
        self._late = True
        self._process.kill()

    def end(self) -> None:
        """End it, and give back what it held."""
        self._process.kill()
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate()

    def tell_end(self, path: str, doing: str) -> DocumentError:
        """Return how a child died as the error of the file that it died of."""
        self._said.seek(0)
        status, lines = self._process.wait(), self._said.read().strip().splitlines()
        if self._late:
            return UnreadableDocument(path, f"{doing} took more than {self._seconds} seconds")
        if status == _MEMORY_EXIT:
            return UnreadableDocument(path, f"{doing} asked for more memory than it may have")
        if status < 0:
            return UnreadableDocument(
                path, f"{doing} crashed (signal {-status})", advice="the file is damaged"
            )
        last = lines[-1] if lines else "no reason given"
        return UnreadableDocument(path, f"{doing} failed ({last})")


def _revive(answer: dict[str, Any]) -> DocumentError:
    kind = getattr(errors, str(answer.pop("kind")), DocumentError)
    error: DocumentError = kind.__new__(kind)
    error.__dict__.update(answer)
    Exception.__init__(error, error.compose_sentence())
    return error


def _restrict(memory: int, written: int) -> None:
    """Allow no more memory and bytes written than given, and no core dump."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent remains
        return
    wanted = (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, written),
    )
    for kind, value in wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (value, value))


def _allow(seconds: int) -> None:
    """Allow so much more time of the processor than was used already."""
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(usage.ru_utime + usage.ru_stime) + seconds
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (until, most))


def serve(work: Callable[[dict[str, Any]], None]) -> int:
    """Serve as the child: a request on each line of standard input, an answer for each."""
    memory, seconds, written = (int(word) for word in sys.argv[1:])
    # Ctrl-C is the parent's to answer, which may want this file finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _restrict(memory, written)
    for line in sys.stdin:
        _allow(seconds)
        try:
            answer = _answer(work, line)
        except MemoryError:
            return _MEMORY_EXIT
        print(json.dumps(answer), flush=True)
    return 0


def _answer(work: Callable[[dict[str, Any]], None], line: str) -> dict[str, Any]:
    try:
        work(json.loads(line))
    except DocumentError as error:
        return {"error": {"kind": type(error).__name__, **error.__dict__}}
    return {"error": None}

"""Rehearsing untrusted files in a child process with limits.

A decoder in C that crashes, hangs or eats memory takes the child with it and not the program.
The child opens a file, lists its layers and decodes the chosen ones from top to bottom; what
it survived, the parent may do again. One child serves many files, one after another: to start
one takes longer than to decode most files.
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
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any

from .core import errors
from .core.errors import DocumentError, UnreadableDocument

_MEMORY_EXIT = 3
# Then a fresh one comes: whatever files may have left behind in it goes with it.
_FILES_PER_CHILD = 200


@dataclass(frozen=True)
class SandboxLimits:
    """What the child may use.

    Attributes:
        memory: Bytes of address space; the interpreter and its libraries take about one GB.
        seconds: Time for one file on the clock, and of each processor.
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
    """Open and decode a file in a child of its own; see `Sandbox.decode`.

    Raises:
        DocumentError: What opening or decoding raised, or that the child had to be stopped.
    """
    with Sandbox(limits) as sandbox:
        sandbox.decode(path, selectors, all_layers, encoding)


class Sandbox:
    """A child that decodes one file after another; one thread at a time may ask it.

    It is started when it is first needed, and again when a file ended it.

    Args:
        limits: What it may use.
    """

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        self._limits = limits or SandboxLimits()
        self._child: _Child | None = None

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child; the next file gets another."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    def decode(
        self,
        path: str | os.PathLike[str],
        selectors: Sequence[str] = (),
        all_layers: bool = False,
        encoding: str = "",
        *,
        pixels: bool = True,
    ) -> None:
        """Open and decode a file in the child; return only if it came to no harm.

        Args:
            path: The file.
            selectors: Layers to decode, as for ``find_layers``; none means the default layer.
            all_layers: Decode every layer with pixels.
            encoding: Of layer names, as for ``open_document``.
            pixels: False only opens it and finds the layers.

        Raises:
            DocumentError: What opening or decoding raised, or that the child had to be stopped.
        """
        request = {
            "path": os.fspath(path),
            "selectors": list(selectors),
            "all_layers": all_layers,
            "encoding": encoding,
            "pixels": pixels,
        }
        if self._child is None:
            self._child = _Child(self._limits)
        child = self._child
        answer = child.ask(request)
        if answer is None:
            self.close()
            raise child.tell_end(os.fspath(path))
        if child.served >= _FILES_PER_CHILD:
            self.close()
        if answer["error"] is not None:
            raise _revive(answer["error"])


class _Child:
    """A running child, and how it ended."""

    def __init__(self, limits: SandboxLimits) -> None:
        self._seconds, self.served, self._late = limits.seconds, 0, False
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._said: IO[str] = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "frisket.documents.sandbox"),
                *(str(limits.memory), str(limits.seconds)),
            ],
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

    def tell_end(self, path: str) -> DocumentError:
        """Return how a child died as the error of the file that it died of."""
        self._said.seek(0)
        status, lines = self._process.wait(), self._said.read().strip().splitlines()
        if self._late:
            return UnreadableDocument(path, f"decoding took more than {self._seconds} seconds")
        if status == _MEMORY_EXIT:
            return UnreadableDocument(path, "decoding asked for more memory than it may have")
        if status < 0:
            return UnreadableDocument(
                path, f"decoding crashed (signal {-status})", advice="the file is damaged"
            )
        last = lines[-1] if lines else "no reason given"
        return UnreadableDocument(path, f"decoding failed ({last})")


def _revive(answer: dict[str, Any]) -> DocumentError:
    kind = getattr(errors, str(answer.pop("kind")), DocumentError)
    error: DocumentError = kind.__new__(kind)
    error.__dict__.update(answer)
    Exception.__init__(error, error.compose_sentence())
    return error


def _restrict(memory: int) -> None:
    """Allow no more memory than given, no core dump, and no file written."""
    try:
        import resource
    except ImportError:  # Windows: the time limit of the parent remains
        return
    wanted = ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0))
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


def decode(
    path: str, selectors: Sequence[str], all_layers: bool, encoding: str, pixels: bool
) -> None:
    """Open a file and, for its pixels, sweep over the layers once."""
    from .opening import open_document

    with open_document(path, encoding) as document:
        for layer in document.find_layers(selectors, all_layers):
            for _ in document.raster(layer).bands() if pixels else ():
                pass


def _serve(line: str, seconds: int) -> dict[str, Any]:
    _allow(seconds)
    try:
        decode(**json.loads(line))
    except DocumentError as error:
        return {"error": {"kind": type(error).__name__, **error.__dict__}}
    return {"error": None}


def main() -> int:
    """Serve as the child: a request on each line of standard input, an answer for each."""
    memory, seconds = (int(word) for word in sys.argv[1:])
    # Ctrl-C is the parent's to answer, which may want this file finished.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _restrict(memory)
    for line in sys.stdin:
        try:
            print(json.dumps(_serve(line, seconds)), flush=True)
        except MemoryError:
            return _MEMORY_EXIT
    return 0


if __name__ == "__main__":
    sys.exit(main())

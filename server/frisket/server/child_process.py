"""The process in which a device's models live, as its parent sees it: asked, stopped, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from frisket.models import (
    BadOutput,
    BadPicture,
    BadPrompt,
    BadSignature,
    ConsentRequired,
    DeviceUnavailable,
    MissingExtra,
    ModelClosed,
    ModelError,
    ModelFailed,
    ModelFileError,
    NotPresent,
    OutOfMemory,
    WrongHash,
)
from frisket.models.core.types import Array
from frisket.protocol.memory import ask_for_large_pages
from frisket.server.child_wire import (
    BrokenFrame,
    Request,
    StopModel,
    read_answer,
    read_part,
    read_state,
    write_request,
)

_KINDS: Mapping[str, type[ModelError]] = {
    kind.__name__: kind
    for kind in (
        BadOutput,
        BadPicture,
        BadPrompt,
        BadSignature,
        ConsentRequired,
        DeviceUnavailable,
        MissingExtra,
        ModelClosed,
        ModelError,
        ModelFileError,
        NotPresent,
        OutOfMemory,
        WrongHash,
    )
}


class ProcessLost(Exception):
    """The process ended before it answered.

    Attributes:
        alone: nothing else was under way, so it was this request's doing.
    """

    def __init__(self, text: str, alone: bool) -> None:
        super().__init__(text)
        self.alone = alone


@dataclass(frozen=True, eq=False)
class Asked:
    """A request under way.

    Attributes:
        request: itself.
        parts: where its pixels are to go.
        opens: it only opens a model.
        answer: what comes.
        spare: bytes of states that may come behind the pixels.
    """

    request: Request
    parts: Sequence[Array]
    opens: bool
    answer: Future[dict[str, Any]]
    spare: int = 0

    def fits(self, sizes: Sequence[int], failed: bool) -> bool:
        """Tell whether an answer's parts are those that were asked for, and a state if any."""
        count = len(self.parts)
        if failed:
            return not sizes
        wanted = [part.nbytes for part in self.parts]
        return list(sizes[:count]) == wanted and sum(sizes[count:]) <= self.spare


class ModelProcess:
    """One process, from its start to its end.

    Attributes:
        opened: numbers of the models that are open in it.
        peak_bytes: the most memory it has said to have taken.
        weights: what it says that each model takes, by number.
        grown: how much more it keeps than before its first model, of what it kept then.
    """

    def __init__(self, home: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "frisket.server.child_main", str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=ask_for_large_pages(os.environ),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._inbox: BinaryIO = self._process.stdout  # type: ignore[assignment]
        self._outbox: BinaryIO = self._process.stdin  # type: ignore[assignment]
        self._asked: dict[int, Asked] = {}
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._over = False
        self.opened: set[int] = set()
        self.peak_bytes = 0
        self.weights: Mapping[int, int] = {}
        self.grown = 0.0
        self._reader = threading.Thread(target=self._read, name="models", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def over(self) -> bool:
        """Whether it has ended, or is about to."""
        return self._over

    def ask(
        self,
        request: Request,
        parts: Sequence[Array] = (),
        opens: bool = False,
        spare: int = 0,
    ) -> dict[str, Any]:
        """Return the answer to a request; its pixels are put into `parts`.

        Args:
            request: what is asked.
            parts: where its pixels go.
            opens: a model is opened for itself, and not because a run needs it again.
            spare: bytes of states that may come too; they are the answer's "arrays", flat.

        Raises:
            ModelError: what the model refused, or that it was stopped.
            ProcessLost: the process ended.
        """
        asked = Asked(request, parts, opens, Future(), spare)
        with self._lock:
            if self._over:
                raise ProcessLost("It had ended.", alone=False)
            self._asked[request.id] = asked
        try:
            with self._writing:
                write_request(self._outbox, request)
        except (OSError, ValueError):
            pass  # it is ending, or its pipe is closed already, and the reader says how
        return asked.answer.result()

    def stop(self, model: int) -> None:
        """Tell a model to stop; never waits, so a process that takes nothing in is not told."""
        if self._writing.acquire(blocking=False):
            try:
                with contextlib.suppress(OSError):
                    write_request(self._outbox, StopModel(0, model))
            finally:
                self._writing.release()

    def kill(self, opening: bool = False) -> None:
        """End it; what is to blame fails for good, whatever else is under way may be tried again.

        Args:
            opening: what opens is to blame, not what runs.
        """
        with self._lock:
            self._over = True
            blamed = [asked for asked in self._asked.values() if asked.opens == opening]
            for asked in blamed:
                del self._asked[asked.request.id]
        for asked in blamed:
            asked.answer.set_exception(ModelFailed("The model was stopped."))
        self._process.kill()

    def wait(self, limit_s: float) -> None:
        """Wait until it has ended and nothing of it is left in the system's table."""
        self._reader.join(limit_s)

    # -------------------------------------------------------------- reading

    def _read(self) -> None:
        why = ""
        try:
            while True:
                self._take_answer()
        except (BrokenFrame, ValueError, OSError) as error:
            why = f"it sent {error}"
        except EOFError:
            pass
        self._end(why)

    def _take_answer(self) -> None:
        answer, sizes = read_answer(self._inbox)
        with self._lock:
            asked = self._asked.get(answer.get("id", -1))
        if asked is None:
            raise BrokenFrame("an answer that nobody asked for")
        if not asked.fits(sizes, "error" in answer):
            raise BrokenFrame(f"an answer of {sum(sizes)} bytes that does not fit")
        for part in asked.parts if sizes else ():
            read_part(self._inbox, part)
        answer["arrays"] = [read_state(self._inbox, size) for size in sizes[len(asked.parts) :]]
        self._note_memory(answer)
        with self._lock:
            self._asked.pop(asked.request.id, None)
        with contextlib.suppress(Exception):  # killed in this very moment
            _settle(asked.answer, answer)

    def _note_memory(self, answer: Mapping[str, Any]) -> None:
        """Take note of what the process says of its memory; only numbers are believed.

        Raises:
            BrokenFrame: it says something else.
        """
        weights = answer.get("weights", {})
        try:
            self.peak_bytes = int(answer.get("peak", 0))
            self.weights = {int(model): max(0, int(size)) for model, size in weights.items()}
            self.grown = int(answer.get("kept", 0)) / max(1, int(answer.get("base", 0))) - 1
        except (TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BrokenFrame("an answer whose figures are none") from error

    def _end(self, why: str) -> None:
        """Tell whoever waits that the process is no more."""
        killed = self._over
        self._process.kill()
        status = self._process.wait()
        with self._lock:
            self._over = True
            lost, self._asked = list(self._asked.values()), {}
        for pipe in (self._inbox, self._outbox):
            with contextlib.suppress(OSError):
                pipe.close()
        for asked in lost:
            error = ProcessLost(why or _name_end(status), len(lost) == 1 and not killed)
            asked.answer.set_exception(error)


def _settle(future: Future[dict[str, Any]], answer: dict[str, Any]) -> None:
    if "error" not in answer:
        future.set_result(answer)
        return
    text = "".join(c if c.isprintable() else " " for c in str(answer.get("text", "")))
    kind = _KINDS.get(str(answer["error"]))
    future.set_exception(kind(text) if kind else RuntimeError(f"in the models' process: {text}"))


def _name_end(status: int) -> str:
    if status < 0:
        with contextlib.suppress(ValueError):
            return signal.Signals(-status).name
    return f"status {status}"

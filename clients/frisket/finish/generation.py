"""One conversation with a generator: a request in, a picture and an answer out.

The process gets one line of JSON on its standard input, in a folder that holds the subject:

    {"version": 1, "prompt": "…", "width": 1024, "height": 768, "seed": 7, "steps": 30,
     "device": "cuda", "subject": "subject.png", "output": "background.png"}

`subject.png` has straight sRGB colours and the matte as opacity, in the size that is asked for;
`steps` and `device` are left out where it is to choose. It writes `background.png` in that size,
and as the last line of its standard output one object of JSON: what it used
(`{"model": "…", "licence": "…"}`, both may be left out), or why not
(`{"error": "refused" or "memory" or another word, "message": "…"}`). Lines before that tell how far
it is, where it knows: `{"step": 3, "steps": 30}`, and the licence, before it fetches what has one.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image

from frisket.protocol.printable import make_printable

from .entry import Progress
from .errors import BadFinish
from .generators import Generator, require_consent

SUBJECT, OUTPUT = "subject.png", "background.png"
_REQUEST, _ANSWER = "request", "answer"
_MOST_BYTES = 1 << 16
_ENDED_S = 5.0
_LOOK_S = 0.25
_MOST_STEPS = 1 << 20
_KILLED = 9


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        prompt: what the background shows.
        width, height: its pixels.
        seed: the same one gives the same picture again.
        steps: 0 for the generator's choice.
        device: empty for the generator's choice.
    """

    prompt: str
    width: int
    height: int
    seed: int
    steps: int = 0
    device: str = ""

    def pack(self) -> bytes:
        """Return the line of JSON."""
        told: dict[str, Any] = {
            "version": 1, "prompt": self.prompt, "width": self.width, "height": self.height,
            "seed": self.seed, "subject": SUBJECT, "output": OUTPUT,
        }  # fmt: skip
        told |= {"steps": self.steps} if self.steps else {}
        told |= {"device": self.device} if self.device else {}
        return json.dumps(told).encode() + b"\n"


def ask(generator: Generator, request: Request, folder: Path, progress: Progress) -> dict[str, str]:
    """Run a generator in a folder that holds the subject, and return what it tells of itself.

    Args:
        generator: what is run.
        request: what it is asked for.
        folder: where it works.
        progress: told "generating" and the steps that it tells of, or 0 of 1.

    Raises:
        BadFinish: it cannot be started, refuses, fails, takes too long, gives another size, or
            tells of a licence that is not accepted.
    """
    (folder / _REQUEST).write_bytes(request.pack())
    with (folder / _ANSWER).open("w+b") as answer, (folder / "log").open("w+b") as log:
        progress("generating", 0, 1)
        process = _start(generator, folder, answer, log)
        try:
            _wait(process, generator, lambda: _look(generator, folder, progress))
        finally:
            _end(process)
        status, told = process.returncode, _read_answer(answer)
        last = _read_tail(log).strip().splitlines()[-1:] or [""]
    if status or "error" in told:
        raise BadFinish(_explain(generator, status, told, last[0]))
    _check_picture(generator, request, folder / OUTPUT)
    return {
        key: make_printable(str(told[key])[:200]) for key in ("model", "licence") if told.get(key)
    }


def _start(
    generator: Generator, folder: Path, answer: IO[bytes], log: IO[bytes]
) -> subprocess.Popen[bytes]:
    try:
        # A file, not a pipe: nothing waits for who does not read.
        with (folder / _REQUEST).open("rb") as request:
            return subprocess.Popen(
                generator.command, stdin=request, stdout=answer, stderr=log, cwd=folder,
                start_new_session=sys.platform != "win32",
            )  # fmt: skip
    except OSError as error:
        raise BadFinish(
            f"The generator {generator.name} cannot be started: {generator.command[0]}: "
            f"{(error.strerror or str(error)).lower()}"
        ) from error


def _wait(process: subprocess.Popen[bytes], generator: Generator, look: Callable[[], None]) -> None:
    """Wait for the end of the process, and look at its answer meanwhile."""
    end = time.monotonic() + generator.minutes * 60
    while (left := end - time.monotonic()) > 0:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(left, _LOOK_S))
        look()
        if process.returncode is not None:
            return
    raise BadFinish(
        f"The generator {generator.name} was not done after {generator.minutes:g} minutes; "
        "minutes in generators.toml allows more"
    )


def _look(generator: Generator, folder: Path, progress: Progress) -> None:
    """Tell the last step that the answer tells of, and refuse a licence that is not accepted."""
    # A place of its own in the file: the process writes where the other one stands.
    with (folder / _ANSWER).open("rb") as file:
        told = [_read_object(line) for line in _read_tail(file).splitlines()]
    for one in told:
        if one.get("licence"):
            require_consent(generator, make_printable(str(one["licence"])[:200]))
    steps = [step for one in told if (step := _read_step(one))]
    if steps:
        progress("generating", *steps[-1])


def _read_step(told: dict[str, Any]) -> tuple[int, int] | None:
    """Return how far it is, and of how much; None where that is not told."""
    step, steps = told.get("step"), told.get("steps")
    if type(step) is type(steps) is int and 0 <= step <= steps <= _MOST_STEPS:
        return step, steps
    return None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process, and on POSIX what it has started, where it still runs."""
    if process.poll() is None:
        with contextlib.suppress(OSError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_ENDED_S)


def _read_tail(file: IO[bytes]) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - _MOST_BYTES))
    return file.read(_MOST_BYTES).decode("utf-8", "replace")


def _read_answer(file: IO[bytes]) -> dict[str, Any]:
    """Return the object of the last line; an empty one where there is none."""
    lines = _read_tail(file).strip().splitlines()
    return _read_object(lines[-1]) if lines else {}


def _read_object(line: str) -> dict[str, Any]:
    """Return an object of JSON; an empty one where it is none."""
    with contextlib.suppress(ValueError, RecursionError):
        told = json.loads(line)
        return told if isinstance(told, dict) else {}
    return {}


def _explain(generator: Generator, status: int, told: dict[str, Any], last: str) -> str:
    """Return why there is no background."""
    name, kind = f"The generator {generator.name}", told.get("error")
    said = make_printable(str(told.get("message") or last)[:300])
    why = f": {said}" if said else ""
    if kind == "refused":
        return f"{name} refuses this prompt{why}; ask for something else"
    if kind == "memory":
        return f"{name} ran out of memory{why}; a smaller side in generators.toml needs less"
    if status == -_KILLED:
        return (
            f"{name} was killed, as the system does when memory runs out{why}; a smaller side in "
            "generators.toml needs less"
        )
    return f"{name} failed{why if why else f' with status {status}'}"


def _check_picture(generator: Generator, request: Request, path: Path) -> None:
    try:
        with Image.open(path) as picture:
            size = picture.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise BadFinish(
            f"The generator {generator.name} gave no picture that opens: {path.name} is missing or "
            "damaged"
        ) from error
    if size != (request.width, request.height):
        raise BadFinish(
            f"The generator {generator.name} was asked for {request.width} × {request.height} "
            f"pixels and gave {size[0]} × {size[1]}; side and multiple in generators.toml say what "
            "it can make"
        )

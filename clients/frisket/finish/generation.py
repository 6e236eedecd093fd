"""One conversation with a generator: a request in, a picture and an answer out.

The process gets one line of JSON on its standard input, in a folder that holds the subject:

    {"version": 1, "prompt": "…", "width": 1024, "height": 768, "seed": 7, "steps": 30,
     "device": "cuda", "subject": "subject.png", "output": "background.png"}

`subject.png` has straight sRGB colours and the matte as opacity, in the size that is asked for;
`steps` and `device` are left out where it is to choose. It writes `background.png` in that size,
and as the last line of its standard output one object of JSON: what it used
(`{"model": "…", "licence": "…"}`, both may be left out), or why not
(`{"error": "refused" or "memory" or another word, "message": "…"}`).
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from PIL import Image

from frisket.protocol.printable import make_printable

from .errors import BadFinish
from .generators import Generator

SUBJECT, OUTPUT = "subject.png", "background.png"
_MOST_BYTES = 1 << 16
_ENDED_S = 5.0
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


def ask(generator: Generator, request: Request, folder: Path) -> dict[str, str]:
    """Run a generator in a folder that holds the subject, and return what it tells of itself.

    Raises:
        BadFinish: it cannot be started, refuses, fails, takes too long, or gives another size.
    """
    with (folder / "answer").open("w+b") as answer, (folder / "log").open("w+b") as log:
        status = _run(generator, request.pack(), folder, answer, log)
        told = _read_answer(answer)
        last = _read_tail(log).strip().splitlines()[-1:] or [""]
    if status or "error" in told:
        raise BadFinish(_explain(generator, status, told, last[0]))
    _check_picture(generator, request, folder / OUTPUT)
    return {
        key: make_printable(str(told[key])[:200]) for key in ("model", "licence") if told.get(key)
    }


def _run(generator: Generator, line: bytes, folder: Path, answer: IO[bytes], log: IO[bytes]) -> int:
    """Return the status with which the process ended."""
    try:
        process = subprocess.Popen(
            generator.command, stdin=subprocess.PIPE, stdout=answer, stderr=log, cwd=folder,
            start_new_session=sys.platform != "win32",
        )  # fmt: skip
    except OSError as error:
        raise BadFinish(
            f"The generator {generator.name} cannot be started: {generator.command[0]}: "
            f"{(error.strerror or str(error)).lower()}"
        ) from error
    try:
        process.communicate(line, timeout=generator.minutes * 60)
    except subprocess.TimeoutExpired:
        raise BadFinish(
            f"The generator {generator.name} was not done after {generator.minutes:g} minutes; "
            "minutes in generators.toml allows more"
        ) from None
    finally:
        _end(process)
    return process.returncode


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
    with contextlib.suppress(ValueError, IndexError, RecursionError):
        told = json.loads(lines[-1])
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

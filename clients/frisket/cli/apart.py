"""A command in a process apart, so that somebody is left to say how it ended.

Ray ends the program that uses it when its own part on this machine ends: at once, and without
a word or a chance to say one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

from frisket.cli.style import complain


def run_apart(work: Callable[[], int], sentence: str, lost: int) -> int:
    """Run `work` in a child of this process and return how it ended.

    It goes on with standard input and output of this process, hears the signals that this one
    gets, and ends when this one does. Elsewhere than on Linux it runs in this process.

    Args:
        work: returns an exit status.
        sentence: said when the child ends before `work` does.
        lost: the exit status then.
    """
    if sys.platform != "linux":
        return work()
    sys.stdout.flush()
    sys.stderr.flush()
    told, tell = os.pipe()  # a byte in it says that `work` came to its end
    life, hold = os.pipe()  # ends with the parent
    child = os.fork()
    if child:
        os.close(tell)
        os.close(life)
        return _await(child, told, sentence, lost)
    os.close(told)
    os.close(hold)
    # Ctrl-C reaches every process of the terminal's group; it is to be heard once.
    os.setpgid(0, 0)
    threading.Thread(target=_end_with_parent, args=(life,), daemon=True).start()
    try:
        return work()
    finally:
        os.write(tell, b".")


def _await(child: int, told: int, sentence: str, lost: int) -> int:
    """Wait for the child; return its status, or `lost` where it ended before its work."""

    def pass_on(number: int, frame: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, pass_on)
    _, ended = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(ended)
    os.set_blocking(told, False)
    with contextlib.suppress(BlockingIOError):
        if os.read(told, 1):
            return code if code >= 0 else 128 - code
    if code == -signal.SIGKILL:  # whoever did that knows
        return 128 - code
    complain(sentence)
    return lost


def _end_with_parent(life: int) -> None:
    os.read(life, 1)
    os._exit(1)

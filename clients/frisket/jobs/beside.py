"""Work on a thread of its own that keeps no program from its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def begin(work: Callable[[], Result], name: str) -> Future[Result]:
    """Begin work beside this thread, and return what becomes of it.

    No executor does: Python waits for its threads, and a Ctrl-C that comes within an import may
    leave a lock of the module behind that such a thread waits for without end.
    """
    ended: Future[Result] = Future()

    def run() -> None:
        try:
            ended.set_result(work())
        except BaseException as error:
            ended.set_exception(error)

    threading.Thread(target=run, daemon=True, name=name).start()
    return ended

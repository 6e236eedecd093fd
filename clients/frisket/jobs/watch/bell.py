"""Rings when something happens in a folder, where its file system tells."""

from __future__ import annotations

import contextlib
import threading
from importlib.util import find_spec
from pathlib import Path

from frisket.extras import advise_install
from frisket.jobs.watch.mounts import is_share

_LOOK_S, _SHARE_LOOK_S = 1.0, 5.0
# Events can get lost, for example of a folder that was unmounted and is back.
_IDLE_S = 10.0


class Bell:
    """Waits for the time of the next look.

    Args:
        root: the watched folder.
        poll_s: seconds between looks, which turns events off; None chooses.
    """

    def __init__(self, root: Path, poll_s: float | None = None) -> None:
        self._root = root
        self._rang, self._over = threading.Event(), threading.Event()
        self.notice = ""
        share = poll_s is None and is_share(root)
        self._events = poll_s is None and not share
        if self._events and find_spec("watchfiles") is None:
            self._events = False
            self.notice = (
                f"watchfiles is not installed, so the folder is looked at every {_LOOK_S:g} s "
                f"instead of when something happens in it; {advise_install('watch')}, or say "
                "--poll SECONDS."
            )
        self.look_s = poll_s or (_SHARE_LOOK_S if share else _LOOK_S)

    @property
    def has_events(self) -> bool:
        """Whether the system is asked to tell what happens."""
        return self._events

    def start(self) -> None:
        """Begin to listen."""
        self._over.clear()
        if self._events:
            threading.Thread(target=self._listen, args=(self._over,), daemon=True).start()

    def ring(self) -> None:
        """End the wait that goes on, or the next one."""
        self._rang.set()

    def wait(self) -> None:
        """Wait until something happens, or until it is time to look in any case."""
        self._rang.wait(_IDLE_S if self._events else self.look_s)
        self._rang.clear()

    def stop(self) -> None:
        """End listening."""
        self._over.set()
        self.ring()

    def _listen(self, over: threading.Event) -> None:
        import watchfiles

        while not over.is_set():
            # The folder has gone, or the system watches no more of them: looks go on.
            with contextlib.suppress(OSError, RuntimeError):
                for _ in watchfiles.watch(
                    self._root,
                    watch_filter=None,
                    debounce=100,
                    stop_event=over,
                    raise_interrupt=False,
                ):
                    self.ring()
            over.wait(_IDLE_S)

"""Running the `frisket` command as a user does, and a small layered document for it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

from PIL import Image
from serving import noisy_disc
from waiting import wait_until

FRISKET = [str(Path(sys.executable).parent / "frisket")]


def frisket(*arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*FRISKET, *map(str, arguments)], capture_output=True, text=True, timeout=timeout
    )


def refused(status: int, *arguments: object) -> str:
    """Run a command that must fail, with one sentence and no traceback."""
    done = frisket(*arguments)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    return done.stderr


class OnTerminal:
    """A command that runs with a terminal as its standard error.

    Attributes:
        process: the command; its standard output is a pipe.
        shown: what the terminal has been sent so far.
    """

    def __init__(self, *arguments: object, **variables: str) -> None:
        import pty

        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100", **variables}
        self.process = subprocess.Popen(
            [*FRISKET, *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=theirs,
            env=environment,
        )
        os.close(theirs)
        self.shown = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        try:
            while piece := os.read(self._ours, 4096):
                self.shown += piece
        except OSError:  # the other end is closed
            pass
        os.close(self._ours)

    def wait_for(self, text: str) -> None:
        """Wait until the terminal shows a text, or the command has ended."""
        wait_until(
            lambda: text.encode() in self.shown or self.process.poll() is not None,
            f"{text!r} on the terminal",
        )

    def finish(self) -> bytes:
        """Return all that the terminal was sent, after the command's end."""
        self.process.communicate(timeout=120)
        self._reader.join(60)
        return self.shown


def layered(path: Path) -> Path:
    from psd_tools import PSDImage

    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    group = document.create_group(name="People")
    disc = Image.fromarray(noisy_disc(300, 200))
    group.append(document.create_pixel_layer(disc, name="Disc", top=40, left=60))
    document.save(path)
    return path

"""A watch for tests: run once, or on a thread of its own."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from frisket.jobs import Watch
from frisket.jobs.batch import events
from frisket.jobs.batch.run import BatchResult, Rules
from frisket.jobs.watch.manners import Manners

QUICK = Rules(retries=0, patience_s=0.2)


def files(folder: Path) -> set[str]:
    """Every file below a folder, without journals and locks."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if not any(x.startswith(".") for x in path.parts)}


def once(folder: str = "in", output: str = "out", **named: Any) -> tuple[list[BatchResult], Watch]:
    """Do what is there, and return what became of it."""
    manners = {"once": True, "poll_s": 0.02, "looks": 2, "give_up_s": 0.0, **named.pop("how", {})}
    watch = Watch(folder, output, manners=Manners(**manners), rules=QUICK, model="fake", **named)
    return list(watch), watch


class Live:
    """A watch on a thread of its own, with what it made and told."""

    def __init__(self, folder: str = "in", output: str = "out", **how: Any) -> None:
        self.done: list[BatchResult] = []
        self.told: list[events.Event] = []
        manners = Manners(**{"poll_s": 0.02, "looks": 2, "give_up_s": 0.5, **how})
        self.watch = Watch(
            *(folder, output), manners=manners, rules=QUICK, model="fake", listen=self.told.append
        )
        self._thread = threading.Thread(target=lambda: self.done.extend(self.watch), daemon=True)

    @property
    def warnings(self) -> list[str]:
        return [one.text for one in self.told if isinstance(one, events.Warning)]

    @property
    def written(self) -> list[str]:
        made = [one for one in self.told if isinstance(one, events.ArtifactWritten)]
        return [one.output.name for one in made]

    def wait(self, what: Callable[[], Any]) -> None:
        """Wait until something is so."""
        end = time.monotonic() + 90
        while not what():
            assert time.monotonic() < end and self._thread.is_alive(), (self.done, self.warnings)
            time.sleep(0.02)

    @contextmanager
    def running(self) -> Iterator[Live]:
        self._thread.start()
        try:
            yield self
        finally:
            self.watch.stop()
            self._thread.join(60)
            assert not self._thread.is_alive()


def drop(*names: str) -> None:
    """Put the pictures of the fixture into a shop's folder."""
    Path("shop/in/more").mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(Path("in") / name, Path("shop/in") / name)

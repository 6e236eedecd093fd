"""The actors of a cluster that do tasks: those that have a place serve all workers of a batch.

After a machine was lost there may be no room for as many actors as before. Whoever waits for a new
one takes any that is free meanwhile: else a result would wait for a place that is free only when
all results are done.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from frisket.cluster.errors import NoPlace

PATIENCE_S = 60.0
"""How long a cluster may have no actor at all: it may be starting machines."""
_CLOSE_S = 5.0
_LOOK_S = 0.2


class Actors:
    """Actors that have a place on some machine, and those that wait for one.

    Args:
        ray: the module.
        make: asks for an actor of `RemoteStation`.
        patience_s: how long there may be none that is free or at work.
    """

    def __init__(self, ray: Any, make: Callable[[], Any], patience_s: float = PATIENCE_S) -> None:
        self._ray, self._make, self._patience_s = ray, make, patience_s
        self._changed = threading.Condition()
        self._coming: dict[Any, Any] = {}
        self._free: list[Any] = []
        self._at_work = 0

    def ask(self) -> None:
        """Ask for one more; it counts when it has a place."""
        actor = self._make()
        with self._changed:
            self._coming[actor.settle.remote()] = actor

    def take(self) -> Any:
        """Return one that is free, after a wait where all are at work.

        Raises:
            NoPlace: for too long there was none at all.
        """
        with self._changed:
            until = time.monotonic() + self._patience_s
            while not self._find_free():
                if self._at_work:
                    until = time.monotonic() + self._patience_s
                elif time.monotonic() > until:
                    raise NoPlace(
                        "No machine of the Ray cluster has room for a worker: look at "
                        "'ray status', or wait until its other work is done."
                    )
                self._changed.wait(_LOOK_S)
            self._at_work += 1
            return self._free.pop()

    def give_back(self, actor: Any) -> None:
        """Let others have one that was taken."""
        with self._changed:
            self._at_work -= 1
            self._free.append(actor)
            self._changed.notify()

    def replace(self) -> None:
        """Ask for another one for one that was taken and lost."""
        self.ask()
        with self._changed:
            self._at_work -= 1

    def close(self) -> None:
        """Let those go that are free; what is at work is ended with its cluster."""
        with self._changed:
            self._find_free()
            ended = [actor.close.remote() for actor in self._free]
            self._free.clear()
        with suppress(self._ray.exceptions.RayError):
            self._ray.get(ended, timeout=_CLOSE_S)

    def _find_free(self) -> bool:
        """Tell whether any is free, now that some may have come; whoever failed says so later."""
        if self._coming:
            refs = list(self._coming)
            came, _ = self._ray.wait(refs, num_returns=len(refs), timeout=0)
            self._free += [self._coming.pop(ref) for ref in came]
        return bool(self._free)

"""What a graph answered last: asked for one class after another, it runs once for all of them."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

from ..core.prepare import Frame
from ..core.types import Float, Picture

_MOST = 3
"""A picture, its mirror image, and the part around one subject: what `high` looks at."""
_MOST_BYTES = 32 << 20
Answer = tuple[Float, Frame]
"""A graph's map, and where the picture lies in it."""


class Remembered:
    """Keeps the answers to the last few pictures; it may be asked from several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, Answer] = OrderedDict()  # the least recently used first
        self._lock = threading.Lock()

    def find(
        self, images: Sequence[Picture], ask: Callable[[list[Picture]], list[Answer]]
    ) -> list[Answer]:
        """Return an answer for each picture; `ask` gives those that are not known.

        Raises:
            Exception: whatever `ask` raises.
        """
        keys = [_digest(image) for image in images]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: one for key, one in zip(keys, images, strict=True) if key not in found}
        fresh = dict(zip(missing, ask(list(missing.values())), strict=True)) if missing else {}
        with self._lock:
            self._keep({**found, **fresh})
        return [fresh[key] if key in fresh else found[key] for key in keys]

    def _keep(self, answers: dict[bytes, Answer]) -> None:
        for key, answer in answers.items():
            self._kept[key] = answer
            self._kept.move_to_end(key)
        while len(self._kept) > _MOST or _weigh(self._kept) > _MOST_BYTES:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Give the memory back."""
        with self._lock:
            self._kept.clear()


def _weigh(kept: OrderedDict[bytes, Answer]) -> int:
    return sum(values.nbytes for values, _ in kept.values())


def _digest(image: Picture) -> bytes:
    told = hashlib.blake2b(repr((image.shape, image.dtype.str)).encode(), digest_size=16)
    told.update(image.tobytes())
    return told.digest()

"""The features of pictures seen lately, so that a new hint costs a decoder's run only."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

import numpy as np

from ..core.prepare import Frame
from ..core.types import Array, Picture

Features = Mapping[str, Array]
LIMIT_BYTES = 128 << 20
"""Of the features kept: about thirty pictures of SAM, eight of SAM 2."""


class FeatureCache:
    """Keeps what an encoder said, by the picture's own bytes, the last used longest.

    The key is the content, so a client that comes back after a lost connection, or another
    session with the same layer, finds the features of the first.
    """

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._kept: OrderedDict[bytes, tuple[Features, Frame]] = OrderedDict()
        self._lock = threading.Lock()

    def get(
        self, image: Picture, encode: Callable[[Picture], tuple[Features, Frame]]
    ) -> tuple[Features, Frame]:
        """Return the features of a picture, encoded when they are not kept."""
        key = _digest(image)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        found = encode(image)
        with self._lock:
            self._kept[key] = found
            while len(self._kept) > 1 and self._count_bytes() > self._limit:
                self._kept.popitem(last=False)
        return found

    @property
    def held_bytes(self) -> int:
        """Return what the features kept take."""
        with self._lock:
            return self._count_bytes()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()

    def _count_bytes(self) -> int:
        return sum(a.nbytes for features, _ in self._kept.values() for a in features.values())


def _digest(image: Picture) -> bytes:
    state = hashlib.blake2b(repr(image.shape).encode(), digest_size=16)
    state.update(np.ascontiguousarray(image).data)
    return state.digest()

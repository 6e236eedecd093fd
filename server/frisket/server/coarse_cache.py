"""Coarse alphas that were found before: by content, model and what the model was told."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial

from frisket.matting import Matting
from frisket.matting.engine import Quality
from frisket.models import Coarse
from frisket.server.coarse_files import CoarseFiles
from frisket.server.scheduler import Share

_ENTRY_BYTES = 1024
"""What an entry takes beside its pixels."""


def make_key(matting: Matting, identity: str) -> str:
    """Return what a coarse alpha depends on, as a digest.

    Args:
        matting: the layer and what is wanted; its edge controls and depth come later.
        identity: of the model with its weights, runtime and device.

    Raises:
        BadInput: a hint outside the layer.
    """
    options, hints = matting.options, matting.hints
    several = options.quality in (Quality.HIGH, Quality.BEST)
    told = (identity, several, options.normalise, options.classes, hints.boxes, hints.points)
    digest = hashlib.sha256(repr((told, matting.proxy.shape, len(hints.scribbles))).encode())
    for line in hints.scribbles:
        digest.update(repr((line.positive, line.line.shape, line.line.dtype)).encode())
        digest.update(line.line.tobytes())
    digest.update(matting.proxy.tobytes())
    return digest.hexdigest()


class CoarseCache:
    """Keeps the coarse alphas that were used last; of one event loop.

    Args:
        limit_bytes: for all of them in memory; 0 keeps none there.
        files: where they are kept beyond that; None for nowhere.

    Attributes:
        taken_bytes: in memory now.
        hits, misses: how often one was found, and not.
        tell: called with the bytes in memory when they change.
    """

    def __init__(self, limit_bytes: int, files: CoarseFiles | None = None) -> None:
        self._limit, self._files = limit_bytes, files
        self._kept: OrderedDict[str, Coarse] = OrderedDict()  # the least recently used first
        self.taken_bytes = self.hits = self.misses = 0
        self.tell: Callable[[int], None] = lambda size: None

    @property
    def is_off(self) -> bool:
        """Whether nothing is kept anywhere."""
        return not self._limit and self._files is None

    async def find(
        self,
        matting: Matting,
        identity: str,
        share: Share,
        predict: Callable[[], Awaitable[Coarse]],
    ) -> Coarse:
        """Return a layer's coarse alpha: one that is kept, or the answer of `predict`.

        Raises:
            BadInput: a hint outside the layer.
            Exception: whatever `predict` raises.
        """
        if self.is_off:
            return await predict()
        key = await share.show(partial(make_key, matting, identity))
        coarse = self._kept.get(key)
        if coarse is None and self._files is not None:
            size = matting.proxy.shape[:2]
            coarse = await share.show(partial(self._files.read, key, (size[0], size[1])))
        if coarse is not None:
            self.hits += 1
            self._keep(key, coarse)
            return coarse
        self.misses += 1
        coarse = await predict()
        self._keep(key, coarse)
        if self._files is not None:
            await share.show(partial(self._files.write, key, coarse))
        return coarse

    def _keep(self, key: str, coarse: Coarse) -> None:
        if _weigh(coarse) > self._limit:
            return
        if key not in self._kept:
            self.taken_bytes += _weigh(coarse)
        self._kept[key] = coarse
        self._kept.move_to_end(key)
        self.drop(self.taken_bytes - self._limit)
        self.tell(self.taken_bytes)

    def drop(self, size: int) -> int:
        """Forget the least recently used until `size` bytes are free; return how many are."""
        freed = 0
        while self._kept and freed < size:
            _, coarse = self._kept.popitem(last=False)
            freed += _weigh(coarse)
        self.taken_bytes -= freed
        return freed


def _weigh(coarse: Coarse) -> int:
    return coarse.alpha.nbytes + _ENTRY_BYTES

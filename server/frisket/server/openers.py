"""Where models live: in this process."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from frisket.models import Model, Registry
from frisket.protocol.heap import empty_the_heap
from frisket.protocol.memory import resident_bytes

_LEAST_BYTES, _MOST_PER_FILE_BYTE = 1 << 20, 4
"""Sessions take and give memory meanwhile: beyond these a measurement tells of them."""


class LocalOpener:
    """Opens models in this process.

    Args:
        registry: where models are found.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._weights: WeakKeyDictionary[Model, int] = WeakKeyDictionary()

    peak_bytes = 0

    def open(self, name: str, device: str, threads: int) -> Model:
        """Open a model; see `Registry.open`."""
        before = resident_bytes()
        try:
            model = self._registry.open(name, device, threads)
        finally:
            empty_the_heap()
        self._weights[model] = resident_bytes() - before
        return model

    def weigh(self, model: Model) -> int:
        """Return what memory grew by while a model was opened; 0 where that tells nothing."""
        found = self._weights.get(model, 0)
        most = model.info.size_bytes * _MOST_PER_FILE_BYTE
        return found if _LEAST_BYTES <= found <= most else 0

    def prepare(self) -> None:
        """Do nothing: this process is here."""

    def rest(self) -> None:
        """Do nothing: what is freed is given back at once."""

    def replace(self, opening: bool = False) -> None:
        """Do nothing: native code that hangs in this process cannot be ended."""

    def close(self) -> None:
        """Do nothing: models are closed one by one."""

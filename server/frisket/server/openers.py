"""Where models live: in this process."""

from __future__ import annotations

from frisket.models import Model, Registry
from frisket.server.memory import empty_the_heap


class LocalOpener:
    """Opens models in this process.

    Args:
        registry: where models are found.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    peak_bytes = 0

    def open(self, name: str, device: str, threads: int) -> Model:
        """Open a model; see `Registry.open`."""
        try:
            return self._registry.open(name, device, threads)
        finally:
            empty_the_heap()

    def prepare(self) -> None:
        """Do nothing: this process is here."""

    def replace(self, opening: bool = False) -> None:
        """Do nothing: native code that hangs in this process cannot be ended."""

    def close(self) -> None:
        """Do nothing: models are closed one by one."""

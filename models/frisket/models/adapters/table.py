"""Which adapters there are: what a manifest's ``adapter`` means, without importing any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..core.types import Model


@dataclass(frozen=True)
class Adapter:
    """A row of the table.

    Attributes:
        module: of this room; imported when a model is opened and not before.
        name: of the class or function in it, called as ``name(spec, info, **graphs)``.
        parts: the graphs that it takes, by keyword; none for models without weights.
        roles: what its models can be: "matte", "refiner".
        recurrent: its models heed the state that they left of the picture before.
    """

    module: str
    name: str
    parts: tuple[str, ...] = ("graph",)
    roles: tuple[str, ...] = ("matte",)
    recurrent: bool = False

    def load_class(self) -> Callable[..., Model]:
        """Return what opens a model: the adapter's class, or a function."""
        found: Any = getattr(import_module(f".{self.module}", __package__), self.name)
        return found  # type: ignore[no-any-return]


ADAPTERS: Mapping[str, Adapter] = {
    "single": Adapter("single", "SingleModel"),
    "sam": Adapter("sam", "SamModel", parts=("encoder", "decoder")),
    "recurrent": Adapter("recurrent", "RecurrentModel", recurrent=True),
    "refiner": Adapter("refiner", "RefinerModel", roles=("refiner",)),
    "classic": Adapter("classic", "ClassicModel", parts=()),
    "key": Adapter("key", "KeyModel", parts=()),
    "fake": Adapter("fake", "open_fake", parts=()),
}

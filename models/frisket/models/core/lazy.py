"""Masks by name, made when looked at: twenty classes of a large proxy are rarely all wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from .types import Mask


class LazyMasks(Mapping[str, Mask]):
    """A mapping whose values are computed on every access and not kept.

    Args:
        names: the keys, in order.
        make: the mask of a name.
    """

    def __init__(self, names: Sequence[str], make: Callable[[str], Mask]) -> None:
        self._names = tuple(names)
        self._make = make

    def __getitem__(self, name: str) -> Mask:
        if name not in self._names:
            raise KeyError(name)
        return self._make(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

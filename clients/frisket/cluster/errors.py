"""What can go wrong with a cluster, and how errors travel from one of its machines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from frisket.client.errors import ClientError, NoServer


class ClusterError(ClientError):
    """The cluster cannot be used; the text says why and what to do."""


class NoPlace(NoServer):
    """No machine of the cluster has room for a worker, and none is at work."""


class NodeLost(ClientError):
    """The machine that worked on a result is gone; another one may do it."""


@dataclass(frozen=True)
class PackedError:
    """An error as it travels: one whose class takes more than its text is not made by its class.

    Attributes:
        make: returns the error from `arguments`.
        state: what it has beside them.
    """

    make: Callable[..., Any]
    arguments: tuple[Any, ...]
    state: dict[str, Any]

    def unpack(self) -> Exception:
        """Return the error as it was, without its traceback and its cause."""
        error = self.make(*self.arguments)
        assert isinstance(error, Exception)
        error.__dict__.update(self.state)
        return error


def pack_error(error: Exception) -> PackedError:
    """Return what travels of an error."""
    # Not `args`: an OSError has its file's name elsewhere.
    reduced = error.__reduce__()
    assert isinstance(reduced, tuple)
    make, arguments = reduced[:2]
    assert callable(make) and isinstance(arguments, tuple)
    if make is type(error):
        make, arguments = make.__new__, (make, *arguments)
    return PackedError(make, arguments, dict(error.__dict__))
